// The service under test: ping, echo and a channel that tells everybody what one of them says, with everything that a
// service has switched on (routes, metrics, trace context, limits, deadlines); the access log is off, as the raw server
// has none.
#include <tutti/tutti.hpp>

#include "echo.hpp"

namespace bench {
struct Pong {
  std::string text;
};
inline constexpr tutti::Service service{"bench", "1.0"};
inline constexpr tutti::Method<Pong()> ping{service, "ping", tutti::get("/ping")};
inline constexpr tutti::Method<Message(Message)> echo{service, "echo", tutti::post("/echo")};
struct News {
  std::string text;
};
inline constexpr tutti::Channel<News, News> live{service, "live", "/live"};
}  // namespace bench

int main(int argc, char** argv) {
  return tutti::main(
      argc, argv, {bench::service, [](tutti::App& app) {
                     app.serve(bench::ping, [] { return bench::Pong{"pong"}; });
                     app.serve(bench::live,
                               [hub = app.hub(bench::live)](tutti::Peer<bench::News>&,
                                                            const bench::News& news) mutable { hub.broadcast(news); });
                     app.serve(bench::echo, [](bench::Message&& message) { return std::move(message); });
                   }});
}
