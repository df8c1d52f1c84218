// A service that calls another one, and goes on with what it knows while the other does not answer.
#include <map>

#include <tutti/tutti.hpp>

// What another team's contract.hpp says.
namespace prices {
struct Ask {
  std::string sku;
};
struct Quote {
  std::string sku;
  std::int64_t price_minor = 0;
};
struct Unknown {
  static constexpr auto code = tutti::Code::not_found;
  std::string sku;
};
inline constexpr tutti::Service service{"prices", "1.0"};
inline constexpr tutti::Method<Quote(Ask), tutti::Throws<Unknown>> quote{
    service, "quote", tutti::get("/prices/{sku}"), {.repeat = tutti::Repeat::safe}};
}  // namespace prices

namespace offers {

using prices::Quote;
struct NotSold {
  static constexpr auto code = tutti::Code::not_found;
  std::string sku;
};
inline constexpr tutti::Service service{"offers", "1.0"};
inline constexpr tutti::Method<Quote(prices::Ask), tutti::Throws<NotSold>> find{service, "find",
                                                                                tutti::get("/offers/{sku}")};

class Offers {
 public:
  explicit Offers(tutti::Caller call) : call_(call) {}

  Quote find(const prices::Ask& request) {
    const auto& sku = request.sku;
    try {
      return call_(prices::quote, {.sku = sku});
    } catch (const prices::Unknown&) {  // an error of the contract
      throw NotSold{sku};
    } catch (const tutti::Error& e) {
      if (!e.retryable()) throw;
      return Quote{.sku = sku, .price_minor = last_known(sku)};
    }
  }

 private:
  std::int64_t last_known(const std::string& sku) {
    const auto known = known_.find(sku);
    return known == known_.end() ? 0 : known->second;
  }

  tutti::Caller call_;
  std::map<std::string, std::int64_t> known_ = {{"mug", 900}};
};

void compose(tutti::App& app) {
  auto& offers = app.make<Offers>(app.caller());
  app.serve(find, offers, &Offers::find);
}

}  // namespace offers

int main(int argc, char** argv) { return tutti::main(argc, argv, {offers::service, offers::compose}); }
