// A program that only calls: it ends when its work is done. Usage: script ORDER, with TUTTI_TARGETS_PAYMENTS_ENDPOINTS
// set.
#include <cstdio>

#include <tutti/tutti.hpp>

#include "payments/contract.hpp"

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Caller& call) {
    const std::string id = "o17", card = "4242424242424242", key = "o17-1";
    const std::int64_t total = 1999;
    auto receipt = call(payments::charge, {.order_id = id, .amount_minor = total, .card = card},
                        {.idempotency_key = key});  // throws payments::Declined, or tutti::Error
    std::printf("charged %lld under %s\n", static_cast<long long>(receipt.amount_minor), receipt.id.c_str());
  });
}
