// In the place of a Nameko service whose pages speak Nameko's frames over a WebSocket.
#include <string>
#include <variant>

#include <tutti/tutti.hpp>

namespace shop {

struct Watch {
  std::string order;
};
struct Unwatch {
  std::string order;
};
struct OrderPaid {
  std::string order;
};
struct Status {
  std::string order;
  std::string state;
};

using Calls = std::variant<Watch, Unwatch>;      // methods: watch, unwatch
using Events = std::variant<OrderPaid, Status>;  // events: order_paid, status

inline constexpr tutti::Service service{"shop", "1.0"};
inline constexpr tutti::Channel<Calls, Events> live{service, "live", "/ws"};

class Shop {
 public:
  void received(tutti::Peer<Events>& peer, const Calls& call) {
    if (const auto* watch = std::get_if<Watch>(&call)) {
      peer.subscribe(watch->order);
      peer.answer(Status{watch->order, "placed"});
    } else {
      peer.unsubscribe(std::get<Unwatch>(call).order);
    }
  }
};

void compose(tutti::App& app) {
  auto& shop = app.make<Shop>();
  app.serve(live, shop, &Shop::received, {.frames = tutti::Frames::nameko});
}

}  // namespace shop

int main(int argc, char** argv) { return tutti::main(argc, argv, {{shop::service, shop::compose}}); }
