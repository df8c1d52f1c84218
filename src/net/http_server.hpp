// The HTTP/1.1 server of one shard: accepts, parses on the loop, enters a fiber once per request, writes the
// answers of one turn together. It knows connections, limits and time-outs; what a request means is its HttpService's matter.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/peer.hpp"
#include "runtime/shard.hpp"
#include "wire/http1/request_parser.hpp"

namespace tutti::net {

class TlsServer;  // net/tls.hpp

// Each limit is a setting under tutti.http with the same name (docs/reference/settings.md).
struct HttpLimits {
  std::size_t connections_max = 10'000;   // derived from the descriptor limit at start-up; over it a connection is closed after 503
  std::size_t request_line_bytes_max = 8 * 1024;   // over it 414
  std::size_t header_bytes_max = 32 * 1024;        // over it 431
  std::size_t header_count_max = 100;              // over it 431
  std::size_t body_bytes_max = 1024 * 1024;        // of a buffered body; over it 413
  std::size_t stream_bytes_max = 1024ull * 1024 * 1024;  // of a streamed body; over it 413
  std::size_t pipelined_max = 64;                  // requests read ahead on one connection; more wait in the kernel
  std::chrono::nanoseconds idle_timeout = std::chrono::seconds(60);    // between requests: closed
  std::chrono::nanoseconds header_timeout = std::chrono::seconds(10);  // first byte to end of head: 408
  std::chrono::nanoseconds body_timeout = std::chrono::seconds(30);    // without 4 KiB more of a buffered body, or a byte more of a streamed one: 408
  std::chrono::nanoseconds write_timeout = std::chrono::seconds(30);   // without progress of the answer: reset
};

struct HttpHeader {
  std::string_view name;
  std::string_view value;
};

// A connection that has left HTTP for another protocol.
struct Upgraded {
  std::unique_ptr<world::Connection> connection;
  Peer peer;
  std::string received = {};  // came behind the request already
  std::string unsent = {};    // of HTTP, the 101 included: leaves first
};

// What shall be done with a request whose head is there. Decided on the loop, before a fiber: must not wait.
struct Admission {
  enum class Body : std::uint8_t { buffered, streamed };
  Body body = Body::buffered;
  std::size_t body_bytes_max = 0;      // 0: the limit of that kind
  const void* target = nullptr;        // the service's own: given back with the exchange
};

// A request and the duty to answer it once. Lives on the request's fiber.
class HttpExchange {
 public:
  [[nodiscard]] virtual const wire::http1::RequestHead& head() const = 0;
  [[nodiscard]] virtual const void* target() const = 0;
  [[nodiscard]] virtual const Peer& peer() const = 0;
  [[nodiscard]] virtual Instant received() const = 0;  // when the head was complete

  // A buffered body, whole.
  [[nodiscard]] virtual std::string_view body() const = 0;
  // A streamed body. Waits; 0 at the end. Throws tutti::Error: cancelled (client gone), resource_exhausted (over the limit),
  // deadline_exceeded, invalid_argument (bad chunk). Sends "100 Continue" at the first read if it was asked for.
  [[nodiscard]] virtual std::size_t read(std::span<std::byte> into) = 0;

  // The whole answer at once. content_type empty: none is sent. A body of a HEAD request is counted and not sent.
  virtual void respond(int status, std::string_view content_type, std::string_view body, std::span<const HttpHeader> headers = {}) = 0;
  // An answer piece by piece: chunked (close-delimited for HTTP/1.0), or with content_length if it is not npos. Then write()*, finish().
  virtual void start(int status, std::string_view content_type, std::span<const HttpHeader> headers = {},
                     std::size_t content_length = static_cast<std::size_t>(-1)) = 0;
  virtual void write(std::string_view bytes) = 0;  // Waits for room; throws cancelled if the client has gone
  virtual void flush() = 0;                        // what was written leaves now
  virtual void finish() = 0;
  // Answers 101 with these headers. Once serve() has returned, the connection is no longer this server's but is given to
  // `take`, which must not wait; if that throws, the connection is closed. The protocol is named by the headers.
  virtual void upgrade(std::span<const HttpHeader> headers, std::function<void(Upgraded)> take) = 0;
  [[nodiscard]] virtual bool started() const = 0;  // respond() or start() was called
  [[nodiscard]] virtual bool peer_gone() const = 0;
  [[nodiscard]] virtual std::uint64_t bytes_sent() const = 0;

 protected:
  ~HttpExchange() = default;
};

class HttpService {
 public:
  virtual ~HttpService() = default;
  [[nodiscard]] virtual Admission admit(const wire::http1::RequestHead& head, const Peer& peer) = 0;
  // On a fiber of its own. If it returns without an answer or throws, the server answers 500 (or resets, when the
  // answer has begun). The client hanging up cancels the fiber.
  virtual void serve(HttpExchange& exchange) = 0;
  // A request that never reached serve(): malformed, over a limit, timed out. For counting and the access log.
  virtual void refused(int status, std::string_view reason, const Peer& peer) = 0;
};

// Reported as metrics (tutti.http.*).
struct HttpServerCounts {
  std::size_t connections = 0;
  std::size_t in_flight = 0;
  std::uint64_t accepted = 0;
  std::uint64_t refused_connections = 0;  // over connections_max, or out of descriptors
};

// Stopping, in this order: stop_accepting(), drain(until), destructor.
class HttpServer {
 public:
  virtual ~HttpServer() = default;  // resets what is left
  [[nodiscard]] virtual world::Address address() const = 0;
  [[nodiscard]] virtual HttpServerCounts counts() const = 0;
  // The listener closes. Kept connections go on; each answer from now on says "Connection: close" and closes cleanly;
  // those that stay idle are closed after half a second.
  virtual void stop_accepting() = 0;
  // Waits (on a fiber) until no request is in flight and no connection is open, at most until `until`; true if so.
  [[nodiscard]] virtual bool drain(Instant until) = 0;
};

struct HttpServerRules {
  world::Address listen;
  world::ListenRules listen_rules = {};
  HttpLimits limits = {};
  TlsServer* tls = nullptr;      // null: plain
  bool certificates = false;     // of clients: their names are in the Peer of a request
  std::string_view server_name = {};  // "Server:" header; empty: none
  // Name (in lower case) and value, of every answer that does not bring its own of that name, refusals included.
  std::vector<std::pair<std::string, std::string>> headers = {};
  // Connections that this server has given away and that are still open: they count towards connections_max.
  std::function<std::size_t()> given_away = {};
};

// Throws tutti::Error with a sentence that names the address: unavailable (taken), permission_denied. The exit code is 77.
[[nodiscard]] std::unique_ptr<HttpServer> serve_http(runtime::Shard& shard, HttpService& service, const HttpServerRules& rules);

}  // namespace tutti::net
