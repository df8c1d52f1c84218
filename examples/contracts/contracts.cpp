// A contract that has grown since its first release: fields were appended, and one method was replaced by a second.
#include <tutti/tutti.hpp>

namespace checkout {

struct Card {
  std::string number;
};
struct Transfer {
  std::string iban;
};
struct Pay {
  std::variant<Card, Transfer> with;
};

struct Receipt {
  std::string id;
  std::optional<std::string> note;  // appended in 1.1: callers that were built before do not miss it
};

struct Charge {
  tutti::Text<1, 64> order_id;
  tutti::Range<std::int64_t, 1, 100'000'000> amount_minor;
  tutti::Items<std::string, 0, 3> tags = {};
};

constexpr auto describe(tutti::Of<Charge>) {
  return tutti::about("Take money for an order, once.", tutti::field(&Charge::order_id, "The order's id", "o17"),
                      tutti::field(&Charge::amount_minor, "In cents", "1999"));
}

inline constexpr tutti::Service service{"checkout", "1.1"};
inline constexpr tutti::Method<Receipt(Charge)> charge{service, "charge", tutti::post("/charges", 201)};
inline constexpr tutti::Method<Receipt(Pay)> charge2{service, "charge2", tutti::post("/v2/charges", 201)};

void compose(tutti::App& app) {
  app.serve(charge, [](const Charge& request) { return Receipt{.id = request.order_id, .note = {}}; });
  app.serve(charge2, [](const Pay& request) {
    if (const auto* card = std::get_if<Card>(&request.with)) return Receipt{.id = card->number, .note = "by card"};
    return Receipt{.id = std::get<Transfer>(request.with).iban, .note = "by transfer"};
  });
}

}  // namespace checkout

int main(int argc, char** argv) { return tutti::main(argc, argv, {checkout::service, checkout::compose}); }
