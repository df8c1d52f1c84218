#include "greeter.hpp"

int main(int argc, char** argv) { return tutti::main(argc, argv, {greeter::service, greeter::compose}); }
