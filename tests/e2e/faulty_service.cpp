// A service whose handlers do what handlers must not, for faults_test.py.
#include <csignal>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>

#include <tutti/tutti.hpp>

namespace {

struct For {
  tutti::Range<int, 0, 60'000> ms = 0;
};
struct Which {
  std::string what;
};
struct Ok {
  bool ok = true;
};
struct Count {
  std::int64_t upto = 0;
};
struct Item {
  std::string text;
};

inline constexpr tutti::Service service{"faulty", "1.0"};
inline constexpr tutti::Method<Ok(For)> ping{service, "ping", tutti::get("/ping")};
inline constexpr tutti::Method<Ok(For)> block{service, "block", tutti::post("/block/{ms}")};
inline constexpr tutti::Method<Ok(For)> loop{service, "loop", tutti::post("/loop/{ms}")};
inline constexpr tutti::Method<Ok(Which)> fail{service, "fail", tutti::post("/fail/{what}")};
inline constexpr tutti::Method<Ok(Count)> recurse{service, "recurse", tutti::post("/recurse/{upto}")};
inline constexpr tutti::Method<tutti::Stream<Item>(Count)> items{service, "items", tutti::get("/items/{upto}")};
inline constexpr tutti::Method<Ok(tutti::Stream<tutti::Bytes>)> upload{service, "upload", tutti::post("/upload")};

struct Odd {};  // nobody's exception

[[noreturn]] void throw_nested() {
  try {
    throw std::runtime_error("the inner one");
  } catch (...) {
    std::throw_with_nested(std::logic_error("the outer one"));
  }
}

Ok fail_as(const Which& which) {
  if (which.what == "int") throw 42;
  if (which.what == "text") throw "a literal";
  if (which.what == "null") throw nullptr;
  if (which.what == "odd") throw Odd{};
  if (which.what == "standard") throw std::runtime_error("the ledger is gone");
  if (which.what == "nested") throw_nested();
  if (which.what == "memory") throw std::bad_alloc();
  if (which.what == "pointer") std::rethrow_exception(std::make_exception_ptr(std::string("by pointer")));
  return {};
}

[[gnu::noinline]] std::int64_t descend(std::int64_t depth) {
  volatile char frame[512];
  frame[static_cast<std::size_t>(depth) % sizeof frame] = static_cast<char>(depth);
  if (depth == 0) return 0;
  const std::int64_t below = descend(depth - 1);
  return below + frame[static_cast<std::size_t>(depth) % sizeof frame];
}

void compose(tutti::App& app) {
  app.serve(ping, [](const For&) { return Ok{}; });
  app.serve(block, [](const For& period) {
    std::this_thread::sleep_for(std::chrono::milliseconds(period.ms));
    return Ok{};
  });
  app.serve(loop, [&clock = app.clock()](const For& period) {
    const tutti::Instant until = clock.instant() + std::chrono::milliseconds(period.ms);
    while (clock.instant() < until) {
    }
    return Ok{};
  });
  app.serve(fail, fail_as);
  app.serve(recurse, [](const Count& count) { return Ok{.ok = descend(count.upto) != 1}; });
  app.serve(items, [](const Count& count, tutti::Out<Item>& out) {
    const Item item{std::string(1000, 'x')};
    for (std::int64_t i = 0; i < count.upto; ++i) out.write(item);
  });
  app.serve(upload, [](tutti::In<tutti::Bytes>& in) {
    while (in.next()) {
    }
    return Ok{};
  });
}

}  // namespace

int main(int argc, char** argv) { return tutti::main(argc, argv, {service, compose}); }
