#include "payments/payments.hpp"

int main(int argc, char** argv) { return tutti::main(argc, argv, {payments::service, payments::compose}); }
