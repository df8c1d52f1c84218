// The network by epoll. A descriptor is registered once, edge-triggered, for everything, and never again: so a
// request on a kept connection costs one recv and one send. Each registration has a slot; the kernel carries the slot's
// number and generation, so an event that is still in the batch when its connection has been destroyed (or its slot
// taken by a new one) is recognised and dropped. A slot also remembers readiness that nobody was told or that was
// told and not used up, and tells it again when a watcher is set.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>
#include <system_error>

#include "world/real.hpp"

namespace tutti::world {
namespace {

constexpr std::uint8_t readable_bit = 1;
constexpr std::uint8_t writable_bit = 2;
constexpr std::uint8_t hung_up_bit = 4;
constexpr std::uint64_t wake_key = ~std::uint64_t{0};
constexpr std::size_t events_max = 512;  // told by one poll; the rest comes with the next
constexpr std::size_t parts_max = 64;    // of a gathered write that go into one system call
constexpr int lock_tries_max =
    500;  // of 1 ms: how long starting waits for another process that starts on the same path

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_storage);

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// Returns errno: EINVAL for an address that is not numeric, ENAMETOOLONG for a path that does not fit.
int fill_socket_address(const Address& from, SocketAddress& to) {
  to = {};
  switch (from.kind) {
    case Address::Kind::ip4: {
      auto& in = reinterpret_cast<sockaddr_in&>(to.storage);
      in.sin_family = AF_INET;
      in.sin_port = htons(from.port);
      to.length = sizeof in;
      return ::inet_pton(AF_INET, from.host.c_str(), &in.sin_addr) == 1 ? 0 : EINVAL;
    }
    case Address::Kind::ip6: {
      auto& in = reinterpret_cast<sockaddr_in6&>(to.storage);
      in.sin6_family = AF_INET6;
      in.sin6_port = htons(from.port);
      to.length = sizeof in;
      return ::inet_pton(AF_INET6, from.host.c_str(), &in.sin6_addr) == 1 ? 0 : EINVAL;
    }
    case Address::Kind::local:
      break;
  }
  auto& un = reinterpret_cast<sockaddr_un&>(to.storage);
  un.sun_family = AF_UNIX;
  if (from.host.empty()) return EINVAL;
  if (from.host.size() >= sizeof un.sun_path) return ENAMETOOLONG;
  std::memcpy(un.sun_path, from.host.data(), from.host.size());
  to.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + from.host.size() + 1);
  return 0;
}

Address address_from(const SocketAddress& from) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  switch (from.storage.ss_family) {
    case AF_INET: {
      const auto& in = reinterpret_cast<const sockaddr_in&>(from.storage);
      ::inet_ntop(AF_INET, &in.sin_addr, text.data(), text.size());
      return {Address::Kind::ip4, text.data(), ntohs(in.sin_port)};
    }
    case AF_INET6: {
      const auto& in = reinterpret_cast<const sockaddr_in6&>(from.storage);
      // An IPv4 peer of a listener on [::]: what people and access lists know is the IPv4 address.
      if (IN6_IS_ADDR_V4MAPPED(&in.sin6_addr)) {
        ::inet_ntop(AF_INET, in.sin6_addr.s6_addr + 12, text.data(), text.size());
        return {Address::Kind::ip4, text.data(), ntohs(in.sin6_port)};
      }
      ::inet_ntop(AF_INET6, &in.sin6_addr, text.data(), text.size());
      return {Address::Kind::ip6, text.data(), ntohs(in.sin6_port)};
    }
    default:
      break;
  }
  const auto& un = reinterpret_cast<const sockaddr_un&>(from.storage);
  const std::size_t room =
      from.length > offsetof(sockaddr_un, sun_path) ? from.length - offsetof(sockaddr_un, sun_path) : 0;
  return {Address::Kind::local, std::string(un.sun_path, ::strnlen(un.sun_path, room)), 0};
}

int family_of(const Address& address) {
  switch (address.kind) {
    case Address::Kind::ip4:
      return AF_INET;
    case Address::Kind::ip6:
      return AF_INET6;
    case Address::Kind::local:
      break;
  }
  return AF_UNIX;
}

void set_option(int descriptor, int level, int name) {
  const int on = 1;
  ::setsockopt(descriptor, level, name, &on, sizeof on);
}

int open_socket(const Address& address) {
  const int family = family_of(address);
  const int descriptor = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor >= 0 && family != AF_UNIX) set_option(descriptor, IPPROTO_TCP, TCP_NODELAY);
  return descriptor;
}

std::uint8_t bits_of(std::uint32_t events) {
  std::uint8_t bits = 0;
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) bits |= readable_bit;
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) bits |= writable_bit;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) bits |= hung_up_bit;
  return bits;
}

Ready ready_of(std::uint8_t bits) {
  return {.readable = (bits & readable_bit) != 0,
          .writable = (bits & writable_bit) != 0,
          .hung_up = (bits & hung_up_bit) != 0};
}

class RealNetwork;

// A descriptor in the epoll set, for as long as this object lives.
class Registration {
 public:
  explicit Registration(RealNetwork& network) : network_(network) {}
  ~Registration() { close(); }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;

  // Takes the descriptor over, also when it fails. Returns errno.
  int open(int descriptor);
  void close();
  void watch(Watcher* watcher);
  void used_up(std::uint8_t bits);  // what was told has been used until there was no more
  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] NetworkCounters& counters();

 private:
  RealNetwork& network_;
  int descriptor_ = -1;
  std::uint32_t slot_ = 0;
};

class RealNetwork final : public Network {
 public:
  RealNetwork();
  ~RealNetwork() override {
    ::close(wake_);
    ::close(epoll_);
  }
  RealNetwork(const RealNetwork&) = delete;
  RealNetwork& operator=(const RealNetwork&) = delete;

  std::unique_ptr<Connection> connect(const Address& to, int& error) override;
  std::unique_ptr<Listener> listen(const Address& at, const ListenRules& rules, int& error) override;
  void poll(Instant until) override;
  void wake() noexcept override;
  int watch_descriptor(int descriptor, bool readable, bool writable, Watcher* watcher) override;
  void forget_descriptor(int descriptor) noexcept override;

  int add(int descriptor, std::uint32_t events, std::uint32_t& slot_number);
  void release(std::uint32_t slot_number);
  void watch(std::uint32_t slot_number, Watcher* watcher);
  void used_up(std::uint32_t slot_number, std::uint8_t bits) {
    slots_[slot_number].untold &= static_cast<std::uint8_t>(~bits);
  }

  NetworkCounters counters;

 private:
  struct Slot {
    Watcher* watcher = nullptr;
    std::uint32_t generation = 0;
    int foreign = -1;         // the descriptor, if it is one of watch_descriptor
    std::uint8_t untold = 0;  // bits that a watcher set now has to be told
    bool listed = false;      // in owed_
  };

  [[nodiscard]] std::uint64_t key_of(std::uint32_t slot_number) const {
    return (std::uint64_t{slots_[slot_number].generation} << 32) | slot_number;
  }
  [[nodiscard]] Slot* slot_of(std::uint64_t key);
  int wait(Instant until);
  void tell(std::uint64_t key, std::uint8_t bits);

  int epoll_ = -1;
  int wake_ = -1;
  std::atomic<bool> woken_{false};
  bool precise_ = true;  // epoll_pwait2 works (Linux 5.11, and not forbidden by an old seccomp profile)
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> foreign_;  // slots of watch_descriptor: few, and searched
  std::vector<std::uint64_t> owed_;     // slots whose new watcher has something to be told
  std::vector<std::uint64_t> telling_;  // owed_ of the poll that runs
  std::array<epoll_event, events_max> events_{};
};

int Registration::open(int descriptor) {
  const int error = network_.add(descriptor, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, slot_);
  if (error != 0) {
    ::close(descriptor);
    return error;
  }
  descriptor_ = descriptor;
  return 0;
}

void Registration::close() {
  if (descriptor_ < 0) return;
  network_.release(slot_);
  ::close(descriptor_);  // which also takes it out of the epoll set
  descriptor_ = -1;
}

void Registration::watch(Watcher* watcher) {
  if (descriptor_ >= 0) network_.watch(slot_, watcher);
}

void Registration::used_up(std::uint8_t bits) { network_.used_up(slot_, bits); }

NetworkCounters& Registration::counters() { return network_.counters; }

class RealConnection final : public Connection {
 public:
  explicit RealConnection(RealNetwork& network) : registration_(network) {}

  int open(int descriptor) { return registration_.open(descriptor); }

  Transfer read(std::span<std::byte> into) override {
    if (failure_ != 0) return {Outcome::failed, 0, failure_};
    if (into.empty()) return {};
    while (true) {
      ++registration_.counters().recv;
      const ssize_t got = ::recv(registration_.descriptor(), into.data(), into.size(), 0);
      if (got > 0) {
        if (static_cast<std::size_t>(got) < into.size()) registration_.used_up(readable_bit);
        return {Outcome::done, static_cast<std::size_t>(got), 0};
      }
      if (got == 0) return {Outcome::closed, 0, 0};
      if (errno == EINTR) continue;
      if (errno == EAGAIN) {
        registration_.used_up(readable_bit);
        return {Outcome::again, 0, 0};
      }
      return failed(errno);
    }
  }

  Transfer write(std::span<const std::byte> from) override {
    iovec part{const_cast<std::byte*>(from.data()), from.size()};
    return send(&part, 1, from.size(), 0);
  }

  Transfer write(std::span<const std::span<const std::byte>> parts) override {
    std::size_t total = 0;
    while (true) {
      std::array<iovec, parts_max> vectors;
      const std::size_t count = std::min(parts.size(), parts_max);
      std::size_t bytes = 0;
      for (std::size_t i = 0; i < count; ++i) {
        vectors[i] = {const_cast<std::byte*>(parts[i].data()), parts[i].size()};
        bytes += parts[i].size();
      }
      parts = parts.subspan(count);
      Transfer sent = send(vectors.data(), count, bytes, parts.empty() ? 0 : MSG_MORE);
      if (sent.outcome != Outcome::done) return total == 0 ? sent : Transfer{Outcome::done, total, 0};
      total += sent.bytes;
      if (sent.bytes < bytes || parts.empty()) return {Outcome::done, total, 0};
    }
  }

  void shutdown_write() override {
    if (registration_.descriptor() >= 0) ::shutdown(registration_.descriptor(), SHUT_WR);
  }

  void reset() override {
    if (registration_.descriptor() < 0) return;
    // Closing with a linger time of 0 sends RST. A Unix socket has none: the other side sees the end, or ECONNRESET if
    // it wrote what was not read.
    const linger at_once{1, 0};
    ::setsockopt(registration_.descriptor(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    registration_.close();
    failure_ = ECONNABORTED;
  }

  void watch(Watcher* watcher) override { registration_.watch(watcher); }

  Address peer() const override { return named(::getpeername); }
  Address local() const override { return named(::getsockname); }

  std::optional<PeerCredential> peer_credential() const override {
    ucred who{};
    socklen_t length = sizeof who;
    // TCP sockets answer too, with no process: only a Unix socket's word is worth something.
    if (registration_.descriptor() < 0 || local().kind != Address::Kind::local ||
        ::getsockopt(registration_.descriptor(), SOL_SOCKET, SO_PEERCRED, &who, &length) != 0) {
      return std::nullopt;
    }
    return PeerCredential{who.uid, who.gid, who.pid};
  }

 private:
  Transfer send(iovec* parts, std::size_t count, std::size_t bytes, int flags) {
    if (failure_ != 0) return {Outcome::failed, 0, failure_};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = count;
    while (true) {
      ++registration_.counters().send;
      const ssize_t sent = count == 1 ? ::send(registration_.descriptor(), parts->iov_base, bytes, MSG_NOSIGNAL | flags)
                                      : ::sendmsg(registration_.descriptor(), &message, MSG_NOSIGNAL | flags);
      if (sent >= 0) return {Outcome::done, static_cast<std::size_t>(sent), 0};
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return {Outcome::again, 0, 0};
      if (errno == EPIPE) return {Outcome::closed, 0, EPIPE};
      return failed(errno);
    }
  }

  // The kernel tells a failure once and afterwards only the end; whoever asks later must hear the reason too.
  Transfer failed(int error) {
    failure_ = error;
    return {Outcome::failed, 0, error};
  }

  Address named(int (*ask)(int, sockaddr*, socklen_t*)) const {
    SocketAddress found;
    if (registration_.descriptor() < 0 || ask(registration_.descriptor(), found.get(), &found.length) != 0) return {};
    return address_from(found);
  }

  Registration registration_;
  int failure_ = 0;
};

class RealListener final : public Listener {
 public:
  explicit RealListener(RealNetwork& network) : network_(network), registration_(network) {}

  ~RealListener() override {
    struct stat now {};
    // Only if the path still leads to our socket: a successor may have taken it.
    if (inode_ != 0 && ::lstat(address_.host.c_str(), &now) == 0 && now.st_ino == inode_ && now.st_dev == device_) {
      ::unlink(address_.host.c_str());
    }
  }

  // Returns errno.
  int open(int descriptor, const Address& at) {
    if (const int error = registration_.open(descriptor); error != 0) return error;
    address_ = at;
    if (at.kind == Address::Kind::local) {
      struct stat made {};
      if (::lstat(at.host.c_str(), &made) == 0) {
        inode_ = made.st_ino;
        device_ = made.st_dev;
      }
      return 0;
    }
    SocketAddress given;
    if (::getsockname(descriptor, given.get(), &given.length) != 0) return errno;
    address_.port = ntohs(at.kind == Address::Kind::ip4 ? reinterpret_cast<sockaddr_in&>(given.storage).sin_port
                                                        : reinterpret_cast<sockaddr_in6&>(given.storage).sin6_port);
    return 0;
  }

  std::unique_ptr<Connection> accept(int& error) override {
    error = 0;
    auto connection = std::make_unique<RealConnection>(network_);  // first: without memory none is taken and lost
    while (true) {
      ++registration_.counters().accept;
      // TCP_NODELAY comes from the listener: Linux copies it to what it accepts.
      const int descriptor = ::accept4(registration_.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (descriptor >= 0) {
        error = connection->open(descriptor);
        return error == 0 ? std::move(connection) : nullptr;
      }
      if (errno == EAGAIN) {
        registration_.used_up(readable_bit);
        return nullptr;
      }
      // accept(2): errors of the one connection that went away meanwhile are passed on; the next one may be well.
      if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO || errno == ENETDOWN || errno == ENOPROTOOPT ||
          errno == EHOSTDOWN || errno == ENONET || errno == EHOSTUNREACH || errno == EOPNOTSUPP ||
          errno == ENETUNREACH) {
        continue;
      }
      error = errno;
      return nullptr;
    }
  }

  void watch(Watcher* watcher) override { registration_.watch(watcher); }
  Address address() const override { return address_; }

 private:
  RealNetwork& network_;
  Registration registration_;
  Address address_;
  ino_t inode_ = 0;
  dev_t device_ = 0;
};

// Two processes that start on one path must not both find it dead and replace each other's socket: whoever binds holds
// a lock on the directory meanwhile. It leaves no file behind.
class DirectoryLock {
 public:
  explicit DirectoryLock(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    descriptor_ = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor_ < 0) return;
    // Somebody else may hold a lock on this directory for long and for other reasons; then going on is the lesser evil.
    for (int i = 0; i < lock_tries_max && ::flock(descriptor_, LOCK_EX | LOCK_NB) != 0; ++i) {
      const timespec pause{0, 1'000'000};
      ::nanosleep(&pause, nullptr);
    }
  }
  ~DirectoryLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  int descriptor_ = -1;
};

// A socket's file outlives a process that was killed. Nobody listens behind it then, and connecting is refused.
bool is_dead_socket(const std::string& path, const SocketAddress& address) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode)) return false;
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (probe < 0) return false;
  const bool refused = ::connect(probe, address.get(), address.length) != 0 && errno == ECONNREFUSED;
  ::close(probe);
  return refused;
}

// Binds, sets the mode and listens, in this order: nobody can connect before the mode is right. Returns errno.
int listen_locally(int descriptor, const Address& at, const SocketAddress& address, const ListenRules& rules) {
  const DirectoryLock lock(at.host);
  if (::bind(descriptor, address.get(), address.length) != 0) {
    if (errno != EADDRINUSE) return errno;
    if (!is_dead_socket(at.host, address)) return EADDRINUSE;
    ::unlink(at.host.c_str());
    if (::bind(descriptor, address.get(), address.length) != 0) return errno;
  }
  int error = ::chmod(at.host.c_str(), rules.mode) == 0 ? 0 : errno;
  if (error == 0 && ::listen(descriptor, rules.backlog) != 0) error = errno;
  if (error != 0) ::unlink(at.host.c_str());
  return error;
}

int listen_on_port(int descriptor, const SocketAddress& address, const ListenRules& rules) {
  set_option(descriptor, SOL_SOCKET, SO_REUSEADDR);
  if (rules.reuse_port) set_option(descriptor, SOL_SOCKET, SO_REUSEPORT);
  if (::bind(descriptor, address.get(), address.length) != 0) return errno;
  return ::listen(descriptor, rules.backlog) == 0 ? 0 : errno;
}

RealNetwork::RealNetwork() {
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) throw std::system_error(errno, std::system_category(), "epoll_create1");
  wake_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;  // edges: the counter never has to be read back
  event.data.u64 = wake_key;
  if (wake_ < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) != 0) {
    const int error = errno;
    if (wake_ >= 0) ::close(wake_);
    ::close(epoll_);
    throw std::system_error(error, std::system_category(), "eventfd");
  }
}

std::unique_ptr<Connection> RealNetwork::connect(const Address& to, int& error) {
  SocketAddress address;
  error = fill_socket_address(to, address);
  if (error != 0) return nullptr;
  auto connection = std::make_unique<RealConnection>(*this);  // before there is a descriptor that could be lost
  const int descriptor = open_socket(to);
  if (descriptor < 0) {
    error = errno;
    return nullptr;
  }
  ++counters.connect;
  // An interrupted connect goes on in the background, as one in progress does.
  if (::connect(descriptor, address.get(), address.length) != 0 && errno != EINPROGRESS && errno != EINTR) {
    error = errno;
    ::close(descriptor);
    return nullptr;
  }
  // Registered only now: a socket that does not connect yet counts as hung up.
  error = connection->open(descriptor);
  return error == 0 ? std::move(connection) : nullptr;
}

std::unique_ptr<Listener> RealNetwork::listen(const Address& at, const ListenRules& rules, int& error) {
  SocketAddress address;
  error = fill_socket_address(at, address);
  if (error != 0) return nullptr;
  const int descriptor = open_socket(at);
  if (descriptor < 0) {
    error = errno;
    return nullptr;
  }
  error = at.kind == Address::Kind::local ? listen_locally(descriptor, at, address, rules)
                                          : listen_on_port(descriptor, address, rules);
  if (error != 0) {
    ::close(descriptor);
    return nullptr;
  }
  auto listener = std::make_unique<RealListener>(*this);
  error = listener->open(descriptor, at);
  return error == 0 ? std::move(listener) : nullptr;
}

void RealNetwork::poll(Instant until) {
  const int count = wait(until);
  telling_.swap(owed_);
  for (const std::uint64_t key : telling_) {
    Slot* slot = slot_of(key);
    if (slot == nullptr) continue;
    slot->listed = false;
    if (slot->untold != 0) tell(key, slot->untold);
  }
  telling_.clear();
  for (int i = 0; i < count; ++i) {
    const epoll_event event = events_[static_cast<std::size_t>(i)];
    if (event.data.u64 == wake_key) {
      woken_.exchange(false);
    } else {
      tell(event.data.u64, bits_of(event.events));
    }
  }
}

int RealNetwork::wait(Instant until) {
  ++counters.wait;
  timespec left{};
  const bool forever = owed_.empty() && until == Instant::never();
  if (owed_.empty() && !forever) {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const auto nanoseconds = until.since_start.count() - (now.tv_sec * 1'000'000'000 + now.tv_nsec);
    if (nanoseconds > 0) left = {nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
  }
  if (precise_) {
    const int count =
        ::epoll_pwait2(epoll_, events_.data(), static_cast<int>(events_max), forever ? nullptr : &left, nullptr);
    if (count >= 0) return count;
    if (errno != ENOSYS && errno != EPERM) return 0;  // EINTR: the caller looks around and comes again
    precise_ = false;
  }
  // Rounded up: a timer must not find that it woke too early and turn in circles until its time.
  const std::int64_t milliseconds = left.tv_sec * 1000 + (left.tv_nsec + 999'999) / 1'000'000;
  const int timeout = forever ? -1 : static_cast<int>(std::min<std::int64_t>(milliseconds, INT_MAX));
  const int count = ::epoll_wait(epoll_, events_.data(), static_cast<int>(events_max), timeout);
  return std::max(count, 0);
}

// `untold` holds on to what the watcher may leave unused: a later watcher must hear of unread bytes and of the end, for
// no new edge will tell. Room for writing is found by trying.
void RealNetwork::tell(std::uint64_t key, std::uint8_t bits) {
  Slot* slot = slot_of(key);
  if (slot == nullptr) return;
  Watcher* watcher = slot->watcher;
  if (slot->foreign >= 0) {
    forget_descriptor(slot->foreign);
  } else {
    slot->untold |= bits;
    if (watcher != nullptr) slot->untold &= static_cast<std::uint8_t>(~writable_bit);
  }
  // The slot is not touched after this: the watcher may release it, and the vector may move.
  if (watcher != nullptr) watcher->on_ready(ready_of(bits));
}

void RealNetwork::wake() noexcept {
  // One write for many calls. The exchange of poll() pairs with this one: what the caller wrote before is seen after.
  if (woken_.exchange(true)) return;
  const std::uint64_t one = 1;
  while (::write(wake_, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

int RealNetwork::watch_descriptor(int descriptor, bool readable, bool writable, Watcher* watcher) {
  const std::uint32_t events =
      (readable ? EPOLLIN | EPOLLRDHUP : 0u) | (writable ? static_cast<std::uint32_t>(EPOLLOUT) : 0u);
  std::uint32_t slot_number = 0;
  if (const int error = add(descriptor, events, slot_number); error != 0) return error;
  slots_[slot_number].foreign = descriptor;
  slots_[slot_number].watcher = watcher;
  foreign_.push_back(slot_number);
  return 0;
}

void RealNetwork::forget_descriptor(int descriptor) noexcept {
  for (std::uint32_t& slot_number : foreign_) {
    if (slots_[slot_number].foreign != descriptor) continue;
    ++counters.control;
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
    release(slot_number);
    slot_number = foreign_.back();
    foreign_.pop_back();
    return;
  }
}

int RealNetwork::add(int descriptor, std::uint32_t events, std::uint32_t& slot_number) {
  if (free_.empty()) {
    const std::size_t slots = slots_.size();
    try {
      slots_.emplace_back();
      free_.reserve(slots_.capacity());  // so that release() never allocates
    } catch (const std::bad_alloc&) {
      slots_.resize(slots);
      return ENOMEM;
    }
    free_.push_back(static_cast<std::uint32_t>(slots));
  }
  slot_number = free_.back();
  epoll_event event{};
  event.events = events;
  event.data.u64 = key_of(slot_number);
  ++counters.control;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) != 0) return errno;
  free_.pop_back();
  return 0;
}

void RealNetwork::release(std::uint32_t slot_number) {
  const std::uint32_t next = slots_[slot_number].generation + 1;
  slots_[slot_number] = {};
  slots_[slot_number].generation = next;
  free_.push_back(slot_number);
}

void RealNetwork::watch(std::uint32_t slot_number, Watcher* watcher) {
  Slot& slot = slots_[slot_number];
  slot.watcher = watcher;
  if (watcher == nullptr || slot.untold == 0 || slot.listed) return;
  owed_.push_back(key_of(slot_number));
  slot.listed = true;
}

RealNetwork::Slot* RealNetwork::slot_of(std::uint64_t key) {
  const auto slot_number = static_cast<std::uint32_t>(key);
  if (slot_number >= slots_.size() || slots_[slot_number].generation != static_cast<std::uint32_t>(key >> 32)) {
    return nullptr;
  }
  return &slots_[slot_number];
}

}  // namespace

std::unique_ptr<Network> real_network() { return std::make_unique<RealNetwork>(); }

const NetworkCounters& counters_of(const Network& network) {
  return dynamic_cast<const RealNetwork&>(network).counters;
}

}  // namespace tutti::world
