#include "client/client.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "client/amqp_transport.hpp"
#include "client/http_client.hpp"
#include "client/target.hpp"
#include "net/tls.hpp"

namespace tutti::client {
namespace {

std::string endpoints_variable_of(std::string_view service) {
  std::string name = "TUTTI_TARGETS_";
  for (const char c : service) name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c == '-' ? '_' : c;
  return name + "_ENDPOINTS";
}

class ShardClient final : public Client {
 public:
  ShardClient(runtime::Shard& shard, const std::map<std::string, TargetSettings>& targets, ClientObserver observer,
              BrokerAccess broker)
      : shard_(shard),
        observer_(std::move(observer)),
        broker_(std::move(broker)),
        http_(shard, [this] { return tls(); }) {
    for (const auto& [name, settings] : targets) {
      targets_.emplace(name, std::make_unique<Target>(
                                 shard, name, settings, observer_, [this] { return tls(); },
                                 [this]() -> bus::Requester& { return requester(); }));
    }
  }
  ~ShardClient() override { close(); }

  void call(const detail::MethodSpec& method, const void* request, void* reply, const Outgoing& outgoing) override {
    detail::check_may_wait("a call");
    const Calling calling(*this);
    target_of(method).call(method, request, reply, outgoing);
  }

  std::unique_ptr<detail::Source> call_streamed(const detail::MethodSpec& method, const void* request, void* reply,
                                                const Outgoing& outgoing, void* feed_context,
                                                void (*feed)(void* context, detail::Sink& sink)) override {
    detail::check_may_wait("a call");
    const Calling calling(*this);
    return target_of(method).call_streamed(method, request, reply, outgoing, feed_context, feed);
  }

  HttpClient& http() override { return http_; }

  void leave_broker(Instant until) override {
    if (requester_) requester_->close(until);
    requester_.reset();
  }

  void stop() override {
    close();
    for (runtime::Fiber* const fiber : std::exchange(calling_, {})) shard_.cancel(*fiber);
  }

  std::vector<TargetReport> report() const override {
    std::vector<TargetReport> reports;
    for (const auto& [name, target] : targets_) reports.push_back(target->report());
    return reports;
  }

  BrokerNumbers broker_numbers() const override {
    if (!requester_) return {};
    const bus::RequesterFigures figures = requester_->figures();
    return {.late = figures.late, .sent_again = figures.sent_again, .reconnects = figures.reconnects};
  }

 private:
  // Which fibers wait here.
  class Calling {
   public:
    explicit Calling(ShardClient& client) : client_(client), fiber_(client.shard_.current_fiber()) {
      if (client.stopped_) throw Error(Code::unavailable, "this process is stopping and makes no more calls");
      client.calling_.push_back(fiber_);
    }
    ~Calling() {
      const auto at = std::find(client_.calling_.begin(), client_.calling_.end(), fiber_);
      if (at == client_.calling_.end()) return;
      *at = client_.calling_.back();
      client_.calling_.pop_back();
    }
    Calling(const Calling&) = delete;
    Calling& operator=(const Calling&) = delete;

   private:
    ShardClient& client_;
    runtime::Fiber* fiber_;
  };

  Target& target_of(const detail::MethodSpec& method) {
    const std::string_view service = method.service->name;
    const auto found = targets_.find(service);
    if (found != targets_.end()) return *found->second;
    throw Error(Code::unavailable, "no endpoints for service \"" + std::string(service) + "\"; set " +
                                       endpoints_variable_of(service) + " or run it in this process");
  }

  void close() {
    stopped_ = true;
    http_.close();
    for (const auto& [name, target] : targets_) target->close();
  }

  net::TlsClient* tls() {
    if (!tls_) tls_ = net::make_tls_client(shard_.world().files());
    return tls_.get();
  }

  bus::Requester& requester() {
    if (!requester_) {
      if (!broker_.link)
        throw Error(Code::failed_precondition,
                    "a target has the transport amqp and no broker is configured; set tutti.broker.uri");
      requester_ = make_requester(shard_, broker_.link(), broker_.service);
    }
    return *requester_;
  }

  runtime::Shard& shard_;
  const ClientObserver observer_;
  const BrokerAccess broker_;
  std::unique_ptr<bus::Requester> requester_;
  std::unique_ptr<net::TlsClient> tls_;
  PooledHttpClient http_;
  std::map<std::string, std::unique_ptr<Target>, std::less<>> targets_;
  std::vector<runtime::Fiber*> calling_;
  bool stopped_ = false;
};

}  // namespace

std::unique_ptr<Client> make_client(runtime::Shard& shard, const std::map<std::string, TargetSettings>& targets,
                                    ClientObserver observer, BrokerAccess broker) {
  return std::make_unique<ShardClient>(shard, targets, std::move(observer), std::move(broker));
}

}  // namespace tutti::client
