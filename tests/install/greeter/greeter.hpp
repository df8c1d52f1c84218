// The service of a project that has tutti from find_package(): its contract and how it is composed.
#pragma once

#include <string>

#include <tutti/tutti.hpp>

namespace greeter {

struct Hello {
  std::string name = "world";
};
struct Greeting {
  std::string text;
};
inline constexpr tutti::Service service{"greeter", "1.0"};
inline constexpr tutti::Method<Greeting(Hello)> hello{service, "hello", tutti::get("/hello/{name}")};

inline void compose(tutti::App& app) {
  app.serve(hello, [](const Hello& request) { return Greeting{"Hello, " + request.name}; });
}

}  // namespace greeter
