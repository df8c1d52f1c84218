// The simulated world: hosts with disks on one network, under one clock that moves only when there is nothing left to
// do, all in one thread. Every delay, cut and crash is drawn from one seed, so a run can be had again exactly.
//
// Who moves the clock: a shard that is alone calls poll(until) with a future `until`, and the clock moves to the
// next event or to `until`. Several shards in one thread are driven: each polls with `until` now (it only looks), and
// when none has anything to do the driver calls advance_to(earliest of next_event() and all timers).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "world/seeded_random.hpp"
#include "world/simulated_files.hpp"
#include "world/world.hpp"

namespace tutti::world {

// What goes wrong on the network: probabilities from 0 to 1. May be changed while the simulation runs.
struct Faults {
  double cut = 0;             // per write: the connection breaks before anything is taken; both sides get ECONNRESET
  double lose_reply = 0;      // per write of the accepting side: taken, then the connection breaks before it arrives
  double refuse = 0;          // per connect
  double short_transfer = 0;  // per read or write: only a part is moved
  double slow = 0;            // per delivery: it takes `slow_delay` more
  std::chrono::nanoseconds delay_min = std::chrono::microseconds(20);  // one way, uniform from here
  std::chrono::nanoseconds delay_max = std::chrono::microseconds(200);
  std::chrono::nanoseconds slow_delay = std::chrono::seconds(1);
};

struct SimulatedSettings {
  std::uint64_t seed = 1;
  Time start = {std::chrono::seconds(1'767'225'600)};  // 2026-01-01T00:00:00Z
  Faults faults = {};
  std::size_t buffer_bytes_max = 256 * 1024;  // per direction of a connection: written and not yet read
};

// How an address answers new connections.
enum class Reach : std::uint8_t {
  open,
  refused,  // ECONNREFUSED though somebody listens
  silent,   // no answer at all: only the caller's deadline ends it
};

class SimulatedCore;

// One machine: an address, a disk, a stream of randomness. Several instances may share it, as on a real host.
class SimulatedHost final : public World {
 public:
  SimulatedHost(SimulatedCore& core, std::string address, std::uint32_t number);

  Clock& clock() override;
  Random& random() override { return random_; }
  SimulatedFiles& files() override { return files_; }
  // An instance's network. It may be destroyed before or after the world, but after its connections.
  std::unique_ptr<Network> make_network() override;
  std::vector<Address> resolve(const std::string& name, std::string& error) override;
  bool simulated() const noexcept override { return true; }

  // As whom its processes appear on Unix sockets.
  void set_credential(PeerCredential credential) { credential_ = credential; }
  [[nodiscard]] const PeerCredential& credential() const { return credential_; }
  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  SimulatedCore& core_;
  std::string address_;
  SeededRandom random_;
  SimulatedFiles files_;
  PeerCredential credential_;
};

// As a World it is its first host, "127.0.0.1", which owns every address that is no other host's.
class SimulatedWorld final : public World {
 public:
  explicit SimulatedWorld(const SimulatedSettings& settings = {});
  ~SimulatedWorld() override;
  SimulatedWorld(const SimulatedWorld&) = delete;
  SimulatedWorld& operator=(const SimulatedWorld&) = delete;

  Clock& clock() override;
  Random& random() override;
  SimulatedFiles& files() override;
  std::unique_ptr<Network> make_network() override;
  std::vector<Address> resolve(const std::string& name, std::string& error) override;
  bool simulated() const noexcept override { return true; }

  // Another machine ("10.0.0.2"), made when it is first asked for. Throws std::invalid_argument if it is no numeric
  // address.
  SimulatedHost& host(const std::string& address);

  // When something happens next on the network: the present if a watcher has something to be told; never() if nothing
  // will.
  [[nodiscard]] Instant next_event() const;
  // Delivers what is due until then, each at its own time. The past is the present.
  void advance_to(Instant at);
  // The wall clock jumps; the monotonic clock does not.
  void jump_wall(std::chrono::nanoseconds by);

  [[nodiscard]] Faults& faults();
  // Breaks every connection that was made to this listening address; both sides get ECONNRESET. Returns how many.
  std::size_t cut(const Address& listening);
  std::size_t cut_all();
  void set_reach(const Address& listening, Reach reach);

  // What resolve answers for a name from now on, on all hosts. "localhost" and numeric addresses need no name.
  void add_name(const std::string& name, const std::vector<std::string>& numeric_addresses);
  void fail_name(const std::string& name, const std::string& sentence);
  void remove_name(const std::string& name);

  // Equal in two runs as long as they drew and delivered the same.
  [[nodiscard]] std::uint64_t draw_hash() const;

 private:
  std::shared_ptr<SimulatedCore> core_;
};

}  // namespace tutti::world
