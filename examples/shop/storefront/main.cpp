#include "storefront/storefront.hpp"

int main(int argc, char** argv) { return tutti::main(argc, argv, {storefront::service, storefront::compose}); }
