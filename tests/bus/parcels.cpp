// A service for the tests with a broker: it hears what a shop in another language announces, and announces itself.
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <tutti/tutti.hpp>

namespace shop {
struct Order {
  tutti::Text<1, 40> id;
};
inline constexpr tutti::Service service{"shop", "1.0"};
inline constexpr tutti::Event<Order> placed{service, "placed"};
inline constexpr tutti::Event<Order> opened{service, "opened"};
inline constexpr tutti::Event<Order> closed{service, "closed"};
}  // namespace shop

namespace parcels {
struct Parcel {
  std::string id;
};
struct Heard {
  std::vector<std::string> placed = {};
  std::vector<std::string> opened = {};
  std::vector<std::string> closed = {};
  int attempts = 0;
  int ticks = 0;  // of the timer that one instance of the fleet runs
};
struct Follow {
  std::string topic;
};
struct Following {
  std::string topic;
  std::string peer;
};
struct Moved {
  std::string parcel;
};
struct Move {
  std::string to;  // "everybody", "topic ...", "peer ..."
  std::string parcel;
};
inline constexpr tutti::Service service{"parcels", "1.0"};
inline constexpr tutti::Channel<Follow, std::variant<Following, Moved>> live{service, "live", "/live"};
inline constexpr tutti::Method<void(Move)> move{service, "move"};
inline constexpr tutti::Event<Parcel> sent{service, "sent"};
inline constexpr tutti::Method<void(Parcel)> send{service, "send"};
inline constexpr tutti::Method<void(Parcel)> store{service, "store"};
inline constexpr tutti::Method<void(Parcel)> undo{service, "undo"};
inline constexpr tutti::Method<Heard()> heard{service, "heard", tutti::get("/heard")};
}  // namespace parcels

namespace {

using namespace std::chrono_literals;

class Parcels {
 public:
  using Outgoing = std::variant<parcels::Following, parcels::Moved>;

  Parcels(tutti::Database& database, tutti::Publisher& publisher, tutti::Hub<Outgoing> hub)
      : database_(database), publisher_(publisher), hub_(hub) {}

  void on_placed(const shop::Order& order) {
    ++heard_.attempts;
    const std::string& id = order.id;
    if (id.starts_with("slow")) tutti::sleep(1s);
    if (id.starts_with("bad") || (id.starts_with("twice") && failed_.insert(id).second)) {
      throw tutti::Error(tutti::Code::unavailable, "no room for " + id);
    }
    heard_.placed.push_back(id);
    if (id.starts_with("send")) send({id});
    if (id.starts_with("store")) store({id});
  }
  void on_opened(const shop::Order& order) { heard_.opened.push_back(order.id); }
  void on_closed(const shop::Order& order) { heard_.closed.push_back(order.id); }
  void send(const parcels::Parcel& parcel) { publisher_(parcels::sent, parcel); }
  void store(const parcels::Parcel& parcel) {
    database_.transaction([&](tutti::Transaction& t) { t.publish(parcels::sent, parcel); });
  }
  // Announces and takes it back: nobody may ever hear of it.
  void undo(const parcels::Parcel& parcel) {
    database_.transaction([&](tutti::Transaction& t) {
      t.publish(parcels::sent, parcel);
      throw tutti::Error(tutti::Code::failed_precondition, "taken back");
    });
  }
  void tick() { ++heard_.ticks; }
  parcels::Heard heard() const { return heard_; }
  void follow(tutti::Peer<Outgoing>& peer, const parcels::Follow& follow) {
    peer.subscribe(follow.topic);
    peer.send(parcels::Following{follow.topic, std::string(peer.id())});
  }
  void move(const parcels::Move& move) {
    const std::string_view to = move.to;
    if (to == "everybody") return hub_.broadcast(parcels::Moved{move.parcel});
    if (to.starts_with("topic ")) return hub_.broadcast(to.substr(6), parcels::Moved{move.parcel});
    hub_.unicast(to.substr(5), parcels::Moved{move.parcel});
  }

 private:
  tutti::Database& database_;
  tutti::Publisher& publisher_;
  tutti::Hub<Outgoing> hub_;
  parcels::Heard heard_;
  std::set<std::string> failed_;
};

void compose(tutti::App& app) {
  auto& parcels = app.make<Parcels>(app.database("parcels"), app.publisher(), app.hub(parcels::live));
  app.on(shop::placed, parcels, &Parcels::on_placed, {.retry = {.attempts = 3, .first = 100ms}});
  app.on(shop::opened, parcels, &Parcels::on_opened, {.delivery = tutti::Delivery::broadcast});
  app.on(shop::closed, parcels, &Parcels::on_closed, {.delivery = tutti::Delivery::singleton});
  app.announces(parcels::sent);
  app.serve(parcels::send, parcels, &Parcels::send);
  app.serve(parcels::store, parcels, &Parcels::store);
  app.serve(parcels::live, parcels, &Parcels::follow);
  app.serve(parcels::move, parcels, &Parcels::move);
  app.serve(parcels::undo, parcels, &Parcels::undo);
  app.every(100ms, parcels, &Parcels::tick, {.once = tutti::Once::per_fleet, .name = "tick"});
  app.serve(parcels::heard, parcels, &Parcels::heard);
}

}  // namespace

int main(int argc, char** argv) { return tutti::main(argc, argv, {parcels::service, compose}); }
