// HTTP/1.1 from the calling side: a connection that carries one exchange after the other, and the pool of those to one
// origin. Who takes a connection holds a lease; it goes back if the answer was read to its end, else it is closed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tutti/mutex.hpp>

#include "client/attempt.hpp"
#include "net/connector.hpp"
#include "runtime/shard.hpp"
#include "wire/http1/body.hpp"
#include "wire/http1/response_parser.hpp"

namespace tutti::client {

inline constexpr std::uint64_t reply_bytes_max = 64ull * 1024 * 1024;                // of a buffered answer
inline constexpr std::uint64_t streamed_reply_bytes_max = std::uint64_t{1} << 40;    // of a streamed one
inline constexpr std::chrono::nanoseconds kept_idle_max = std::chrono::seconds(30);  // less than servers keep them

enum class Security : std::uint8_t { plain, tls };

// Where requests go and how the other side is called there.
struct Origin {
  world::Address address;
  Security security = Security::plain;
  std::string host = {};  // the Host header
  std::string name = {};  // what its certificate must say
  std::string base = {};  // before each path: "" or "/base"

  friend auto operator<=>(const Origin&, const Origin&) = default;
};

class HttpConnection {
 public:
  explicit HttpConnection(std::unique_ptr<net::FiberStream> stream) : stream_(std::move(stream)) {}

  void send(std::string_view head, std::string_view body);
  void send(std::string_view bytes) { stream_->write(bytes); }
  // Waits for the head of the answer.
  const wire::http1::ResponseHead& receive(wire::http1::Method request, std::uint64_t body_bytes_max);
  [[nodiscard]] const wire::http1::ResponseHead& head() const noexcept { return parser_.head(); }
  // A piece of the body, valid until the next call; empty at its end.
  [[nodiscard]] std::string_view next_piece();
  [[nodiscard]] std::string read_body();

  [[nodiscard]] bool answer_begun() const noexcept { return !head_bytes_.empty(); }
  [[nodiscard]] bool reusable() const noexcept {
    return complete_ && parser_.head().keep_alive && body_at_ == body_bytes_.size();
  }
  [[nodiscard]] bool quiet() { return stream_->quiet(); }
  [[nodiscard]] std::string peer() const { return world::to_string(stream_->peer()); }

  Instant idle_since = {};

 private:
  [[nodiscard]] std::size_t read_more(std::string& into);

  std::unique_ptr<net::FiberStream> stream_;
  wire::http1::ResponseParser parser_;
  wire::http1::BodyDecoder body_;
  std::string head_bytes_;
  std::string body_bytes_;
  std::size_t body_at_ = 0;
  bool complete_ = false;
};

class HttpPool : public std::enable_shared_from_this<HttpPool> {
 public:
  struct Rules {
    std::size_t connections_max = 64;
    std::chrono::nanoseconds connect_timeout = std::chrono::seconds(1);
    std::function<net::TlsClient*()> tls = {};  // made when it is first needed
  };
  HttpPool(runtime::Shard& shard, Origin origin, Rules rules);

  class Lease {
   public:
    Lease(std::shared_ptr<HttpPool> pool, std::unique_ptr<HttpConnection> connection, bool kept)
        : pool_(std::move(pool)), connection_(std::move(connection)), kept_(kept) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    HttpConnection* operator->() const noexcept { return connection_.get(); }
    [[nodiscard]] bool kept() const noexcept { return kept_; }  // it has been used before

   private:
    std::shared_ptr<HttpPool> pool_;
    std::unique_ptr<HttpConnection> connection_;
    bool kept_;
  };

  enum class Choice : std::uint8_t { kept_or_new, fresh };
  // Waits for a free place and for the connection.
  [[nodiscard]] Lease take(Choice choice);
  void close();  // idle ones now, leased ones when they come back
  [[nodiscard]] const Origin& origin() const noexcept { return origin_; }

 private:
  [[nodiscard]] std::unique_ptr<HttpConnection> connect();
  void give_back(std::unique_ptr<HttpConnection> connection) noexcept;

  runtime::Shard& shard_;
  Origin origin_;
  Rules rules_;
  Semaphore places_;
  std::vector<std::unique_ptr<HttpConnection>> idle_;
  bool closed_ = false;
};

// May the request be sent a second time on another connection, if a kept one died without an answer?
enum class Resend : std::uint8_t { if_unsent, always };

// Sends a request and waits for the head of its answer. Throws WireError.
[[nodiscard]] HttpPool::Lease exchange(HttpPool& pool, std::string_view head, std::string_view body,
                                       wire::http1::Method method, Resend resend, std::uint64_t body_bytes_max);

}  // namespace tutti::client
