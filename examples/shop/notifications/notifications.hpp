// The service behind notifications/contract.hpp: it hears what orders announces and tells those who watch the order. One
// instance hears an event, and its hub reaches the browsers of all.
#pragma once

#include <tutti/tutti.hpp>

#include "notifications/contract.hpp"

namespace notifications {

class Notifications {
 public:
  Notifications(tutti::Hub<ToBrowser> hub, tutti::Caller call) : hub_(hub), call_(call) {}

  void received(tutti::Peer<ToBrowser>& peer, const FromBrowser& message);
  void on_changed(const orders::Order& order);
  void on_earned(const loyalty::Earned& earned);

 private:
  void watch(tutti::Peer<ToBrowser>& peer, const std::string& order);

  tutti::Hub<ToBrowser> hub_;
  tutti::Caller call_;
};

void compose(tutti::App& app);

}  // namespace notifications
