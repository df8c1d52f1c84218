// A service for program_test.py: what its binary does with commands, settings and signals.
#include <tutti/tutti.hpp>

namespace abacus {

struct Pair {
  std::int64_t a;
  std::int64_t b = 1;
};
struct Sum {
  std::int64_t sum;
};
struct TooLarge {
  static constexpr auto code = tutti::Code::out_of_range;
  std::int64_t limit;
};
struct Wait {
  tutti::Range<int, 0, 60'000> milliseconds = 1000;
};
struct Settings {
  std::int64_t limit = 1000;
  tutti::Secret key = {};
  std::chrono::milliseconds warm_up{0};
};

inline constexpr tutti::Service service{"abacus", "1.0"};
inline constexpr tutti::Method<Sum(Pair), tutti::Throws<TooLarge>> add{service, "add", tutti::get("/add/{a}")};
inline constexpr tutti::Method<void(Wait)> wait{
    service, "wait", tutti::post("/wait"), {.deadline = std::chrono::minutes(1)}};
inline constexpr tutti::Method<Sum(tutti::Stream<Pair>)> total{service, "total"};

void compose(tutti::App& app) {
  const Settings& settings = app.settings<Settings>();
  if (settings.warm_up.count() != 0) {
    app.log().info("warming up");
    tutti::sleep(settings.warm_up);
  }
  app.serve(add, [&settings](const Pair& pair) {
    if (pair.a + pair.b > settings.limit) throw TooLarge{settings.limit};
    return Sum{pair.a + pair.b};
  });
  app.serve(wait, [](const Wait& wait, const tutti::Context& context) {
    context.log().info("waiting");
    tutti::shield(std::chrono::minutes(1), [&] { tutti::sleep(std::chrono::milliseconds(wait.milliseconds)); });
  });
  app.serve(total, [](tutti::In<Pair>& pairs) {
    Sum sum{0};
    while (auto pair = pairs.next()) sum.sum += pair->a;
    return sum;
  });
}

}  // namespace abacus

int main(int argc, char** argv) {
  return tutti::main(argc, argv, {.service = abacus::service, .compose = abacus::compose, .version = "3.2.1"});
}
