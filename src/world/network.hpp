// The network of a world, one per shard and used only from the shard's thread (but for wake()). Its words are
// those of readiness: try at once, on `again` wait to be told. Registered once, edge-triggered: after on_ready
// a watcher must try until `again` or a short count; told `hung_up`, it must read until `closed` or `failed`, as the end
// may have come together with the last bytes and is not told again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tutti/clock.hpp>

namespace tutti::world {

// "127.0.0.1:8080", "[::1]:8080", "unix:/run/payments.sock". Port 0 asks for a free one.
struct Address {
  enum class Kind : std::uint8_t { ip4, ip6, local } kind = Kind::ip4;
  std::string host;         // the numeric address, or the socket's path
  std::uint16_t port = 0;   // 0 for local

  friend auto operator<=>(const Address&, const Address&) = default;
};
[[nodiscard]] std::string to_string(const Address& address);
// Numeric addresses and unix: paths only; a name must be resolved first. Nothing if it is neither.
[[nodiscard]] std::optional<Address> parse_address(std::string_view text);
[[nodiscard]] bool is_loopback(const Address& address);  // also local

// Who is at the other end of a Unix socket, by the kernel's word (SO_PEERCRED), or by the simulation's.
struct PeerCredential {
  std::uint32_t user = 0;
  std::uint32_t group = 0;
  std::int32_t process = 0;
};

struct Ready {
  bool readable = false;
  bool writable = false;
  bool hung_up = false;  // the other side closed or the connection failed: reading and writing tell which
};

class Watcher {
 public:
  virtual void on_ready(Ready ready) = 0;  // called from poll(); may close and destroy anything, itself included

 protected:
  ~Watcher() = default;
};

enum class Outcome : std::uint8_t {
  done,    // `bytes` were moved (less than asked: there is no more for now)
  again,   // nothing could be moved: on_ready will tell
  closed,  // reading: the other side has finished writing; writing: it no longer reads
  failed,  // `error` (errno) says why
};

struct [[nodiscard]] Transfer {
  Outcome outcome = Outcome::done;
  std::size_t bytes = 0;
  int error = 0;
};

// A byte stream. Destroying it closes it; no on_ready comes afterwards.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual Transfer read(std::span<std::byte> into) = 0;
  // An empty `from` asks whether the other side still takes bytes: so a reset behind its end is told from the end alone.
  virtual Transfer write(std::span<const std::byte> from) = 0;
  virtual Transfer write(std::span<const std::span<const std::byte>> parts) = 0;  // gathered: one system call
  virtual void shutdown_write() = 0;  // the other side sees the end; reading goes on
  virtual void reset() = 0;           // close at once and tell the other side (RST)
  // Null: nobody is told. Readiness that arose before is told at the next poll().
  virtual void watch(Watcher* watcher) = 0;
  [[nodiscard]] virtual Address peer() const = 0;
  [[nodiscard]] virtual Address local() const = 0;
  [[nodiscard]] virtual std::optional<PeerCredential> peer_credential() const = 0;  // Unix sockets only
};

class Listener {
 public:
  virtual ~Listener() = default;  // closes; a Unix socket's file is removed
  // Null with `error` 0: none is waiting. EMFILE and ENFILE: out of descriptors, try later.
  [[nodiscard]] virtual std::unique_ptr<Connection> accept(int& error) = 0;
  virtual void watch(Watcher* watcher) = 0;
  [[nodiscard]] virtual Address address() const = 0;  // with the port that was given
};

struct ListenRules {
  int backlog = 1024;
  bool reuse_port = false;     // several shards on one port
  std::uint32_t mode = 0660;   // of a Unix socket's file. A dead socket's file is replaced; a live one is EADDRINUSE
};

class Network {
 public:
  virtual ~Network() = default;
  // Starts connecting; on_ready(writable) tells the end, and the first write or read the failure. Null and `error`
  // if it fails at once.
  [[nodiscard]] virtual std::unique_ptr<Connection> connect(const Address& to, int& error) = 0;
  [[nodiscard]] virtual std::unique_ptr<Listener> listen(const Address& at, const ListenRules& rules, int& error) = 0;
  // Tells watchers what is ready. Waits for something to become ready, for wake(), or until `until`, whichever is
  // first; an `until` in the past only looks. In a simulation waiting moves the virtual clock.
  virtual void poll(Instant until) = 0;
  // Ends a poll that waits, or the next one. From any thread.
  virtual void wake() noexcept = 0;
  // A foreign descriptor (a database driver's socket, an eventfd). Calls on_ready once for what was asked, then forgets it.
  // Returns errno: EEXIST if it is watched already, EPERM for a regular file. In a simulation: ENOTSUP.
  [[nodiscard]] virtual int watch_descriptor(int descriptor, bool readable, bool writable, Watcher* watcher) = 0;
  // Before the descriptor is closed; unknown ones are ignored.
  virtual void forget_descriptor(int descriptor) noexcept = 0;
};

}  // namespace tutti::world
