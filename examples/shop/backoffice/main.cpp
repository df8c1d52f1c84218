// orders and payments in one process: where a service runs is decided here and in the fleet file, not in its code.
#include "orders/orders.hpp"
#include "payments/payments.hpp"

int main(int argc, char** argv) {
  return tutti::main(argc, argv, {{orders::service, orders::compose}, {payments::service, payments::compose}});
}
