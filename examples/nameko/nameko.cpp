// A service among others that are written with Python's Nameko: it is called by them and calls one, over the broker.
//   nameko --tutti.broker.uri=amqp://127.0.0.1 --tutti.rpc.amqp=true --tutti.targets.books.transport=amqp
#include <string>

#include <tutti/tutti.hpp>

namespace books {  // class BooksService: name = "books"
struct Wanted {
  std::string title;
  int copies = 1;
};
struct Price {
  double amount;
};
struct SoldOut {
  std::string title;
};
inline constexpr tutti::Service service{"books", "1.0"};
// @rpc def price(self, title, copies=1): ... raise SoldOut(title)
inline constexpr tutti::Method<Price(Wanted), tutti::Throws<SoldOut>> price{
    service, "price", {}, {.repeat = tutti::Repeat::safe}};
}  // namespace books

namespace offers {
struct Customer {
  std::string name;
  std::string language = "en";
};
struct Offer {
  std::string text;
};
inline constexpr tutti::Service service{"offers", "1.0"};
inline constexpr tutti::Method<Offer(Customer)> make{service, "make", tutti::post("/offers")};
}  // namespace offers

int main(int argc, char** argv) {
  return tutti::main(argc, argv, {offers::service, [](tutti::App& app) {
                                    app.serve(offers::make,
                                              [call = app.caller()](const offers::Customer& customer) -> offers::Offer {
                                                try {
                                                  const books::Price price = call(books::price, {.title = "emma"});
                                                  return {customer.name + ": Emma for " + std::to_string(price.amount)};
                                                } catch (const books::SoldOut& sold_out) {
                                                  return {customer.name + ": no " + sold_out.title};
                                                }
                                              });
                                  }});
}
