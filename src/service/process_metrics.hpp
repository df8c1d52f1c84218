// What /metrics says of the process and its shards. Each shard counts for itself, without atomics; so what it counted
// is copied by the shard, when somebody looks.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <tutti/metrics.hpp>

#include "client/client.hpp"
#include "net/http_server.hpp"
#include "net/rpc_server.hpp"
#include "net/websocket_server.hpp"
#include "runtime/offload_pool.hpp"
#include "runtime/shard.hpp"
#include "runtime/stall_watch.hpp"
#include "service/bus.hpp"
#include "service/concurrency_limit.hpp"
#include "service/environment.hpp"

namespace tutti::detail {

struct MemberFigures {
  runtime::ShardFigures shard;
  ConcurrencyFigures limit;
  net::HttpServerCounts http;
  net::RpcServerCounts rpc;
  net::WebSocketCounts websocket;
  BusNumbers bus;
  std::vector<client::Client::TargetReport> targets;
  client::Client::BrokerNumbers calls_over_broker;
};

// Used by the first shard only, which outlives the others.
class ProcessMetrics {
 public:
  explicit ProcessMetrics(Metrics& metrics);
  ProcessMetrics(const ProcessMetrics&) = delete;
  ProcessMetrics& operator=(const ProcessMetrics&) = delete;

  // `look` runs on its shard.
  void observe(runtime::Shard& shard, std::function<MemberFigures()> look);
  void observe(runtime::OffloadPool& pool);
  void observe(Environment& environment);
  void observe(const runtime::StallWatch& watch);
  // Of a service that is called: its name in tutti.targets.
  void observe_target(const std::string& name);

  // Before the text is made: asks every shard. Waits on the fiber, no longer than a second: of a shard that is busy for
  // longer the last figures stay.
  void refresh();

 private:
  struct Observed {
    runtime::Shard* shard;
    std::function<MemberFigures()> look;
    MemberFigures seen;
  };
  template <class Figure>
  [[nodiscard]] std::function<double()> sum(Figure figure) const;

  Metrics& metrics_;
  std::vector<std::unique_ptr<Observed>> shards_;
};

}  // namespace tutti::detail
