#include "counter.hpp"
int main(int argc, char** argv) { return tutti::main(argc, argv, {counter::service, counter::compose}); }
