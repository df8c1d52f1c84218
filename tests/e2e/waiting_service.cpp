// A service whose handler waits for an hour, for the debugger's list of fibers.
#include <tutti/tutti.hpp>

struct Wait {
  std::string name;
};
struct Done {
  bool ok = true;
};
inline constexpr tutti::Service service{"waiter", "1.0"};
inline constexpr tutti::Method<Done(Wait)> wait_long{service, "wait_long", tutti::post("/wait")};

Done linger(const Wait&) {
  tutti::sleep(std::chrono::hours(1));
  return {};
}

int main(int argc, char** argv) {
  return tutti::main(argc, argv, {service, [](tutti::App& app) { app.serve(wait_long, linger); }});
}
