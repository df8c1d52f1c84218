// The network of the simulation. A link joins two sides; what one side does becomes an event in the queue of the world,
// due after a drawn delay and never before an earlier event of the same side; delivering it changes the other side and
// puts it on its network's list of what its watchers have to be told.
#include "world/simulated.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace tutti::world {
namespace {

constexpr std::uint8_t readable_bit = 1;
constexpr std::uint8_t writable_bit = 2;
constexpr std::uint8_t hung_up_bit = 4;
constexpr std::uint8_t all_bits = 7;
constexpr std::uint16_t first_free_port = 32768;
constexpr std::chrono::seconds knock_again{1};  // TCP's first repetition when a listener's queue is full
constexpr std::string_view first_host = "127.0.0.1";

class SimulatedNetwork;

std::optional<Address> numeric_address(const std::string& text) {
  const auto ip4 = parse_address(text + ":0");
  return ip4 ? ip4 : parse_address("[" + text + "]:0");
}

bool is_wildcard(const Address& address) { return address.host == "0.0.0.0" || address.host == "::"; }

// What a watcher can be set on.
struct Watched {
  SimulatedNetwork* network = nullptr;  // null once closed
  Watcher* watcher = nullptr;
  std::uint8_t untold = 0;  // as in the real network: what a watcher set now has to be told
  bool listed = false;
};

struct Side : Watched {
  [[nodiscard]] std::size_t unread() const { return received.size() - consumed; }

  bool established = false;
  bool end_received = false;
  bool end_sent = false;
  bool wants_room = false;  // a write found less room than it wanted
  int failure = 0;
  std::string received;
  std::size_t consumed = 0;   // of `received`
  std::size_t in_flight = 0;  // bytes on their way to this side
  Instant last_due;           // of what is on its way to this side
  Address local;
  Address peer;
  std::optional<PeerCredential> peer_credential;
};

struct Link {
  std::uint64_t id = 0;
  std::array<Side, 2> sides;  // the connecting one, the accepting one
  const SimulatedHost* from = nullptr;
  std::string to_host;
  Address to;
  bool cut = false;  // nothing arrives any more but the news of it
};

struct ListenerState : Watched {
  Address address;
  std::size_t backlog = 0;
  bool reuse_port = false;
  const SimulatedHost* host = nullptr;
  std::vector<std::shared_ptr<Link>> waiting;
};

enum class What : std::uint8_t { knock, established, refused, bytes, end, reset, room, look_again };

struct Event {
  What what = What::knock;
  std::shared_ptr<Link> link;
  std::size_t side = 0;  // to whom it happens
  std::string bytes;
};

}  // namespace

class SimulatedCore final : public Clock, public std::enable_shared_from_this<SimulatedCore> {
 public:
  explicit SimulatedCore(const SimulatedSettings& settings)
      : settings(settings), faults(settings.faults), draws(settings.seed, "network", hash), start_(settings.start) {}

  Time now() const override { return start_ + (now_ - epoch); }
  Instant instant() const override { return now_; }
  void jump_wall(std::chrono::nanoseconds by) { start_ = start_ + by; }

  SimulatedHost& host(const std::string& address);
  SimulatedHost& host_reached(const SimulatedHost& from, const Address& to);

  void send(What what, const std::shared_ptr<Link>& link, std::size_t side, std::string bytes = {});
  void cut(const std::shared_ptr<Link>& link);
  void advance_to(Instant at);
  [[nodiscard]] bool anything_to_tell() const;
  [[nodiscard]] Instant next_event() const;
  [[nodiscard]] Instant next_due() const { return queue_.empty() ? Instant::never() : queue_.begin()->first.first; }
  std::shared_ptr<Link> make_link();
  std::vector<std::shared_ptr<Link>> living_links();
  [[nodiscard]] std::vector<std::shared_ptr<ListenerState>> listeners_at(const std::string& host,
                                                                         const Address& to) const;
  [[nodiscard]] bool taken(const SimulatedHost& host, const Address& at, bool reuse_port) const;
  [[nodiscard]] std::uint16_t free_port(const SimulatedHost& host, const Address& at);
  Reach reach_of(const std::string& host, const Address& to) const;

  static constexpr Instant epoch{std::chrono::seconds(1000)};  // not 0: a machine has been up for a while

  const SimulatedSettings settings;
  Faults faults;
  TraceHash hash;
  SeededRandom draws;
  std::map<std::string, std::unique_ptr<SimulatedHost>> hosts;
  std::map<std::uint64_t, SimulatedNetwork*> networks;
  std::uint64_t next_network = 1;
  std::multimap<std::string, std::shared_ptr<ListenerState>> listeners;  // by host
  std::map<std::pair<std::string, Address>, Reach> reaches;
  std::map<std::string, std::vector<Address>> names;
  std::map<std::string, std::string> failing_names;

 private:
  void deliver(Event& event);
  void knock(const std::shared_ptr<Link>& link);

  Time start_;
  Instant now_ = epoch;
  std::uint64_t next_sequence_ = 0;
  std::map<std::pair<Instant, std::uint64_t>, Event> queue_;
  std::uint64_t next_link_ = 1;
  std::map<std::uint64_t, std::weak_ptr<Link>> links_;
  std::size_t sweep_links_at_ = 64;
  std::map<std::string, std::uint16_t> next_port_;
};

namespace {

class SimulatedNetwork final : public Network {
 public:
  SimulatedNetwork(std::shared_ptr<SimulatedCore> core, SimulatedHost& host)
      : core_(std::move(core)), host_(host), id_(core_->next_network++) {
    core_->networks[id_] = this;
  }
  ~SimulatedNetwork() override { core_->networks.erase(id_); }
  SimulatedNetwork(const SimulatedNetwork&) = delete;
  SimulatedNetwork& operator=(const SimulatedNetwork&) = delete;

  std::unique_ptr<Connection> connect(const Address& to, int& error) override;
  std::unique_ptr<Listener> listen(const Address& at, const ListenRules& rules, int& error) override;
  void poll(Instant until) override;
  void wake() noexcept override { woken_ = true; }
  int watch_descriptor(int, bool, bool, Watcher*) override { return ENOTSUP; }
  void forget_descriptor(int) noexcept override {}

  [[nodiscard]] SimulatedCore& core() { return *core_; }
  [[nodiscard]] bool anything_to_tell() const { return woken_ || !ready_.empty(); }
  void list(std::shared_ptr<Watched> watched) {
    watched->listed = true;
    ready_.push_back(std::move(watched));
  }
  // Something arrived for which there is no watcher: it ends a poll, as it would end epoll_wait.
  void stir() { stirred_ = true; }

 private:
  std::shared_ptr<SimulatedCore> core_;
  SimulatedHost& host_;
  std::uint64_t id_;
  std::atomic<bool> woken_{false};
  bool stirred_ = false;
  std::vector<std::shared_ptr<Watched>> ready_;
};

std::shared_ptr<Watched> side_of(const std::shared_ptr<Link>& link, std::size_t side) {
  return {link, &link->sides[side]};
}

// Something became possible.
void mark(const std::shared_ptr<Watched>& watched, std::uint8_t bits) {
  watched->untold |= bits;
  if (watched->watcher == nullptr) return watched->network->stir();
  if (!watched->listed) watched->network->list(watched);
}

void set_watcher(const std::shared_ptr<Watched>& watched, Watcher* watcher) {
  if (watched->network == nullptr) return;
  watched->watcher = watcher;
  if (watcher != nullptr && watched->untold != 0 && !watched->listed) watched->network->list(watched);
}

void used_up(Watched& watched, std::uint8_t bits) { watched.untold &= static_cast<std::uint8_t>(~bits); }

class SimulatedConnection final : public Connection {
 public:
  SimulatedConnection(SimulatedNetwork& network, std::shared_ptr<Link> link, std::size_t side)
      : core_(network.core()), link_(std::move(link)), side_(side) {}
  ~SimulatedConnection() override {
    // As TCP does: what was not read makes the close a reset.
    close(own().unread() > 0 ? What::reset : What::end);
  }

  Transfer read(std::span<std::byte> into) override {
    Side& side = own();
    if (into.empty() && side.failure == 0) return {};
    if (side.unread() == 0) {
      if (side.failure != 0) return {Outcome::failed, 0, side.failure};
      if (side.end_received) return {Outcome::closed, 0, 0};
      used_up(side, readable_bit);
      return {Outcome::again, 0, 0};
    }
    std::size_t bytes = std::min(into.size(), side.unread());
    if (bytes > 1 && core_.draws.chance(core_.faults.short_transfer)) {
      bytes = 1 + core_.draws.below(bytes - 1);
      core_.send(What::look_again, link_, side_);  // a short count promises to be told of the rest
    }
    std::copy_n(reinterpret_cast<const std::byte*>(side.received.data()) + side.consumed, bytes, into.begin());
    side.consumed += bytes;
    if (side.unread() == 0) {
      side.received.clear();
      side.consumed = 0;
    }
    if (bytes < into.size()) used_up(side, readable_bit);
    if (std::exchange(other().wants_room, false)) core_.send(What::room, link_, 1 - side_);
    return {Outcome::done, bytes, 0};
  }

  Transfer write(std::span<const std::byte> from) override {
    return send({reinterpret_cast<const char*>(from.data()), from.size()});
  }

  Transfer write(std::span<const std::span<const std::byte>> parts) override {
    std::string joined;
    for (const auto part : parts) joined.append(reinterpret_cast<const char*>(part.data()), part.size());
    return send(joined);
  }

  void shutdown_write() override {
    Side& side = own();
    if (side.network == nullptr || side.failure != 0 || !side.established || std::exchange(side.end_sent, true)) return;
    if (!link_->cut) core_.send(What::end, link_, 1 - side_);
  }

  void reset() override {
    close(What::reset);
    own().failure = ECONNABORTED;
    own().received.clear();
    own().consumed = 0;
  }

  void watch(Watcher* watcher) override { set_watcher(side_of(link_, side_), watcher); }
  Address peer() const override { return link_->sides[side_].peer; }
  Address local() const override { return link_->sides[side_].local; }
  std::optional<PeerCredential> peer_credential() const override { return link_->sides[side_].peer_credential; }

 private:
  Side& own() { return link_->sides[side_]; }
  Side& other() { return link_->sides[1 - side_]; }

  Transfer send(std::string_view bytes) {
    Side& side = own();
    if (side.failure != 0) return {Outcome::failed, 0, side.failure};
    if (side.end_sent) return {Outcome::closed, 0, EPIPE};
    if (!side.established) return {Outcome::again, 0, 0};
    if (bytes.empty()) return {};
    if (core_.draws.chance(core_.faults.cut)) {
      core_.cut(link_);
      side.failure = ECONNRESET;
      return {Outcome::failed, 0, ECONNRESET};
    }
    const std::size_t used = other().in_flight + other().unread();
    const std::size_t room = core_.settings.buffer_bytes_max - std::min(used, core_.settings.buffer_bytes_max);
    if (room < bytes.size()) side.wants_room = true;
    if (room == 0) return {Outcome::again, 0, 0};
    bytes = bytes.substr(0, room);
    if (bytes.size() > 1 && core_.draws.chance(core_.faults.short_transfer)) {
      bytes = bytes.substr(0, 1 + core_.draws.below(bytes.size() - 1));
      side.wants_room = false;
      core_.send(What::room, link_, side_);
    }
    if (link_->cut) return {Outcome::done, bytes.size(), 0};
    if (side_ == 1 && core_.draws.chance(core_.faults.lose_reply)) {
      core_.cut(link_);
      return {Outcome::done, bytes.size(), 0};
    }
    other().in_flight += bytes.size();
    core_.send(What::bytes, link_, 1 - side_, std::string(bytes));
    return {Outcome::done, bytes.size(), 0};
  }

  void close(What how) {
    Side& side = own();
    if (side.network == nullptr) return;
    side.network = nullptr;
    side.watcher = nullptr;
    if (side.failure != 0 || link_->cut) return;
    if (how == What::reset || !side.end_sent) core_.send(how, link_, 1 - side_);
    side.end_sent = true;
  }

  SimulatedCore& core_;
  std::shared_ptr<Link> link_;
  std::size_t side_;
};

class SimulatedListener final : public Listener {
 public:
  SimulatedListener(SimulatedNetwork& network, std::shared_ptr<ListenerState> state)
      : network_(network), state_(std::move(state)) {}
  ~SimulatedListener() override {
    SimulatedCore& core = network_.core();
    state_->network = nullptr;
    state_->watcher = nullptr;
    for (const auto& link : state_->waiting) {
      link->sides[1].network = nullptr;
      if (!link->cut) core.send(What::reset, link, 0);
    }
    const auto [begin, end] = core.listeners.equal_range(state_->host->address());
    core.listeners.erase(std::find_if(begin, end, [this](const auto& entry) { return entry.second == state_; }));
  }
  SimulatedListener(const SimulatedListener&) = delete;
  SimulatedListener& operator=(const SimulatedListener&) = delete;

  std::unique_ptr<Connection> accept(int& error) override {
    error = 0;
    if (state_->waiting.empty()) {
      used_up(*state_, readable_bit);
      return nullptr;
    }
    auto link = std::move(state_->waiting.front());
    state_->waiting.erase(state_->waiting.begin());
    return std::make_unique<SimulatedConnection>(network_, std::move(link), 1);
  }

  void watch(Watcher* watcher) override { set_watcher(state_, watcher); }
  Address address() const override { return state_->address; }

 private:
  SimulatedNetwork& network_;
  std::shared_ptr<ListenerState> state_;
};

std::unique_ptr<Connection> SimulatedNetwork::connect(const Address& to, int& error) {
  SimulatedHost& target = core_->host_reached(host_, to);
  error = 0;
  if (to.kind == Address::Kind::local && core_->listeners_at(target.address(), to).empty()) {
    error = ENOENT;  // a Unix socket is asked at once
    return nullptr;
  }
  auto link = core_->make_link();
  link->from = &host_;
  link->to_host = target.address();
  link->to = to;
  Side& side = link->sides[0];
  side.network = this;
  side.peer = to;
  if (to.kind == Address::Kind::local) {
    side.local = {Address::Kind::local, "", 0};
    side.peer_credential = target.credential();
  } else {
    side.local = is_loopback(to) ? to : numeric_address(host_.address()).value_or(to);
    side.local.port = core_->free_port(host_, side.local);
  }
  core_->send(What::knock, link, 1);
  return std::make_unique<SimulatedConnection>(*this, std::move(link), 0);
}

std::unique_ptr<Listener> SimulatedNetwork::listen(const Address& at, const ListenRules& rules, int& error) {
  error = 0;
  Address address = at;
  if (at.kind != Address::Kind::local) {
    const auto canonical = parse_address(to_string(at));
    if (!canonical) {
      error = EINVAL;
      return nullptr;
    }
    address = *canonical;
    if (!is_wildcard(address) && &core_->host_reached(host_, address) != &host_) {
      error = EADDRNOTAVAIL;
      return nullptr;
    }
    if (address.port == 0) address.port = core_->free_port(host_, address);
  }
  if (core_->taken(host_, address, rules.reuse_port)) {
    error = EADDRINUSE;
    return nullptr;
  }
  auto state = std::make_shared<ListenerState>();
  state->network = this;
  state->address = std::move(address);
  state->backlog = static_cast<std::size_t>(std::max(rules.backlog, 1));
  state->reuse_port = rules.reuse_port;
  state->host = &host_;
  core_->listeners.emplace(host_.address(), state);
  return std::make_unique<SimulatedListener>(*this, std::move(state));
}

void SimulatedNetwork::poll(Instant until) {
  core_->advance_to(core_->instant());
  // Once anybody has something to be told the clock stands, even if it is another network's watcher.
  while (core_->instant() < until && !stirred_ && !core_->anything_to_tell()) {
    const Instant next = std::min(core_->next_due(), until);
    if (next == Instant::never()) {
      if (core_->networks.size() > 1) break;  // others may have timers: their driver knows
      throw std::logic_error(
          "the simulation waits for ever: nothing is under way on its network and nothing has a deadline; "
          "give the wait a deadline or let a timer end it");
    }
    core_->advance_to(next);
  }
  woken_ = false;
  stirred_ = false;
  const auto telling = std::exchange(ready_, {});
  for (const auto& watched : telling) {
    watched->listed = false;
    if (watched->watcher == nullptr || watched->untold == 0) continue;
    const std::uint8_t bits = watched->untold;
    used_up(*watched, writable_bit);
    watched->watcher->on_ready({.readable = (bits & readable_bit) != 0,
                                .writable = (bits & writable_bit) != 0,
                                .hung_up = (bits & hung_up_bit) != 0});
  }
}

}  // namespace

SimulatedHost& SimulatedCore::host(const std::string& address) {
  auto& found = hosts[address];
  if (!found) found = std::make_unique<SimulatedHost>(*this, address, static_cast<std::uint32_t>(hosts.size()));
  return *found;
}

SimulatedHost& SimulatedCore::host_reached(const SimulatedHost& from, const Address& to) {
  const auto own = hosts.find(from.address());
  if (is_loopback(to) || is_wildcard(to)) return *own->second;
  const auto found = hosts.find(to.host);
  return found == hosts.end() ? *hosts.at(std::string(first_host)) : *found->second;
}

void SimulatedCore::send(What what, const std::shared_ptr<Link>& link, std::size_t side, std::string bytes) {
  const auto spread =
      static_cast<std::uint64_t>(std::max<std::int64_t>((faults.delay_max - faults.delay_min).count(), 0));
  auto delay = faults.delay_min + std::chrono::nanoseconds(spread == 0 ? 0 : draws.below(spread + 1));
  if (draws.chance(faults.slow)) delay += faults.slow_delay;
  Instant& last = link->sides[side].last_due;
  last = std::max(last, now_ + delay);
  queue_.emplace(std::pair(last, next_sequence_++), Event{what, link, side, std::move(bytes)});
}

void SimulatedCore::cut(const std::shared_ptr<Link>& link) {
  if (std::exchange(link->cut, true)) return;
  send(What::reset, link, 0);
  send(What::reset, link, 1);
}

void SimulatedCore::advance_to(Instant at) {
  while (!queue_.empty() && queue_.begin()->first.first <= at) {
    auto next = queue_.extract(queue_.begin());
    now_ = std::max(now_, next.key().first);
    deliver(next.mapped());
  }
  now_ = std::max(now_, at);
}

bool SimulatedCore::anything_to_tell() const {
  return std::any_of(networks.begin(), networks.end(),
                     [](const auto& entry) { return entry.second->anything_to_tell(); });
}

Instant SimulatedCore::next_event() const { return anything_to_tell() ? now_ : std::max(now_, next_due()); }

void SimulatedCore::deliver(Event& event) {
  hash.add((event.link->id << 8) ^ (event.side << 4) ^ static_cast<std::uint64_t>(event.what));
  hash.add(event.bytes.size());
  hash.add(static_cast<std::uint64_t>(now_.since_start.count()));
  const auto& link = event.link;
  if (event.what == What::knock) return knock(link);
  Side& side = link->sides[event.side];
  side.in_flight -= event.bytes.size();
  if (side.network == nullptr) {
    // Bytes for one who has closed: the sender learns it, as by TCP's RST.
    if (event.what == What::bytes && !link->cut) send(What::reset, link, 1 - event.side);
    return;
  }
  if (side.failure != 0 || (link->cut && event.what != What::reset)) return;
  const auto watched = side_of(link, event.side);
  switch (event.what) {
    case What::established:
      side.established = true;
      return mark(watched, writable_bit);
    case What::refused:
      side.failure = ECONNREFUSED;
      return mark(watched, all_bits);
    case What::bytes:
      side.received += event.bytes;
      return mark(watched, readable_bit);
    case What::end:
      side.end_received = true;
      return mark(watched, readable_bit | hung_up_bit);
    case What::reset:
      side.failure = ECONNRESET;
      return mark(watched, all_bits);
    case What::room:
      return mark(watched, writable_bit);
    case What::look_again:
      return mark(watched, readable_bit);
    case What::knock:
      break;
  }
}

void SimulatedCore::knock(const std::shared_ptr<Link>& link) {
  Side& caller = link->sides[0];
  if (caller.network == nullptr || link->cut) return;
  const Reach reach = reach_of(link->to_host, link->to);
  if (reach == Reach::silent) return;
  const auto found = listeners_at(link->to_host, link->to);
  if (reach == Reach::refused || found.empty() || draws.chance(faults.refuse)) return send(What::refused, link, 0);
  const auto& listener = found.size() == 1 ? found.front() : found[draws.below(found.size())];
  if (listener->waiting.size() >= listener->backlog) {
    queue_.emplace(std::pair(now_ + knock_again, next_sequence_++), Event{What::knock, link, 1, {}});
    return;
  }
  Side& accepted = link->sides[1];
  accepted.network = listener->network;
  accepted.established = true;
  accepted.untold = writable_bit;
  accepted.local = link->to;
  accepted.peer = caller.local;
  if (link->to.kind == Address::Kind::local) accepted.peer_credential = link->from->credential();
  listener->waiting.push_back(link);
  send(What::established, link, 0);
  mark(listener, readable_bit);
}

std::shared_ptr<Link> SimulatedCore::make_link() {
  auto link = std::make_shared<Link>();
  link->id = next_link_++;
  links_[link->id] = link;
  if (links_.size() > sweep_links_at_) {
    std::erase_if(links_, [](const auto& entry) { return entry.second.expired(); });
    sweep_links_at_ = 2 * links_.size() + 64;
  }
  return link;
}

std::vector<std::shared_ptr<Link>> SimulatedCore::living_links() {
  std::vector<std::shared_ptr<Link>> found;
  for (const auto& [id, weak] : links_) {
    auto link = weak.lock();
    if (!link || link->cut) continue;
    const bool open = std::any_of(link->sides.begin(), link->sides.end(),
                                  [](const Side& side) { return side.network != nullptr && side.failure == 0; });
    if (open) found.push_back(std::move(link));
  }
  return found;
}

std::vector<std::shared_ptr<ListenerState>> SimulatedCore::listeners_at(const std::string& host,
                                                                        const Address& to) const {
  std::vector<std::shared_ptr<ListenerState>> found;
  const auto [begin, end] = listeners.equal_range(host);
  for (auto at = begin; at != end; ++at) {
    const Address& address = at->second->address;
    const bool any = address.kind != Address::Kind::local && to.kind != Address::Kind::local && is_wildcard(address);
    if (address == to || (any && address.port == to.port)) found.push_back(at->second);
  }
  return found;
}

bool SimulatedCore::taken(const SimulatedHost& host, const Address& at, bool reuse_port) const {
  const auto [begin, end] = listeners.equal_range(host.address());
  return std::any_of(begin, end, [&](const auto& entry) {
    const ListenerState& other = *entry.second;
    const bool local = at.kind == Address::Kind::local;
    if (local != (other.address.kind == Address::Kind::local)) return false;
    const bool clash = other.address == at ||
                       (!local && other.address.port == at.port && (is_wildcard(at) || is_wildcard(other.address)));
    return clash && !(reuse_port && other.reuse_port);
  });
}

std::uint16_t SimulatedCore::free_port(const SimulatedHost& host, const Address& at) {
  std::uint16_t& next = next_port_[host.address()];
  Address wanted = at;
  do {
    next = std::max(static_cast<std::uint16_t>(next + 1), first_free_port);  // after 65535 comes the first again
    wanted.port = next;
  } while (taken(host, wanted, false));
  return next;
}

Reach SimulatedCore::reach_of(const std::string& host, const Address& to) const {
  const auto found = reaches.find({host, to});
  return found == reaches.end() ? Reach::open : found->second;
}

SimulatedHost::SimulatedHost(SimulatedCore& core, std::string address, std::uint32_t number)
    : core_(core),
      address_(std::move(address)),
      random_(core.settings.seed, "services of " + address_, core.hash),
      files_(core, SeededRandom(core.settings.seed, "disk of " + address_, core.hash)),
      credential_{.user = 1000, .group = 1000, .process = static_cast<std::int32_t>(number)} {}

Clock& SimulatedHost::clock() { return core_; }

std::unique_ptr<Network> SimulatedHost::make_network() {
  return std::make_unique<SimulatedNetwork>(core_.shared_from_this(), *this);
}

std::vector<Address> SimulatedHost::resolve(const std::string& name, std::string& error) {
  error.clear();
  if (const auto failing = core_.failing_names.find(name); failing != core_.failing_names.end()) {
    error = failing->second;
    return {};
  }
  if (const auto known = core_.names.find(name); known != core_.names.end()) return known->second;
  if (name == "localhost") return {{Address::Kind::ip4, std::string(first_host), 0}};
  if (auto address = numeric_address(name)) return {std::move(*address)};
  error = "host name \"" + name + "\" is unknown in this simulation; give it addresses with add_name";
  return {};
}

SimulatedWorld::SimulatedWorld(const SimulatedSettings& settings) : core_(std::make_shared<SimulatedCore>(settings)) {
  core_->host(std::string(first_host));
}
SimulatedWorld::~SimulatedWorld() = default;

Clock& SimulatedWorld::clock() { return *core_; }
Random& SimulatedWorld::random() { return core_->host(std::string(first_host)).random(); }
SimulatedFiles& SimulatedWorld::files() { return core_->host(std::string(first_host)).files(); }
std::unique_ptr<Network> SimulatedWorld::make_network() { return core_->host(std::string(first_host)).make_network(); }
std::vector<Address> SimulatedWorld::resolve(const std::string& name, std::string& error) {
  return core_->host(std::string(first_host)).resolve(name, error);
}

namespace {

Address numeric(const std::string& text) {
  auto address = numeric_address(text);
  if (!address) {
    throw std::invalid_argument("\"" + text +
                                "\" is no numeric address; expected one like \"10.0.0.2\" or \"fd00::2\"");
  }
  return *address;
}

}  // namespace

SimulatedHost& SimulatedWorld::host(const std::string& address) { return core_->host(numeric(address).host); }

Instant SimulatedWorld::next_event() const { return core_->next_event(); }
void SimulatedWorld::advance_to(Instant at) { core_->advance_to(at); }
void SimulatedWorld::jump_wall(std::chrono::nanoseconds by) { core_->jump_wall(by); }
Faults& SimulatedWorld::faults() { return core_->faults; }

std::size_t SimulatedWorld::cut(const Address& listening) {
  std::size_t count = 0;
  for (const auto& link : core_->living_links()) {
    if (link->to != listening) continue;
    core_->cut(link);
    ++count;
  }
  return count;
}

std::size_t SimulatedWorld::cut_all() {
  std::size_t count = 0;
  for (const auto& link : core_->living_links()) {
    core_->cut(link);
    ++count;
  }
  return count;
}

void SimulatedWorld::set_reach(const Address& listening, Reach reach) {
  const SimulatedHost& first = core_->host(std::string(first_host));
  core_->reaches[{core_->host_reached(first, listening).address(), listening}] = reach;
}

void SimulatedWorld::add_name(const std::string& name, const std::vector<std::string>& numeric_addresses) {
  std::vector<Address> addresses;
  for (const std::string& text : numeric_addresses) addresses.push_back(numeric(text));
  core_->failing_names.erase(name);
  core_->names[name] = std::move(addresses);
}

void SimulatedWorld::fail_name(const std::string& name, const std::string& sentence) {
  core_->failing_names[name] = sentence;
}

void SimulatedWorld::remove_name(const std::string& name) {
  core_->failing_names.erase(name);
  core_->names.erase(name);
}

std::uint64_t SimulatedWorld::draw_hash() const { return core_->hash.value(); }

}  // namespace tutti::world
