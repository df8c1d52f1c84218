// An error that the contract declares, thrown by one service and caught as its type by another; both in one process.
#include <tutti/tutti.hpp>

namespace payments {

struct Charge {
  tutti::Text<12, 19> card;
};
struct Receipt {
  std::string id;
};
struct Declined {
  static constexpr auto code = tutti::Code::failed_precondition;  // the default
  static constexpr int http_status = 402;                         // optional; else by the code
  std::string reason;
};
inline constexpr tutti::Service service{"payments", "1.0"};
inline constexpr tutti::Method<Receipt(Charge), tutti::Throws<Declined>> charge{service, "charge"};

void compose(tutti::App& app) {
  app.serve(charge, [](const Charge& request) {
    if (request.card.ends_with("0002")) throw Declined{"the bank refuses this card"};
    return Receipt{.id = "r1"};
  });
}

}  // namespace payments

namespace till {

struct Sold {
  std::string said;
};
inline constexpr tutti::Service service{"till", "1.0"};
inline constexpr tutti::Method<Sold(payments::Charge)> sell{service, "sell", tutti::post("/sales")};

void compose(tutti::App& app) {
  app.serve(sell, [call = app.caller()](const payments::Charge& request) mutable {
    try {
      return Sold{"paid: " + call(payments::charge, request).id};
    } catch (const payments::Declined& declined) {
      return Sold{"not paid: " + declined.reason};
    }
  });
}

}  // namespace till

int main(int argc, char** argv) {
  return tutti::main(argc, argv, {{payments::service, payments::compose}, {till::service, till::compose}});
}
