// The same test against the real and the simulated world: what the interfaces promise must hold in both, or a program
// that passes in the simulation fails on a machine.
#pragma once

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "world/real.hpp"
#include "world/simulated.hpp"

namespace tutti::world {

enum class Kind { real, simulated };

inline std::unique_ptr<World> world_of(Kind kind) {
  return kind == Kind::real ? real_world() : std::make_unique<SimulatedWorld>(SimulatedSettings{.seed = 7});
}

inline std::string name_of(const testing::TestParamInfo<Kind>& info) {
  return info.param == Kind::real ? "real" : "simulated";
}

// An empty directory of the world, gone with this object.
class Scratch {
 public:
  explicit Scratch(Kind kind) {
    if (kind == Kind::simulated) {
      path_ = "/tmp";
      return;
    }
    std::string pattern = testing::TempDir() + "tutti-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
    made_ = true;
  }
  ~Scratch() {
    if (made_) std::filesystem::remove_all(path_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool made_ = false;
};

// Counts what it is told.
class Told final : public Watcher {
 public:
  void on_ready(Ready ready) override {
    ++times;
    readable += ready.readable ? 1 : 0;
    writable += ready.writable ? 1 : 0;
    hung_up += ready.hung_up ? 1 : 0;
  }

  int times = 0;
  int readable = 0;
  int writable = 0;
  int hung_up = 0;
};

template <class Act>
class Acting final : public Watcher {
 public:
  explicit Acting(Act act) : act_(std::move(act)) {}
  void on_ready(Ready ready) override { act_(ready); }

 private:
  Act act_;
};

// Polls until the condition holds or five seconds of the world's clock are over.
template <class Condition>
bool poll_until(World& world, Network& network, Condition condition) {
  const Instant deadline = world.clock().instant() + std::chrono::seconds(5);
  while (!condition()) {
    if (world.clock().instant() >= deadline) return false;
    network.poll(deadline);
  }
  return true;
}

// Polls for a while in which nothing is expected.
inline void poll_for(World& world, Network& network, std::chrono::milliseconds time) {
  const Instant end = world.clock().instant() + time;
  while (world.clock().instant() < end) network.poll(end);
}

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

// What one read gives, with room for 64 KiB.
struct Got {
  Transfer transfer;
  std::string text;
};
inline Got read_some(Connection& connection) {
  std::string text(65536, '\0');
  const Transfer transfer = connection.read(std::as_writable_bytes(std::span(text)));
  text.resize(transfer.bytes);
  return {transfer, text};
}

// A listener and, after connected(), both ends of a connection to it.
struct Pair {
  Pair(World& of_world, Network& of_network) : world(of_world), network(of_network) {
    int error = 0;
    listener = network.listen(*parse_address("127.0.0.1:0"), {}, error);
    EXPECT_EQ(error, 0);
  }

  bool connected() {
    int error = 0;
    client = network.connect(listener->address(), error);
    if (!client) return false;
    Told told;
    client->watch(&told);
    const bool both = poll_until(world, network, [&] {
      if (!server) server = listener->accept(error);
      return server && told.writable > 0;
    });
    client->watch(nullptr);
    return both;
  }

  World& world;
  Network& network;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Connection> client;
  std::unique_ptr<Connection> server;
};

// Reads until `bytes` have come or something else than data does.
inline std::string read_bytes(World& world, Network& network, Connection& connection, std::size_t bytes) {
  std::string all;
  (void)poll_until(world, network, [&] {
    const Got got = read_some(connection);
    all += got.text;
    return all.size() >= bytes || (got.transfer.outcome != Outcome::done && got.transfer.outcome != Outcome::again);
  });
  return all;
}

// The first outcome that is not `again`.
inline Got read_end(World& world, Network& network, Connection& connection) {
  Got got;
  (void)poll_until(world, network, [&] {
    got = read_some(connection);
    return got.transfer.outcome != Outcome::again;
  });
  return got;
}

}  // namespace tutti::world
