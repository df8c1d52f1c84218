#include "catalog/catalog.hpp"

int main(int argc, char** argv) { return tutti::main(argc, argv, {catalog::service, catalog::compose}); }
