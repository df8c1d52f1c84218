#include "service/process.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <utility>

#include "database/core.hpp"
#include "message/json_text.hpp"
#include "observe/metrics/process.hpp"
#include "observe/metrics/prometheus.hpp"
#include "runtime/memory_limit.hpp"
#include "runtime/orphans.hpp"
#include "runtime/parker.hpp"
#include "runtime/service_manager.hpp"
#include "runtime/signals.hpp"
#include "service/amqp_rpc_entry.hpp"
#include "service/documents.hpp"
#include "service/http_channel.hpp"
#include "wire/http1/uri.hpp"

namespace tutti::detail {
namespace {

// Descriptors that are no client connections: databases, logs, outgoing connections, files.
constexpr std::size_t descriptors_reserved = 256;

// Raises the soft limit to the hard one; what it then is.
std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);  // refused: the soft limit stays, and the connection limit follows it
    (void)::getrlimit(RLIMIT_NOFILE, &limit);
  }
  return limit.rlim_cur;
}

// What a connection at work takes: buffers and the touched pages of a fiber's stack.
constexpr std::uint64_t connection_bytes = 32 * 1024;

// Half of a container's memory is for connections: the descriptor limit there is often a million, which no memory limit
// would survive.
std::size_t connections_max(std::size_t descriptors, std::optional<std::uint64_t> memory) {
  const std::size_t by_descriptors =
      descriptors > 2 * descriptors_reserved ? descriptors - descriptors_reserved : descriptors / 2;
  if (!memory) return by_descriptors;
  return std::min(by_descriptors, std::max<std::size_t>(1, *memory / 2 / connection_bytes));
}

constexpr std::uint64_t cache_share = 8;  // of the memory limit, for the pages of the databases

constexpr std::chrono::nanoseconds orphans_period = std::chrono::seconds(1);
constexpr std::chrono::nanoseconds live_settings_period = std::chrono::seconds(1);

// From any thread. When every fiber is at work it begins as soon as one is free: a process that is too busy to be asked
// to stop would be killed, and its requests with it.
template <class F>
void spawn_surely(runtime::Shard& shard, const char* name, F task) {
  shard.post([&shard, name, task] {
    try {
      shard.spawn({.name = name}, task);
    } catch (const Error&) {
      spawn_surely(shard, name, task);
    }
  });
}

bool is_off(std::string_view listen) noexcept { return listen.empty() || listen == "off"; }

world::Address address_of(std::string_view key, const std::string& text) {
  const auto address = world::parse_address(text);
  if (!address) {
    throw Error(Code::failed_precondition, std::string(key) + " is \"" + text + "\"; expected an address with a port like 127.0.0.1:8080 or [::1]:8080, unix:/path, or off");
  }
  return *address;
}

// What every answer says to browsers (docs/guide/security.md).
std::vector<std::pair<std::string, std::string>> security_headers(const HttpSettings& http, bool encrypted) {
  std::vector<std::pair<std::string, std::string>> headers{{"x-content-type-options", "nosniff"}};
  if (encrypted && http.hsts_max_age.count() > 0) headers.emplace_back("strict-transport-security", "max-age=" + std::to_string(http.hsts_max_age.count()));
  return headers;
}

// What cannot be listened on is told with the setting that asked for it.
template <class Serve>
auto listen_for(std::string_view key, Serve serve) {
  try {
    return serve();
  } catch (const Error& error) {
    throw Error(error.code(), std::string(key) + ": " + error.what());
  }
}

}  // namespace

struct Process::Member {
  Member(world::World& world, const runtime::ShardSettings& settings, Environment& environment) : shard(world, settings) {
    const runtime::CurrentShard current(shard);
    host = std::make_unique<Host>(shard, environment);
  }
  // What is left ends as its shard's own: listeners first, then handlers' objects. Its thread has ended.
  void close() {
    const runtime::CurrentShard current(shard);
    admin.reset();
    amqp_rpc.reset();
    rpc.reset();
    http.reset();
    websockets.reset();
    host.reset();
  }

  runtime::Shard shard;
  std::unique_ptr<Host> host;
  std::unique_ptr<net::WebSocketServer> websockets;
  std::unique_ptr<HttpEntry> http_entry;
  std::unique_ptr<RpcEntry> rpc_entry;
  std::unique_ptr<AdminEntry> admin_entry;
  std::unique_ptr<net::HttpServer> http;
  std::unique_ptr<net::RpcServer> rpc;
  std::unique_ptr<AmqpRpcEntry> amqp_rpc;
  std::unique_ptr<net::HttpServer> admin;
  std::unique_ptr<runtime::Signals> signals;
  Family background;  // telemetry, live settings
  std::thread thread;
};

Process::Process(Parts parts) : parts_(std::move(parts)), telemetry_(parts_.world, parts_.library, parts_.log_sink) {
  world::World& world = parts_.world;
  const LibrarySettings& library = parts_.library;
  const std::optional<std::uint64_t> memory = runtime::memory_limit(world.files());
  connections_max_ = connections_max(raise_descriptor_limit(), memory);
  if (memory) database::limit_caches(*memory / cache_share);
  tracer_ = std::make_unique<observe::Tracer>(observe::TracerSettings{.sample = library.trace.sampling}, world.clock(), world.random(), telemetry_.spans());
  offload_ = std::make_unique<runtime::OffloadPool>(world, runtime::OffloadSettings{.threads = library.offload_threads});
  environment_ = std::make_unique<Environment>(Environment::Parts{.world = world, .library = library, .sources = parts_.sources, .log_sink = telemetry_.log_sink(),
                                                                  .log_style = parts_.log_style, .tracer = *tracer_});
  observe::observe_process(metrics_);
}

Process::~Process() = default;

int Process::run() {
  const runtime::ShardSettings settings{.stack_bytes = parts_.library.stack_bytes, .fibers_max = parts_.library.fibers_max, .offload = offload_.get()};
  auto& first = *members_.emplace_back(std::make_unique<Member>(parts_.world, settings, *environment_));
  if (parts_.handle_signals) {
    const runtime::CurrentShard current(first.shard);
    first.signals = std::make_unique<runtime::Signals>(first.shard, [this](int) { ask_to_stop(); });
  }
  first.shard.spawn({.name = "start-up", .handle = &start_up_}, [this, &first] {
    bool up = false;
    try {
      start(first, true);
      start_other_members();
      watch_stalls();
      observe_members();
      serve_admin(first);
      start_telemetry(first);
      follow_live_settings(first);
      reap_orphans(first);
      tell_ready();
      up = true;
    } catch (const Error& error) {
      // Cancelled because the process was asked to stop already: that is no failure.
      if (!draining_ || error.code() != Code::cancelled) failure_ = std::current_exception();
    } catch (...) {
      failure_ = std::current_exception();
    }
    // Timers and work that had begun end on their own fibers, before what they refer to.
    if (!up) {
      (void)first.host->stop(first.shard.now());
      first.shard.stop();
    }
  });
  first.shard.run();
  for (const auto& member : members_) {
    if (member->thread.joinable()) {
      member->shard.stop();
      member->thread.join();
    }
  }
  first.signals.reset();
  stall_watch_.reset();
  const bool failed = failure_ != nullptr;
  phase_.store(failed ? 2 : 3);
  phase_.notify_all();
  while (!members_.empty()) {
    members_.back()->close();
    members_.pop_back();
  }
  environment_->close();
  if (failed) std::rethrow_exception(failure_);
  return missed_deadline_ ? exit_code::drain_deadline_missed : exit_code::drained;
}

void Process::start(Member& member, bool first) {
  for (const Composed& composed : parts_.services) member.host->add(composed);
  if (first) parts_.sources.finish(names_of(parts_.services));
  member.host->start(first);
  listen(member, first);
}

void Process::listen(Member& member, bool first) {
  const LibrarySettings& library = parts_.library;
  const bool several = library.threads > 1u;
  // A Unix socket belongs to one listener: the first shard's.
  const auto mine = [&](const world::Address& address) { return first || address.kind != world::Address::Kind::local; };
  member.websockets = net::serve_websockets(member.shard, websocket_limits(library.websocket, http_limits().connections_max));
  member.http_entry = std::make_unique<HttpEntry>(*member.host, member.websockets.get());
  if (library.http.documents == HttpSettings::Documents::everybody) {
    member.http_entry->add_page("/openapi.json", "application/json", [&member](std::string_view query) {
      return openapi_document(*member.host, wire::http1::query_value(query, "service").value_or(""));
    });
    member.http_entry->add_page("/asyncapi.json", "application/json", [&member](std::string_view query) {
      return asyncapi_document(*member.host, wire::http1::query_value(query, "service").value_or(""));
    });
    member.http_entry->add_page("/docs", "text/html; charset=utf-8", [&member](std::string_view) { return documentation_page(*member.host); });
  }
  if (!is_off(library.http.listen)) {
    // The first shard's port 0 becomes a number that the others share.
    const world::Address address = first || !listening_.http ? address_of("tutti.http.listen", library.http.listen) : *listening_.http;
    if (mine(address)) {
      if (first && !(library.http.tls_certificate.empty() && library.http.tls_key.empty() && library.http.tls_client_ca.empty())) {
        const bool required = library.http.tls_client_certificates == HttpSettings::ClientCertificates::required;
        tls_ = net::make_tls_server(parts_.world.files(), library.http.tls_certificate, library.http.tls_key, library.http.tls_client_ca,
                                    required ? net::ClientCertificates::required : net::ClientCertificates::optional);
      }
      member.http = listen_for("tutti.http.listen", [&] {
        return net::serve_http(member.shard, *member.http_entry, {.listen = address, .listen_rules = {.reuse_port = several}, .limits = http_limits(), .tls = tls_.get(), .certificates = !library.http.tls_client_ca.empty(), .headers = security_headers(library.http, tls_ != nullptr), .given_away = [&member] { return member.websockets->counts().connections; }});
      });
      if (first) listening_.http = member.http->address();
    }
  }
  if (!is_off(library.rpc.listen)) {
    const world::Address address = first || !listening_.rpc ? address_of("tutti.rpc.listen", library.rpc.listen) : *listening_.rpc;
    check_rpc_address(*member.host, address);
    if (mine(address)) {
      member.rpc_entry = std::make_unique<RpcEntry>(*member.host);
      member.rpc = listen_for("tutti.rpc.listen", [&] {
        return net::serve_rpc(member.shard, *member.rpc_entry, {.listen = address, .listen_rules = {.reuse_port = several}, .limits = rpc_limits()});
      });
      if (first) listening_.rpc = member.rpc->address();
    }
  }
  if (library.rpc.amqp) {
    member.amqp_rpc = std::make_unique<AmqpRpcEntry>(*member.host);
    member.amqp_rpc->start();
  }
}

void Process::start_other_members() {
  const runtime::ShardSettings settings{.stack_bytes = parts_.library.stack_bytes, .fibers_max = parts_.library.fibers_max, .offload = offload_.get()};
  for (std::uint32_t i = 1; i < parts_.library.threads; ++i) {
    // Made and run in its own thread; this fiber waits until it listens.
    Member* member = nullptr;
    std::exception_ptr failure;
    runtime::RemoteParker started;
    std::thread thread([&] {
      auto made = std::make_unique<Member>(parts_.world, settings, *environment_);
      member = made.get();
      made->shard.spawn({.name = "start-up"}, [&, m = made.get()] {
        try {
          start(*m, false);
        } catch (...) {
          failure = std::current_exception();
        }
        if (failure) {
          (void)m->host->stop(m->shard.now());
          m->shard.stop();
        }
        started.unpark();
      });
      Member& running = *made.release();  // taken over by members_ below
      running.shard.run();
    });
    started.park_uninterrupted();
    members_.emplace_back(member)->thread = std::move(thread);
    if (failure) std::rethrow_exception(failure);
  }
}

// Start-up may take its time; who is watched are the handlers, once there are some.
void Process::watch_stalls() {
  const std::chrono::nanoseconds threshold = parts_.library.stall_threshold;
  if (threshold.count() <= 0) return;
  stall_watch_ = std::make_unique<runtime::StallWatch>(parts_.world, threshold, [this](const runtime::Stall& stall) {
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(stall.duration).count();
    const Logger log(environment_->log());
    if (stall.over) {
      log.warn("the shard goes on", {{"tutti.handler", stall.fiber}, {"tutti.stall_ms", milliseconds}});
    } else {
      log.warn("a handler holds up its shard: all that it serves waits; compute in tutti::offload, wait with the library's own means",
               {{"tutti.handler", stall.fiber}, {"tutti.stall_ms", milliseconds}, {"tutti.stall_where", stall.where}});
    }
  });
  for (const auto& member : members_) stall_watch_->watch(member->shard.pulse());
}

void Process::observe_members() {
  for (const auto& member : members_) {
    process_metrics_.observe(member->shard, [&its = *member]() -> MemberFigures {
      return {.shard = its.shard.figures(),
              .limit = its.host->limit().figures(),
              .http = its.http ? its.http->counts() : net::HttpServerCounts{},
              .rpc = its.rpc ? its.rpc->counts() : net::RpcServerCounts{},
              .websocket = its.websockets ? its.websockets->counts() : net::WebSocketCounts{},
              .bus = its.host->bus().numbers(),
              .targets = its.host->targets(),
              .calls_over_broker = its.host->calls_over_broker()};
    });
  }
  process_metrics_.observe(*offload_);
  process_metrics_.observe(*environment_);
  if (stall_watch_) process_metrics_.observe(*stall_watch_);
  for (const auto& [name, settings] : parts_.library.targets) process_metrics_.observe_target(name);
}

net::HttpLimits Process::http_limits() const {
  const HttpSettings& http = parts_.library.http;
  const std::size_t per_shard = std::max<std::size_t>(1, connections_max_ / parts_.library.threads);
  return {.connections_max = http.connections_max == 0 ? per_shard : http.connections_max,
          .request_line_bytes_max = http.request_line_bytes_max,
          .header_bytes_max = http.header_bytes_max,
          .header_count_max = http.header_count_max,
          .body_bytes_max = http.body_bytes_max,
          .stream_bytes_max = http.stream_bytes_max,
          .pipelined_max = http.pipelined_max,
          .idle_timeout = http.idle_timeout,
          .header_timeout = http.header_timeout,
          .body_timeout = http.body_timeout,
          .write_timeout = http.write_timeout};
}

net::RpcLimits Process::rpc_limits() const {
  const RpcSettings& rpc = parts_.library.rpc;
  const std::size_t per_shard = std::max<std::size_t>(1, connections_max_ / parts_.library.threads);
  return {.connections_max = rpc.connections_max == 0 ? per_shard : rpc.connections_max,
          .message_bytes_max = rpc.message_bytes_max,
          .in_flight_max = rpc.in_flight_max,
          .idle_timeout = rpc.idle_timeout,
          .message_timeout = rpc.message_timeout,
          .write_timeout = rpc.write_timeout};
}

void Process::serve_admin(Member& first) {
  const std::string& listen = parts_.library.admin.listen;
  if (is_off(listen)) return;
  AdminEntry::Sources sources;
  sources.not_ready = [this, &first] {
    std::vector<std::string> reasons = first.host->not_ready();
    if (const std::string why = first.amqp_rpc ? first.amqp_rpc->not_ready() : ""; !why.empty()) reasons.push_back("rpc over the broker: " + why);
    if (draining_) reasons.insert(reasons.begin(), "draining: the process was asked to stop");
    return reasons;
  };
  sources.remarks = [&first] {
    std::vector<std::string> remarks;
    if (const std::string_view remark = first.host->bus().remark(); first.host->has_events() && !remark.empty()) remarks.emplace_back(remark);
    return remarks;
  };
  sources.metrics = [this] { return observe::prometheus_text(all_metrics()); };
  sources.openapi = [&first](std::string_view service) { return openapi_document(*first.host, service); };
  sources.asyncapi = [&first](std::string_view service) { return asyncapi_document(*first.host, service); };
  sources.docs = [&first] { return documentation_page(*first.host); };
  first.admin_entry = std::make_unique<AdminEntry>(std::move(sources));
  const world::Address address = address_of("tutti.admin.listen", listen);
  first.admin = listen_for("tutti.admin.listen", [&] {
    return net::serve_http(first.shard, *first.admin_entry, {.listen = address, .limits = {.connections_max = 64}, .headers = security_headers({}, false)});
  });
  listening_.admin = first.admin->address();
}

std::vector<const Metrics*> Process::all_metrics() {
  process_metrics_.refresh();
  std::vector<const Metrics*> parts{&metrics_};
  for (const auto& member : members_) {
    for (const auto& composition : member->host->compositions()) parts.push_back(&composition->metrics());
  }
  return parts;
}

void Process::start_telemetry(Member& first) {
  telemetry_.start({.host = *first.host,
                    .background = first.background,
                    .service = std::string(parts_.services.front().service.name),
                    .version = parts_.version,
                    .log = Logger(environment_->log()),
                    .metrics = [this] { return all_metrics(); }},
                   metrics_);
}

// Live<T> fields follow their mounted files, TLS its certificate: renewed ones come by rename or as a Kubernetes secret.
void Process::follow_live_settings(Member& first) {
  struct Follow {
    Process* process;
    void operator()() const {
      settings::LiveSettings live(process->parts_.sources);
      std::vector<std::string> told;
      for (;;) {
        tutti::sleep(live_settings_period);
        const Logger log(process->environment_->log());
        if (live.refresh()) {
          for (const std::string& key : live.changed()) log.info("a setting has changed", {{"tutti.setting", key}});
        }
        try {
          if (process->tls_ && process->tls_->refresh()) log.info("the TLS certificate was read again");
        } catch (const Error& error) {
          log.error("the TLS certificate stays as it was", {{"error.message", error.what()}});
        }
        if (live.problems() != told) {
          told = live.problems();
          for (const std::string& problem : told) log.warn("a live setting keeps its old value", {{"error.message", problem}});
        }
      }
    }
  } task{this};
  first.background.spawn(task_type<Follow>, &task);
}

// Only what runs as a container's first process has any.
void Process::reap_orphans(Member& first) {
  if (!parts_.handle_signals || !runtime::is_first_process()) return;
  struct Reap {
    Process* process;
    runtime::Shard* shard;
    void operator()() const {
      runtime::Orphans orphans(process->parts_.world.files());
      for (;;) {
        tutti::sleep(orphans_period);
        orphans.reap(shard->now());
      }
    }
  } task{this, &first.shard};
  first.background.spawn(task_type<Reap>, &task);
}

void Process::tell_ready() {
  std::string names;
  for (const Composed& composed : parts_.services) names += (names.empty() ? "" : ", ") + std::string(composed.service.name);
  const auto text = [](const std::optional<world::Address>& address) { return address ? world::to_string(*address) : std::string("off"); };
  const std::string http = text(listening_.http), rpc = text(listening_.rpc), admin = text(listening_.admin);
  Logger log(environment_->log());
  for (const std::string& note : parts_.sources.notes()) log.warn(note);
  log.info("ready", {{"service.name", names}, {"service.version", parts_.version}, {"tutti.http", http}, {"tutti.rpc", rpc}, {"tutti.admin", admin}});
  const Host& host = *members_.front()->host;
  if (const std::string_view remark = members_.front()->host->bus().remark(); host.has_events() && !remark.empty()) log.warn(remark);
  if (parts_.handle_signals) runtime::tell_service_manager("READY=1\nSTATUS=serving");
  phase_.store(1);
  phase_.notify_all();
}

bool Process::wait_until_ready() {
  phase_.wait(0);
  return phase_.load() == 1;
}

void Process::ask_to_stop() noexcept {
  if (draining_.exchange(true)) return;
  Member& first = *members_.front();
  spawn_surely(first.shard, "drain", [this, &first] {
    if (start_up_.running()) return start_up_.cancel();
    drain(first);
  });
}

// Not ready, drain delay, stop accepting, finish, flush telemetry, close.
void Process::drain(Member& first) {
  const LibrarySettings& library = parts_.library;
  Logger log(environment_->log());
  if (parts_.handle_signals) runtime::tell_service_manager("STOPPING=1\nSTATUS=draining");
  log.info("draining", {{"tutti.drain_deadline_ms", library.drain_deadline.count()}});
  tutti::sleep(library.drain_delay);
  const Instant until = first.shard.now() + library.drain_deadline;
  std::deque<runtime::RemoteParker> others;  // all drain at the same time
  for (std::size_t i = 1; i < members_.size(); ++i) {
    Member& member = *members_[i];
    runtime::RemoteParker& done = others.emplace_back();
    spawn_surely(member.shard, "drain", [this, &member, until, &done] {
      drain_member(member, until);
      done.unpark();
    });
  }
  drain_member(first, until);
  for (runtime::RemoteParker& done : others) done.park_uninterrupted();
  first.background.cancel();
  first.background.wait_uninterrupted();
  telemetry_.flush(first.shard.read_clock() + std::chrono::seconds(2));
  first.admin.reset();
  log.info(missed_deadline_ ? "stopped; the drain deadline was missed" : "stopped");
  first.shard.stop();
}

void Process::drain_member(Member& member, Instant until) {
  if (member.http) member.http->stop_accepting();
  if (member.rpc) member.rpc->stop_accepting();
  if (member.amqp_rpc) member.amqp_rpc->stop_accepting();
  member.websockets->stop();
  bool whole = true;
  if (member.http) whole = member.http->drain(until) && whole;
  if (member.rpc) whole = member.rpc->drain(until) && whole;
  if (member.amqp_rpc) whole = member.amqp_rpc->drain(until) && whole;
  whole = member.websockets->drain(until) && whole;
  whole = member.host->stop(until) && whole;
  if (!whole) missed_deadline_ = true;
  // What still runs may be in the hands of a thread that cannot be cancelled: a process that was asked to stop does not
  // wait for it. Transactions that are open roll back.
  if (!whole && parts_.handle_signals) {
    Logger(environment_->log()).error("the drain deadline was missed; what was still running is given up");
    tutti::sleep(std::chrono::milliseconds(100));  // for the log's last lines
    std::_Exit(exit_code::drain_deadline_missed);
  }
  member.http.reset();
  member.rpc.reset();
  member.amqp_rpc.reset();
  member.websockets.reset();
}

}  // namespace tutti::detail
