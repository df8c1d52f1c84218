#include "asker.hpp"

int main(int argc, char** argv) { return tutti::main(argc, argv, {asker::service, asker::compose}); }
