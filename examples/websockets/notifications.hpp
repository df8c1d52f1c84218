// Live news of orders for browsers: who watches an order is told when it changes.
#pragma once

#include <string>
#include <variant>

#include <tutti/tutti.hpp>

namespace notifications {

struct Watch {
  tutti::Text<1, 40> order;
};
struct Unwatch {
  std::string order;
};
struct Welcome {
  std::string peer;
};
struct Status {
  std::string order;
  std::string state;
};

using FromBrowser = std::variant<Watch, Unwatch>;
using ToBrowser = std::variant<Welcome, Status>;

inline constexpr tutti::Service service{"notifications", "1.0"};
inline constexpr tutti::Channel<FromBrowser, ToBrowser> live{service, "live", "/live"};
inline constexpr tutti::Event<Status> changed{service, "changed"};
inline constexpr tutti::Method<void(Status)> change{service, "change", tutti::put("/orders/{order}")};

class Notifications {
 public:
  Notifications(tutti::Hub<ToBrowser> hub, tutti::Publisher& publish) : hub_(hub), publish_(publish) {}

  void opened(tutti::Peer<ToBrowser>& peer) { peer.send(Welcome{std::string(peer.id())}); }

  void received(tutti::Peer<ToBrowser>& peer, const FromBrowser& message) {
    if (const auto* watch = std::get_if<Watch>(&message)) peer.subscribe(watch->order);
    if (const auto* unwatch = std::get_if<Unwatch>(&message)) peer.unsubscribe(unwatch->order);
  }

  void change(const Status& status) { publish_(changed, status); }
  void tell(const Status& status) { hub_.broadcast(status.order, status); }

 private:
  tutti::Hub<ToBrowser> hub_;
  tutti::Publisher& publish_;
};

inline constexpr std::string_view page = R"(<!doctype html>
<title>An order</title>
<h1>Order o-17: <output id="state">?</output></h1>
<script>
  const socket = new WebSocket(location.origin.replace("http", "ws") + "/live");
  socket.onopen = () => socket.send(JSON.stringify({type: "Watch", order: "o-17"}));
  socket.onmessage = (event) => {
    const message = JSON.parse(event.data);
    if (message.type === "Status") document.querySelector("#state").value = message.state;
  };
</script>
)";

inline void compose(tutti::App& app) {
  auto& notifications = app.make<Notifications>(app.hub(live), app.publisher());
  app.serve(live, notifications, &Notifications::received, {.overflow = tutti::Overflow::drop_oldest});
  app.opened(live, notifications, &Notifications::opened);
  app.on(changed, notifications, &Notifications::tell);
  app.serve(change, notifications, &Notifications::change);
  app.raw("GET", "/", [](tutti::Request&, tutti::Responder& reply) { reply.send(page, "text/html; charset=utf-8"); });
}

}  // namespace notifications
