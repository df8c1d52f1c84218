#include <tutti/tutti.hpp>

#include "payments/contract.hpp"

int main(int argc, char** argv) {
  return tutti::main(argc, argv, {payments::service, [](tutti::App& app) {
                                    app.serve(payments::charge, [](const payments::Charge& charge) {
                                      return payments::Receipt{"r-" + charge.order_id};
                                    });
                                  }});
}
