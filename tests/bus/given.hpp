// The embedded broker and clients of it in the simulated world, on one shard.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/server/broker.hpp"
#include "broker/server/server.hpp"
#include "bus/consumer.hpp"
#include "bus/publisher.hpp"
#include "runtime/on_fiber.hpp"

namespace tutti::bus::testing {

using namespace std::chrono_literals;

inline const std::string broker_address = "127.0.0.1:5672";

// Stopped and started again it has forgotten everything.
struct RunningBroker {
  explicit RunningBroker(runtime::Shard& on) : shard(on) { start(); }
  ~RunningBroker() { stop(); }
  void start() {
    broker = std::make_unique<tutti::broker::Broker>(shard, shard.world().files(), tutti::broker::BrokerSettings{});
    server = tutti::broker::serve(shard, *broker, {.listen = *world::parse_address(broker_address)});
    broker->start();
  }
  void stop() {
    if (!server) return;
    server.reset();
    broker->close();
    broker.reset();
  }
  std::size_t waiting(std::string_view queue) { return broker->host("/")->queue(queue, 0).ready(); }

  runtime::Shard& shard;
  std::unique_ptr<tutti::broker::Broker> broker;
  std::unique_ptr<tutti::broker::Server> server;
};

inline LinkRules link_rules(std::string_view uri = "amqp://127.0.0.1") {
  return {.uri = parse_broker_uri(uri), .name = "test"};
}

inline std::string persistent(std::string_view id) {
  std::string bytes;
  wire::amqp::append_properties(bytes, {.delivery_mode = 2, .message_id = id});
  return bytes;
}

// Waits until it holds; fails when virtual minutes have passed.
inline void until(const std::function<bool()>& condition) {
  for (int i = 0; i < 60'000 && !condition(); ++i) sleep(10ms);
  ASSERT_TRUE(condition());
}

}  // namespace tutti::bus::testing
