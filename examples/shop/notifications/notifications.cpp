#include "notifications/notifications.hpp"

namespace notifications {

namespace {

Status status_of(const orders::Order& order) {
  return {.order = order.id, .state = order.state, .reason = order.reason, .revision = order.revision};
}

}  // namespace

void Notifications::received(tutti::Peer<ToBrowser>& peer, const FromBrowser& message) {
  if (const auto* wanted = std::get_if<Watch>(&message)) watch(peer, wanted->order);
  if (const auto* done = std::get_if<Unwatch>(&message)) peer.unsubscribe(done->order);
}

// Subscribes before it asks: a change in between is told twice then, and never missed. While orders cannot be reached
// the connection ends with 1013, and the browser tries again later.
void Notifications::watch(tutti::Peer<ToBrowser>& peer, const std::string& order) {
  peer.subscribe(order);
  try {
    peer.send(status_of(call_(orders::get, {.id = order})));
  } catch (const orders::UnknownOrder&) {
    peer.unsubscribe(order);
    peer.send(Unknown{order});
  }
}

void Notifications::on_changed(const orders::Order& order) { hub_.broadcast(order.id, status_of(order)); }

void Notifications::on_earned(const loyalty::Earned& earned) {
  hub_.broadcast(earned.order, Points{.order = earned.order, .points = earned.points});
}

void compose(tutti::App& app) {
  auto& notifications = app.make<Notifications>(app.hub(live), app.caller());
  app.serve(live, notifications, &Notifications::received);
  app.on(orders::placed, notifications, &Notifications::on_changed);
  app.on(orders::paid, notifications, &Notifications::on_changed);
  app.on(orders::unpaid, notifications, &Notifications::on_changed);
  app.on(orders::cancelled, notifications, &Notifications::on_changed);
  app.on(loyalty::earned, notifications, &Notifications::on_earned);
}

}  // namespace notifications
