// A page that asks several services at once. All of them run in this process; their contracts would not change
// elsewhere.
#include <tutti/tutti.hpp>

using namespace std::chrono_literals;

namespace users {
struct Get {
  std::string id;
};
struct User {
  std::string name;
};
inline constexpr tutti::Service service{"users", "1.0"};
inline constexpr tutti::Method<User(Get)> get{service, "get"};
void compose(tutti::App& app) {
  app.serve(get, [](const Get& request) { return User{"user " + request.id}; });
}
}  // namespace users

namespace carts {
struct Get {
  std::string user;
};
struct Cart {
  std::vector<std::string> lines;
};
inline constexpr tutti::Service service{"carts", "1.0"};
inline constexpr tutti::Method<Cart(Get)> get{service, "get"};
void compose(tutti::App& app) {
  app.serve(get, [](const Get&) { return Cart{{"mug", "pen"}}; });
}
}  // namespace carts

namespace home {

struct Show {
  std::string id;
};
struct Page {
  std::string user;
  std::string first;
  std::string quick;
  int reserved = 0;
  std::int64_t sum = 0;
};
inline constexpr tutti::Service service{"home", "1.0"};
inline constexpr tutti::Method<Page(Show)> show{service, "show", tutti::get("/home/{id}")};

class Home {
 public:
  explicit Home(tutti::Caller call) : call_(call) {}

  Page show(const Show& request) {
    const auto& id = request.id;
    auto [user, cart] =
        tutti::all([&] { return call_(users::get, {.id = id}); }, [&] { return call_(carts::get, {.user = id}); });
    const std::chrono::nanoseconds near = 5ms, far = 1h;
    auto first = tutti::race([&] { return ask(near); }, [&] { return ask(far); });
    auto quick = tutti::with_deadline(200ms, [&] { return call_(users::get, {.id = id}); });

    int reserved = 0;
    tutti::Scope scope;
    for (const auto& line : cart.lines) scope.spawn([&] { reserved += reserve(line); });
    scope.join();

    std::vector<std::int64_t> numbers(1000, 1);
    auto sum = tutti::offload([numbers = std::move(numbers)] { return sum_of(numbers); });
    return {.user = user.name, .first = first, .quick = quick.name, .reserved = reserved, .sum = sum};
  }

 private:
  static std::string ask(std::chrono::nanoseconds time) {
    tutti::sleep(time);
    return "an answer";
  }
  static int reserve(const std::string& line) {
    tutti::sleep(1ms);
    return line.empty() ? 0 : 1;
  }
  static std::int64_t sum_of(const std::vector<std::int64_t>& numbers) {
    std::int64_t sum = 0;
    for (const auto number : numbers) sum += number;
    return sum;
  }

  tutti::Caller call_;
};

void compose(tutti::App& app) {
  auto& home = app.make<Home>(app.caller());
  app.serve(show, home, &Home::show);
}

}  // namespace home

int main(int argc, char** argv) {
  return tutti::main(
      argc, argv, {{users::service, users::compose}, {carts::service, carts::compose}, {home::service, home::compose}});
}
