#include <tutti/tutti.hpp>
struct Hello    { std::string name = "world"; };
struct Greeting { std::string text; };
inline constexpr tutti::Service service{"greeter", "1.0"};
inline constexpr tutti::Method<Greeting(Hello)> hello{service, "hello", tutti::get("/hello/{name}")};
int main(int argc, char** argv) {
  return tutti::main(argc, argv, {service, [](tutti::App& app) {
    app.serve(hello, [](const Hello& request) { return Greeting{"Hello, " + request.name}; });
  }});
}
