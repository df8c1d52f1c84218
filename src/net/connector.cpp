#include "net/connector.hpp"

#include <array>
#include <cstring>

#include <tutti/error.hpp>

#include "net/tls.hpp"
#include "runtime/parker.hpp"

namespace tutti::net {
namespace {

class Stream final : public FiberStream, private world::Watcher {
 public:
  Stream(const world::Address& to, std::unique_ptr<world::Connection> connection)
      : to_(to), connection_(std::move(connection)) {
    connection_->watch(this);
  }
  Stream(const world::Address& to, std::unique_ptr<TlsConnection> connection)
      : to_(to), connection_(std::move(connection)), tls_(static_cast<TlsConnection*>(connection_.get())) {
    connection_->watch(this);
  }
  ~Stream() { connection_->watch(nullptr); }

  std::size_t read(std::span<std::byte> into) override {
    if (peeked_) {
      into[0] = *peeked_;
      peeked_.reset();
      return 1;
    }
    for (;;) {
      const world::Transfer moved = connection_->read(into);
      switch (moved.outcome) {
        case world::Outcome::done:
          return moved.bytes;
        case world::Outcome::closed:
          return 0;
        case world::Outcome::failed:
          fail("reading from", moved.error);
        case world::Outcome::again:
          wait_for(readable_, "an answer");
      }
    }
  }

  void write(std::string_view bytes) override {
    const std::span<const std::byte> part = std::as_bytes(std::span(bytes));
    write(std::span(&part, 1));
  }

  void write(std::span<const std::span<const std::byte>> parts) override {
    std::array<std::span<const std::byte>, 8> left;
    while (!parts.empty()) {
      std::size_t count = std::min(parts.size(), left.size());
      std::copy_n(parts.begin(), count, left.begin());
      parts = parts.subspan(count);
      std::span<std::span<const std::byte>> rest(left.data(), count);
      while (!rest.empty()) {
        const world::Transfer moved = connection_->write(std::span<const std::span<const std::byte>>(rest));
        if (moved.outcome == world::Outcome::failed) fail("writing to", moved.error);
        if (moved.outcome == world::Outcome::closed) fail("writing to", EPIPE);
        if (moved.outcome == world::Outcome::again) {
          wait_for(writable_, "a slow reader");
          continue;
        }
        std::size_t bytes = moved.bytes;
        while (!rest.empty() && bytes >= rest.front().size()) {
          bytes -= rest.front().size();
          rest = rest.subspan(1);
        }
        if (!rest.empty()) rest.front() = rest.front().subspan(bytes);
      }
    }
  }

  void shutdown_write() override { connection_->shutdown_write(); }

  bool quiet() override {
    if (peeked_) return false;
    std::byte one;
    const world::Transfer moved = connection_->read({&one, 1});
    if (moved.outcome == world::Outcome::done && moved.bytes == 1) peeked_ = one;
    return moved.outcome == world::Outcome::again;
  }

  world::Address peer() const override { return connection_->peer(); }

  // The first readiness tells that connecting has ended, a read how.
  void wait_until_connected() {
    wait_for(writable_, "a connection");
    std::byte one;
    const world::Transfer moved = connection_->read({&one, 1});
    if (moved.outcome == world::Outcome::done && moved.bytes == 1) peeked_ = one;
    if (moved.outcome == world::Outcome::failed) {
      throw Error(Code::unavailable, "cannot connect to " + world::to_string(to_) + ": " + reason(moved.error));
    }
  }

 private:
  struct Waiting {
    runtime::Parker* parker = nullptr;
    bool ready = false;  // told since somebody last waited
  };

  void on_ready(world::Ready ready) override {
    if (ready.readable || ready.hung_up) tell(readable_);
    if (ready.writable || ready.hung_up) tell(writable_);
  }
  static void tell(Waiting& waiting) {
    waiting.ready = true;
    if (waiting.parker) waiting.parker->unpark();
  }
  void wait_for(Waiting& waiting, const char* what) {
    if (!std::exchange(waiting.ready, false)) {
      runtime::Parker parker;
      waiting.parker = &parker;
      struct Clear {
        Waiting& waiting;
        ~Clear() { waiting.parker = nullptr; }
      } clear{waiting};
      (void)parker.park(Instant::never(), what);
      waiting.ready = false;
    }
  }
  [[noreturn]] void fail(const char* doing, int error) {
    throw Error(Code::unavailable, std::string(doing) + " " + world::to_string(to_) + " failed: " + reason(error));
  }
  std::string reason(int error) const { return tls_ && !tls_->why().empty() ? tls_->why() : std::strerror(error); }

  const world::Address to_;  // as asked for: a socket that never connected has no peer
  std::unique_ptr<world::Connection> connection_;
  const TlsConnection* tls_ = nullptr;  // connection_, if it is one
  Waiting readable_, writable_;
  std::optional<std::byte> peeked_;
};

}  // namespace

std::unique_ptr<FiberStream> connect(runtime::Shard& shard, const world::Address& to, TlsClient* tls,
                                     std::string_view server_name) {
  int error = 0;
  auto connection = shard.network().connect(to, error);
  if (!connection)
    throw Error(Code::unavailable, "cannot connect to " + world::to_string(to) + ": " + std::strerror(error));
  // A TLS connection becomes writable when hands are shaken.
  auto stream = tls ? std::make_unique<Stream>(to, tls->wrap(std::move(connection), server_name))
                    : std::make_unique<Stream>(to, std::move(connection));
  stream->wait_until_connected();
  return stream;
}

}  // namespace tutti::net
