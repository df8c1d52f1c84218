#include "service/composition.hpp"

#include <algorithm>
#include <utility>

#include "message/json_writer.hpp"
#include "service/environment.hpp"
#include "service/host.hpp"

namespace tutti::detail {
namespace {

// Events announced outside of a transaction go to the bus at once.
class BusPublisher final : public Publisher {
 public:
  explicit BusPublisher(Host& host) noexcept : host_(host) {}

 private:
  void publish(const EventSpec& event, const void* message) override {
    EventMessage encoded{.event = &event, .id = host_.environment().world().random().id()};
    if (const Violations violations = message::write_json(event.message(), message, encoded.body); !violations.empty()) {
      throw Error(Code::invalid_argument, "the event " + std::string(event.service->name) + "." + std::string(event.name) +
                                              " breaks its contract: " + violations.to_string());
    }
    if (const CallState* call = current_call()) {
      encoded.trace = call->trace;
      encoded.context = event_context(*call, host_.environment().world().random());
    }
    host_.bus().publish(std::move(encoded));
  }

  Host& host_;
};

}  // namespace

Composition::Composition(const Service& service, Host& host)
    : service_(service),
      host_(host),
      metrics_({{"service.name", service.name}}),
      call_path_(std::make_unique<CallPath>(host, this)),
      publisher_(std::make_unique<BusPublisher>(host)),
      log_channel_(host.environment().log_channel(service.name)),
      log_(*log_channel_) {}

Composition::~Composition() {
  // Handlers refer to objects made before them, and those to objects made before: last made, first gone.
  subscriptions.clear();
  timers.clear();
  work.clear();
  raw_handlers.clear();
  channels.clear();
  methods.clear();
  middleware.clear();
  ready_checks.clear();
  while (!kept.empty()) kept.pop_back();
}

void Composition::compose(const std::function<void(App&)>& function) {
  App app(*this);
  function(app);
  for (const auto& channel : channels) {
    if (channel->received) continue;
    throw Error(Code::failed_precondition, "the channel " + std::string(channel->full_name()) + " is not served: nothing handles what its clients send; add app.serve with its handler");
  }
  asks_who_ = !authenticators.empty();
  if (!asks_who_) authenticators.push_back(local_peers());
}

bool Composition::has_fleet_timers() const noexcept {
  return std::ranges::any_of(timers, [](const Timer& timer) { return timer.rules.once == Once::per_fleet; });
}

ServedMethod* Composition::find(std::string_view method) noexcept {
  for (const auto& served : methods) {
    if (served->spec->name == method) return served.get();
  }
  return nullptr;
}

ServedChannel* Composition::find_channel(std::string_view name) noexcept {
  for (const auto& channel : channels) {
    if (channel->spec().name == name) return channel.get();
  }
  return nullptr;
}

}  // namespace tutti::detail
