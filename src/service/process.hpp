// The life of a service's process: start (settings, stores, compositions, listeners), ready, serve, drain, stop. The exit
// codes are docs/reference/exit-codes.md's.
#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <tutti/main.hpp>

#include "net/http_server.hpp"
#include "net/rpc_server.hpp"
#include "net/tls.hpp"
#include "observe/log/pipe.hpp"
#include "observe/trace/tracer.hpp"
#include "runtime/offload_pool.hpp"
#include "runtime/shard.hpp"
#include "runtime/stall_watch.hpp"
#include "service/admin_entry.hpp"
#include "service/environment.hpp"
#include "service/host.hpp"
#include "service/http_entry.hpp"
#include "service/process_metrics.hpp"
#include "service/rpc_entry.hpp"
#include "service/telemetry.hpp"

namespace tutti::detail {

// Edit together with docs/reference/exit-codes.md.
namespace exit_code {
inline constexpr int drained = 0;
inline constexpr int failed = 1;
inline constexpr int usage = 2;
inline constexpr int drain_deadline_missed = 75;
inline constexpr int address = 77;   // taken or not permitted
inline constexpr int settings = 78;  // or the contract
}  // namespace exit_code

// Where the entry points really listen (port 0 asks for a free one), for tests and tools.
struct Listening {
  std::optional<world::Address> http, rpc, admin;
};

class Process {
 public:
  struct Parts {
    world::World& world;
    settings::Sources& sources;
    LibrarySettings library;
    std::vector<Composed> services;
    observe::LogSink& log_sink;
    observe::LogStyle log_style;
    std::string version;
    bool handle_signals;  // SIGTERM and SIGINT drain
  };
  explicit Process(Parts parts);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Runs until it was asked to stop and has drained; returns the exit code. Start-up failures are thrown: settings::Failure,
  // tutti::Error (unavailable and permission_denied: an address; failed_precondition: a composition).
  int run();
  // From any thread: as SIGTERM does.
  void ask_to_stop() noexcept;
  // From any thread: returns when the process is ready (true) or start-up has failed (false).
  bool wait_until_ready();
  [[nodiscard]] const Listening& listening() const noexcept { return listening_; }

 private:
  struct Member;  // one shard with what lives on it
  void start(Member& member, bool first);
  void listen(Member& member, bool first);
  void serve_admin(Member& first);
  void observe_members();
  void start_telemetry(Member& first);
  void watch_stalls();
  void follow_live_settings(Member& first);
  void reap_orphans(Member& first);
  void tell_ready();
  void drain(Member& first);
  void drain_member(Member& member, Instant until);
  void start_other_members();
  [[nodiscard]] std::vector<const Metrics*> all_metrics();
  [[nodiscard]] net::HttpLimits http_limits() const;
  [[nodiscard]] net::RpcLimits rpc_limits() const;

  Parts parts_;
  Listening listening_;
  Telemetry telemetry_;
  std::unique_ptr<observe::Tracer> tracer_;
  std::unique_ptr<runtime::OffloadPool> offload_;
  std::unique_ptr<Environment> environment_;
  std::unique_ptr<net::TlsServer> tls_;
  Metrics metrics_;  // of the process and its shards
  ProcessMetrics process_metrics_{metrics_};
  runtime::FiberHandle start_up_;
  std::vector<std::unique_ptr<Member>> members_;
  std::unique_ptr<runtime::StallWatch> stall_watch_;  // ends before the members
  std::size_t connections_max_ = 0;
  std::atomic<bool> draining_{false};
  std::atomic<bool> missed_deadline_{false};
  std::exception_ptr failure_;
  std::atomic<int> phase_{0};  // 0 starting, 1 ready, 2 failed, 3 ended
};

}  // namespace tutti::detail
