// A broker from its start to its end over a simulated machine's disk, driven by hand.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>

#include "broker/crashing_files.hpp"
#include "broker/server/broker.hpp"
#include "world/simulated.hpp"

namespace tutti::broker {

class Life {
 public:
  Life(world::SimulatedWorld& world, std::uint64_t crash_at)
      : world_(world), files_(world.files(), crash_at), shard_(world, {}) {
    const runtime::CurrentShard current(shard_);
    broker_ = std::make_unique<Broker>(
        shard_, files_,
        BrokerSettings{.folder = "/data", .file_bytes = 1200, .unlisted_files_max = 1, .resident_bytes_max = 0});
    broker_->start();
  }
  ~Life() {
    shard_.spawn({.name = "the end"}, [this] {
      broker_->close();
      ended_ = true;
    });
    while (!ended_) turn();
    const runtime::CurrentShard current(shard_);
    broker_.reset();
  }

  [[nodiscard]] bool crashed() const { return files_.crashed(); }
  [[nodiscard]] std::uint64_t changes() const { return files_.changes(); }
  [[nodiscard]] Broker& broker() { return *broker_; }
  [[nodiscard]] VirtualHost& host() { return *broker_->host("/"); }
  [[nodiscard]] Store& store() { return *broker_->shared().store; }

  void turn() {
    if (shard_.turn()) return;
    const Instant next = std::min(world_.next_event(), shard_.next_timer());
    if (next != Instant::never()) world_.advance_to(next);
  }
  void act(const std::function<void()>& what) {
    const runtime::CurrentShard current(shard_);
    what();
  }

 private:
  world::SimulatedWorld& world_;
  CrashingFiles files_;
  runtime::Shard shard_;
  std::unique_ptr<Broker> broker_;
  bool ended_ = false;
};

}  // namespace tutti::broker
