// A service for the tests of calls over a broker: it is called by services in another language, and calls one, `books`.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <tutti/tutti.hpp>

using namespace std::chrono_literals;

// What a service in Python offers, as its callers here know it.
namespace books {
struct Wanted {
  std::string title;
  int copies = 1;
};
struct Price {
  double amount = 0;
  std::string seller = {};
};
struct Total {
  int copies;  // the method returns a number
};
struct Nothing {};
struct SoldOut {
  std::string title;
  int left = 0;
};
inline constexpr tutti::Service service{"books", "1.0"};
inline constexpr tutti::Method<Price(Wanted), tutti::Throws<SoldOut>> price{service, "price"};
inline constexpr tutti::Method<Total(Wanted)> total{service, "total", {}, {.repeat = tutti::Repeat::safe}};
inline constexpr tutti::Method<void(Wanted)> order{service, "order", {}, {.deadline = 2s}};
inline constexpr tutti::Event<Wanted> arrived{service, "arrived"};
}  // namespace books

namespace counter {
struct Sum {
  int a;
  int b;
  std::optional<std::string> note = {};
};
struct Result {
  int sum;
  std::optional<std::string> note = {};
};
struct Who {
  std::string name;
  std::string method;
  std::string trace;
  std::int64_t remaining_ms;
};
struct Counted {
  std::map<std::string, int> calls = {};
};
struct Asked {
  std::string method;  // of books
  std::string title;
  int copies = 1;
};
struct Answer {
  std::string text;
};
struct Negative {
  std::string reason;
  int number = 0;
};
struct Slow {
  int ms;
};
struct Sold {
  int copies;
};
inline constexpr tutti::Service service{"counter", "1.0"};
inline constexpr tutti::Method<Result(Sum), tutti::Throws<Negative>> add{service, "add"};
inline constexpr tutti::Method<void(Sum)> note{service, "note"};
inline constexpr tutti::Method<void(Sum)> sell{service, "sell"};
inline constexpr tutti::Event<Sold> sold{service, "sold"};
inline constexpr tutti::Method<Who()> who{service, "who"};
inline constexpr tutti::Method<Who()> secret{service, "secret", {}, {.allow = "counter:secret"}};
inline constexpr tutti::Method<Answer(Slow)> slow{service, "slow", {}, {.deadline = 30s}};
inline constexpr tutti::Method<Answer(Slow)> slow_read{
    service, "slow_read", {}, {.repeat = tutti::Repeat::safe, .deadline = 30s}};
inline constexpr tutti::Method<Counted()> counted{service, "counted", tutti::get("/counted")};
inline constexpr tutti::Method<Answer(Asked)> ask{service, "ask", tutti::post("/ask"), {.deadline = 20s}};
}  // namespace counter

namespace {

class Counter {
 public:
  Counter(tutti::Caller caller, tutti::Publisher& publisher) : call_(caller), publisher_(publisher) {}

  counter::Result add(const counter::Sum& sum) {
    ++counted_.calls["add"];
    if (sum.a < 0) throw counter::Negative{"a is negative", sum.a};
    if (sum.b < 0) throw tutti::Error(tutti::Code::out_of_range, "b is negative");
    if (sum.note && *sum.note == "boom") throw std::logic_error("a secret of the service");
    return {.sum = sum.a + sum.b, .note = sum.note};
  }
  void note(const counter::Sum&) { ++counted_.calls["note"]; }
  void sell(const counter::Sum& sum) { publisher_(counter::sold, {sum.a + sum.b}); }
  void on_arrived(const books::Wanted& arrived) { call_(books::order, arrived); }
  counter::Who who(const tutti::Context& context) {
    std::string trace;
    for (const std::uint8_t byte : context.trace().trace_id)
      trace += "0123456789abcdef"[byte >> 4], trace += "0123456789abcdef"[byte & 15];
    return {.name = context.identity().name,
            .method = std::string(context.method()),
            .trace = trace,
            .remaining_ms = std::chrono::duration_cast<std::chrono::milliseconds>(context.remaining()).count()};
  }
  counter::Answer slow(const counter::Slow& slow) {
    ++counted_.calls["slow"];
    tutti::sleep(std::chrono::milliseconds(slow.ms));
    return {"slept"};
  }
  counter::Counted counted() const { return counted_; }
  counter::Answer ask(const counter::Asked& asked) {
    const books::Wanted wanted{.title = asked.title, .copies = asked.copies};
    try {
      if (asked.method == "price") {
        const books::Price price = call_(books::price, wanted);
        return {price.seller + " " + std::to_string(static_cast<int>(price.amount))};
      }
      if (asked.method == "total") return {std::to_string(call_(books::total, wanted).copies)};
      call_(books::order, wanted);
      return {"ordered"};
    } catch (const books::SoldOut& error) {
      return {"sold out: " + error.title + ", left " + std::to_string(error.left)};
    } catch (const tutti::Error& error) {
      return {std::string(tutti::name_of(error.code())) + ": " + error.what() +
              (error.type().empty() ? "" : " [" + error.type() + " " + error.value_json() + "]")};
    }
  }

 private:
  tutti::Caller call_;
  tutti::Publisher& publisher_;
  counter::Counted counted_;
};

void compose(tutti::App& app) {
  auto& counter = app.make<Counter>(app.caller(), app.publisher());
  app.authenticate(
      tutti::bearer_tokens({{"operator-token-0123456789", {.name = "operator", .permissions = {"*"}}},
                            {"clerk-token-0123456789", {.name = "clerk", .permissions = {"counter:count"}}}}));
  app.serve(counter::add, counter, &Counter::add);
  app.serve(counter::note, counter, &Counter::note);
  app.serve(counter::sell, counter, &Counter::sell);
  app.on(books::arrived, counter, &Counter::on_arrived);
  app.announces(counter::sold);
  app.serve(counter::who, [&counter](const tutti::Context& context) -> counter::Who { return counter.who(context); });
  app.serve(counter::secret,
            [&counter](const tutti::Context& context) -> counter::Who { return counter.who(context); });
  app.serve(counter::slow, counter, &Counter::slow);
  app.serve(counter::slow_read, counter, &Counter::slow);
  app.serve(counter::counted, counter, &Counter::counted);
  app.serve(counter::ask, counter, &Counter::ask);
}

}  // namespace

int main(int argc, char** argv) { return tutti::main(argc, argv, {counter::service, compose}); }
