#include "client/target.hpp"

#include <algorithm>
#include <utility>

#include <tutti/wait.hpp>

#include "client/amqp_transport.hpp"
#include "client/deadline_scope.hpp"
#include "client/rpc_transport.hpp"

namespace tutti::client {
namespace {

std::string_view name_of(Transport transport) {
  switch (transport) {
    case Transport::rpc:
      return "rpc";
    case Transport::http:
      return "http";
    case Transport::amqp:
      return "amqp";
  }
  return "";
}

std::string name_of(const detail::MethodSpec& method) {
  return std::string(method.service->name) + "." + std::string(method.name);
}

bool repeatable(const detail::MethodSpec& method, const Outgoing& outgoing) {
  return method.rules.repeat == Repeat::safe ||
         (method.rules.repeat == Repeat::by_key && !outgoing.idempotency_key.empty());
}

Instant deadline_of(runtime::Shard& shard, const detail::MethodSpec& method, const Outgoing& outgoing) {
  const Instant deadline = std::min(outgoing.deadline, runtime::deadline());
  if (deadline <= shard.read_clock())
    throw Error(Code::deadline_exceeded, "no time is left to call " + name_of(method));
  return deadline;
}

}  // namespace

class Target::InFlight {
 public:
  explicit InFlight(Target& target) : target_(target) {
    if (target.in_flight_ >= target.settings_.in_flight_max) {
      throw Error(Code::resource_exhausted, std::to_string(target.in_flight_) + " calls to \"" + target.service_ +
                                                "\" are in flight, as many as in_flight_max allows; try again later");
    }
    ++target_.in_flight_;
  }
  ~InFlight() { --target_.in_flight_; }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

 private:
  Target& target_;
};

Target::Target(runtime::Shard& shard, std::string service, const TargetSettings& settings,
               const ClientObserver& observer, std::function<net::TlsClient*()> tls,
               std::function<bus::Requester&()> requester)
    : shard_(shard),
      service_(std::move(service)),
      settings_(settings),
      breaker_rules_{
          .failures = settings.breaker_failures, .first = settings.breaker_first, .longest = settings.breaker_longest},
      ejection_rules_{
          .failures = settings.ejection_failures,
          .calls_min = settings.ejection_calls_min,
          .share_max = settings.ejection_share_max,
          .interval = std::max<std::chrono::nanoseconds>(settings.ejection_interval, std::chrono::milliseconds(1)),
          .first = settings.ejection_first,
          .longest = settings.ejection_longest},
      observer_(observer),
      budget_(settings.retry_budget, settings.retry_minimum, shard.now()) {
  if (settings.transport == Transport::http) {
    auto http = std::make_unique<HttpTransport>(shard, settings, std::move(tls));
    http_ = http.get();
    transport_ = std::move(http);
  } else if (settings.transport == Transport::amqp) {
    transport_ = std::make_unique<AmqpTransport>(shard, settings, std::move(requester));
  } else {
    transport_ = std::make_unique<RpcTransport>(shard, settings);
  }
  discovery_ = std::make_shared<Discovery>(shard, service_, settings,
                                           [this](const Origin& origin) { return transport_->make_endpoint(origin); });
}

std::shared_ptr<Endpoint> Target::choose_endpoint(const std::vector<const Endpoint*>& tried) {
  const Endpoints& endpoints = discovery_->endpoints();
  const Instant now = shard_.now();
  if (auto chosen = choose(endpoints, tried, now, shard_.world().random())) return chosen;
  Instant soonest = Instant::never();
  for (const auto& endpoint : endpoints) soonest = std::min(soonest, endpoint->breaker.until());
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::max(soonest - now, std::chrono::nanoseconds(0)));
  throw Error(Code::unavailable, "all endpoints of service \"" + service_ + "\" (" + std::to_string(endpoints.size()) +
                                     ") failed too often and are left alone; the next is tried in " +
                                     std::to_string(left.count()) + " ms");
}

void Target::learn(Endpoint& endpoint, const Attempt& attempt) {
  // One that refuses as it has too much to do is alive.
  const bool dead = (attempt.code == Code::unavailable && attempt.fate != Fate::refused) ||
                    (attempt.code == Code::deadline_exceeded && attempt.fate != Fate::answered);
  if (attempt.code == Code::cancelled && attempt.fate != Fate::answered) {
    endpoint.breaker.abandoned();
    return endpoint.outlier.abandoned();
  }
  const Instant now = shard_.now();
  if (dead) {
    endpoint.breaker.failed(breaker_rules_, now);
  } else {
    endpoint.breaker.succeeded();
  }
  // What its handlers are to blame for. Contract errors are answers.
  const bool failed = dead || attempt.code == Code::internal || attempt.code == Code::data_loss ||
                      attempt.code == Code::deadline_exceeded;
  const bool was_away = endpoint.outlier.ejected();
  endpoint.outlier.ended(failed, ejection_rules_, now);
  if (was_away || !failed || !is_outlier(endpoint, discovery_->known(), ejection_rules_, now)) return;
  endpoint.outlier.eject(ejection_rules_, now);
  ++ejections_;
}

template <class Once>
void Target::with_retries(const detail::MethodSpec& method, bool may_repeat, Instant deadline, Once&& once) {
  budget_.called();
  std::vector<const Endpoint*> tried;
  int attempts = 0;  // that count: those which left
  auto backoff = std::chrono::nanoseconds(settings_.backoff_first);
  for (int number = 1;; ++number) {
    const std::shared_ptr<Endpoint> endpoint = choose_endpoint(tried);
    endpoint->breaker.begin();
    endpoint->outlier.begin();
    ++endpoint->in_flight;
    const Instant start = shard_.read_clock();
    Attempt attempt;
    try {
      attempt = attempted([&] { once(endpoint); });
    } catch (...) {
      --endpoint->in_flight;
      endpoint->breaker.abandoned();
      endpoint->outlier.abandoned();
      throw;
    }
    --endpoint->in_flight;
    learn(*endpoint, attempt);
    if (observer_.attempt_done)
      observer_.attempt_done(method, endpoint->name, name_of(settings_.transport), shard_.read_clock() - start,
                             attempt.code, number);
    if (!attempt.failure) return;
    const bool undone = attempt.fate == Fate::unsent || attempt.fate == Fate::refused;
    const bool again = attempt.code == Code::unavailable && (undone || may_repeat);
    if (!again) std::rethrow_exception(attempt.failure);
    if (std::find(tried.begin(), tried.end(), endpoint.get()) == tried.end()) tried.push_back(endpoint.get());
    // Nothing has left yet: the next endpoint is a choice, not a repetition.
    if (attempt.fate == Fate::unsent && another_left(discovery_->known(), tried, shard_.now())) continue;
    if (++attempts >= settings_.attempts_max || !budget_.take(shard_.now())) std::rethrow_exception(attempt.failure);
    const auto pause = std::chrono::nanoseconds(
        static_cast<std::int64_t>(shard_.world().random().unit() * static_cast<double>(backoff.count())));
    backoff = std::min<std::chrono::nanoseconds>(backoff * 2, settings_.backoff_longest);
    if (shard_.now() + pause >= deadline) std::rethrow_exception(attempt.failure);
    ++retries_;
    if (!another_left(discovery_->known(), tried, shard_.now())) tried.clear();
    attempt = {};
    sleep(pause);
  }
}

void Target::call(const detail::MethodSpec& method, const void* request, void* reply, const Outgoing& outgoing) {
  const Instant deadline = deadline_of(shard_, method, outgoing);
  const InFlight counted(*this);
  const DeadlineScope scope(deadline);
  const auto outbound = transport_->encode(method, request, outgoing);
  const bool may_repeat = repeatable(method, outgoing);
  with_retries(method, may_repeat, deadline, [&](const std::shared_ptr<Endpoint>& endpoint) {
    outbound->send_to(*endpoint, reply, may_repeat ? Resend::always : Resend::if_unsent);
  });
}

std::unique_ptr<detail::Source> Target::call_streamed(const detail::MethodSpec& method, const void* request,
                                                      void* reply, const Outgoing& outgoing, void* feed_context,
                                                      void (*feed)(void* context, detail::Sink& sink)) {
  if (!http_) {
    throw Error(Code::unimplemented, "a stream cannot travel over " + std::string(name_of(settings_.transport)) +
                                         "; set tutti.targets." + service_ + ".transport to http");
  }
  const Instant deadline = deadline_of(shard_, method, outgoing);
  const InFlight counted(*this);
  const DeadlineScope scope(deadline);
  std::unique_ptr<detail::Source> source;
  // What was fed once is gone: only a try that never left is made again.
  with_retries(method, repeatable(method, outgoing) && !method.stream_in, deadline,
               [&](const std::shared_ptr<Endpoint>& endpoint) {
                 source = http_->call_streamed(endpoint, method, request, reply, outgoing, feed_context, feed);
               });
  return source;
}

void Target::close() {
  discovery_->close();
  for (const auto& endpoint : discovery_->known()) {
    if (endpoint->http) endpoint->http->close();
    endpoint->rpc.clear();
  }
}

Client::TargetReport Target::report() const {
  Client::TargetReport report{.name = service_,
                              .endpoints = discovery_->known().size(),
                              .in_flight = in_flight_,
                              .retries = retries_,
                              .ejections = ejections_};
  for (const auto& endpoint : discovery_->known()) {
    report.open_breakers += endpoint->breaker.open() ? 1 : 0;
    report.ejected += endpoint->outlier.ejected() ? 1 : 0;
  }
  return report;
}

}  // namespace tutti::client
