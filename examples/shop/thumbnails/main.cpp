#include "thumbnails/thumbnails.hpp"

int main(int argc, char** argv) { return tutti::main(argc, argv, {thumbnails::service, thumbnails::compose}); }
