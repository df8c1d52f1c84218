// Settings with bounds, a duration, a value that may change while the service runs, and a secret.
#include <tutti/live.hpp>
#include <tutti/tutti.hpp>

namespace limits {

struct Settings {
  tutti::Range<int, 1, 100> attempts = 3;
  std::chrono::milliseconds pause{200};
  tutti::Live<std::int64_t> limit_minor = 50'000;
  tutti::Secret key;
};

struct Limits {
  int attempts = 0;
  std::chrono::milliseconds pause{0};
  std::int64_t limit_minor = 0;
  bool has_key = false;
};

inline constexpr tutti::Service service{"limits", "1.0"};
inline constexpr tutti::Method<Limits()> show{service, "show", tutti::get("/limits")};

void compose(tutti::App& app) {
  const auto& settings = app.settings<Settings>();
  app.serve(show, [&settings] {
    return Limits{.attempts = settings.attempts,
                  .pause = settings.pause,
                  .limit_minor = *settings.limit_minor,
                  .has_key = !settings.key.empty()};
  });
}

}  // namespace limits

int main(int argc, char** argv) { return tutti::main(argc, argv, {limits::service, limits::compose}); }
