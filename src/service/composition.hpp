// A service of this shard as it was composed: its handlers, timers, routes and stores. App fills it once at start; the
// entry points read it. One copy per shard, so nothing in it is shared between threads.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tutti/app.hpp>

#include "observe/log/channel.hpp"
#include "service/call_state.hpp"
#include "service/channel.hpp"

namespace tutti::detail {

class Host;
class CallPath;
class ResponseCache;

// A method with its handler.
struct ServedMethod {
  const MethodSpec* spec;
  Handler handler;
  ServeRules rules;
  Composition* composition;
  std::string full_name;       // "payments.charge"
  std::shared_ptr<ResponseCache> cache = {};  // null: nothing is kept
  std::size_t in_flight = 0;
};

struct Subscription {
  const EventSpec* spec;
  Handler handler;
  EventRules rules;
  Composition* composition;
};

struct Timer {
  std::chrono::nanoseconds period;
  std::function<void()> work;
  TimerRules rules = {};
};

struct RawHandler {
  Verb verb;
  std::string path;
  std::function<void(Request&, Responder&)> handler;
  Composition* composition;
  Priority priority = Priority::normal;
};

struct EmbeddedFiles {
  std::string prefix;
  std::span<const EmbeddedFile> files;
};

struct ReadyCheck {
  std::string name;
  std::function<bool()> check;
};

struct Work {
  std::string name;
  std::function<void()> run;
};

class Composition {
 public:
  Composition(const Service& service, Host& host);
  ~Composition();
  Composition(const Composition&) = delete;
  Composition& operator=(const Composition&) = delete;

  // Runs the user's compose function. Throws tutti::Error(failed_precondition) with a sentence for what clashes.
  void compose(const std::function<void(App&)>& function);

  [[nodiscard]] std::string_view name() const noexcept { return service_.name; }
  [[nodiscard]] const Service& service() const noexcept { return service_; }
  [[nodiscard]] Host& host() const noexcept { return host_; }
  [[nodiscard]] CallPath& call_path() noexcept { return *call_path_; }
  [[nodiscard]] Metrics& metrics() noexcept { return metrics_; }
  [[nodiscard]] Publisher& publisher() noexcept {
    publishes_ = true;
    return *publisher_;
  }
  [[nodiscard]] bool uses_events() const noexcept { return publishes_ || !subscriptions.empty(); }
  [[nodiscard]] bool has_fleet_timers() const noexcept;
  [[nodiscard]] const Logger& log() const noexcept { return log_; }
  [[nodiscard]] observe::LogChannel& log_channel() noexcept { return *log_channel_; }

  [[nodiscard]] ServedMethod* find(std::string_view method) noexcept;
  [[nodiscard]] ServedChannel* find_channel(std::string_view channel) noexcept;
  // Whether the user gave an authenticator. Without one only local peers of the process's own user are known.
  [[nodiscard]] bool asks_who() const noexcept { return asks_who_; }

  // Filled by App, read by the entry points after compose().
  std::vector<std::unique_ptr<ServedMethod>> methods;
  std::vector<std::unique_ptr<Subscription>> subscriptions;
  std::vector<const EventSpec*> announced;  // for the documents
  std::vector<Timer> timers;
  std::vector<std::unique_ptr<ServedChannel>> channels;
  std::vector<std::unique_ptr<RawHandler>> raw_handlers;
  std::vector<EmbeddedFiles> files;
  std::vector<std::function<void(const tutti::Call&, Next)>> middleware;
  std::vector<std::unique_ptr<Authenticator>> authenticators;
  std::vector<ReadyCheck> ready_checks;
  std::vector<Work> work;
  std::map<std::string, Database*, std::less<>> databases;  // owned by the process
  std::vector<std::shared_ptr<void>> kept;                  // made objects, destroyed in reverse order
  std::size_t in_flight = 0;

 private:
  Service service_;
  Host& host_;
  Metrics metrics_;  // labelled with the service's name
  std::unique_ptr<CallPath> call_path_;
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<observe::LogChannel> log_channel_;
  Logger log_;
  bool asks_who_ = false;
  bool publishes_ = false;
};

// How a call of this composition finds its way: the door behind Caller.
class CallPath {
 public:
  CallPath(Host& host, Composition* from) noexcept : host_(&host), from_(from) {}
  [[nodiscard]] Host& host() const noexcept { return *host_; }
  // Null for a program that only calls.
  [[nodiscard]] Composition* from() const noexcept { return from_; }

 private:
  Host* host_;
  Composition* from_;
};

}  // namespace tutti::detail
