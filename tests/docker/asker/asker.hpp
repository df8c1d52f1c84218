// Asks a foreign service, reached by a target with https, what the weather is.
#pragma once

#include <string>

#include <tutti/tutti.hpp>

namespace weather {
struct Ask {};
struct Weather {
  std::string sky;
};
inline constexpr tutti::Service service{"weather", "1.0"};
inline constexpr tutti::Method<Weather(Ask)> now{service, "now", tutti::get("/now")};
}  // namespace weather

namespace asker {
inline constexpr tutti::Service service{"asker", "1.0"};
inline constexpr tutti::Method<weather::Weather(weather::Ask)> ask{service, "ask", tutti::get("/ask")};

inline void compose(tutti::App& app) {
  auto call = app.caller();
  app.serve(ask, [call](const weather::Ask& request) mutable { return call(weather::now, request); });
}
}  // namespace asker
