// The service under test, with everything that a service has switched on (routes, metrics, trace context, limits,
// deadlines); the access log is off, as the raw server has none. Besides ping and echo: parameters of path and query,
// long bodies, handlers that wait, and a channel that tells everybody what one of them says.
#include <array>

#include <tutti/tutti.hpp>

#include "echo.hpp"
#include "transfer.hpp"

namespace bench {
struct Pong {
  std::string text;
};
struct Find {
  std::string sku;
  std::int64_t limit = 10;
  std::string sort = "name";
};
struct News {
  std::string text;
};
inline constexpr tutti::Service service{"bench", "1.0"};
inline constexpr tutti::Method<Pong()> ping{service, "ping", tutti::get("/ping")};
inline constexpr tutti::Method<Message(Message)> echo{service, "echo", tutti::post("/echo")};
inline constexpr tutti::Method<Find(Find)> find{service, "find", tutti::get("/items/{sku}")};
inline constexpr tutti::Method<Pong()> pause{service, "pause", tutti::get("/pause")};
inline constexpr tutti::Method<Pong()> hurry{service, "hurry", tutti::get("/hurry")};
inline constexpr tutti::Method<Pong()> relay{service, "relay", tutti::get("/relay")};
inline constexpr tutti::Method<Pong()> park{service, "park", tutti::get("/park"), {.deadline = std::chrono::hours(1)}};
inline constexpr tutti::Channel<News, News> live{service, "live", "/live"};

// Whom the relay asks.
inline constexpr tutti::Service backend{"backend", "1.0"};
inline constexpr tutti::Method<Pong()> backend_ping{backend, "ping", tutti::get("/ping")};

void upload(tutti::Request& request, tutti::Responder& reply) {
  std::array<std::byte, piece_bytes> piece;
  while (request.body().read(piece) > 0) continue;
  reply.send(R"({"text":"pong"})", "application/json");
}

void download(tutti::Request&, tutti::Responder& reply) {
  static const std::string piece(piece_bytes, 'x');
  auto& out = reply.stream("application/octet-stream");
  for (std::size_t i = 0; i < transfer_pieces; ++i) out.write(piece);
}

void compose(tutti::App& app) {
  app.serve(ping, [] { return Pong{"pong"}; });
  app.serve(echo, [](Message&& message) { return std::move(message); });
  app.serve(find, [](Find&& wanted) { return std::move(wanted); });
  app.serve(pause, [] {
    tutti::sleep(std::chrono::nanoseconds{0});
    return Pong{"pong"};
  });
  app.serve(hurry, [] { return tutti::with_deadline(std::chrono::seconds(2), [] { return Pong{"pong"}; }); });
  app.serve(relay, [call = app.caller()]() mutable { return call(backend_ping); });
  app.serve(park, [] {
    tutti::sleep(std::chrono::minutes(30));
    return Pong{"pong"};
  });
  app.serve(live, [hub = app.hub(live)](tutti::Peer<News>&, const News& news) mutable { hub.broadcast(news); });
  app.raw("PUT", "/upload", upload);
  app.raw("GET", "/download", download);
}
}  // namespace bench

int main(int argc, char** argv) { return tutti::main(argc, argv, {bench::service, bench::compose}); }
