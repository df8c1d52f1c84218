#include "orders/orders.hpp"

int main(int argc, char** argv) { return tutti::main(argc, argv, {orders::service, orders::compose}); }
