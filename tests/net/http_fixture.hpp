// An http service for tests of the wire, and a raw peer that sends exactly the bytes it is told to. What each path
// does is in `serve`.
#pragma once

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <tutti/scope.hpp>
#include <tutti/wait.hpp>

#include "net/http_server.hpp"
#include "runtime/on_fiber.hpp"

namespace tutti::net::testing {

using namespace std::chrono_literals;
using runtime::testing::on_fiber;

inline runtime::Shard& this_shard() { return runtime::Shard::current(); }

class PathService final : public HttpService {
 public:
  Admission admit(const wire::http1::RequestHead& head, const Peer&) override {
    if (head.path.starts_with("/upload") || head.path == "/slow-upload") return {.body = Admission::Body::streamed};
    return {};
  }
  void serve(HttpExchange& exchange) override {
    ++entered;
    const std::string path(exchange.head().path);
    if (path == "/echo") {
      exchange.respond(200, "text/plain", exchange.body());
    } else if (path == "/path") {
      exchange.respond(200, "text/plain", exchange.head().query);
    } else if (path == "/wait") {
      const std::string_view body = exchange.body();
      try {
        tutti::sleep(1s);
      } catch (const Error& error) {
        if (error.code() == Code::cancelled) ++cancelled;
        throw;
      }
      exchange.respond(200, "text/plain", body);
    } else if (path == "/large") {
      exchange.respond(200, "text/plain", std::string(large_bytes, 'x'));
    } else if (path == "/large-in-time") {
      const std::string body(large_bytes, 'x');
      tutti::with_deadline(100ms, [&] { exchange.respond(200, "text/plain", body); });
    } else if (path == "/stream") {
      exchange.start(200, "text/plain");
      const std::string piece(64 * 1024, 'y');
      for (std::size_t left = large_bytes; left != 0;) {
        const std::size_t count = std::min(left, piece.size());
        exchange.write(std::string_view(piece).substr(0, count));
        written += count;
        left -= count;
      }
    } else if (path == "/pieces") {
      exchange.start(200, "text/plain");
      exchange.write("one");
      exchange.flush();
      exchange.write("three");
    } else if (path == "/upload" || path == "/slow-upload") {
      std::array<std::byte, 8192> room;
      std::size_t total = 0;
      while (const std::size_t count = exchange.read(room)) {
        uploaded_text.append(reinterpret_cast<const char*>(room.data()), count);
        total += count;
        uploaded = total;
        if (path == "/slow-upload") tutti::sleep(10ms);
      }
      exchange.respond(200, "text/plain", std::to_string(total));
    } else if (path == "/upload-refused") {
      exchange.respond(403, "text/plain", "no");
    } else if (path == "/upload-refused-in-pieces") {
      exchange.start(403, "text/plain");
      exchange.write("no");
      exchange.flush();
    } else if (path == "/throw") {
      throw std::runtime_error("on purpose");
    } else if (path == "/broken-stream") {
      exchange.start(200, "text/plain");
      exchange.write("half");
      throw std::runtime_error("on purpose");
    } else if (path != "/silent") {
      exchange.respond(404, {}, {});
    }
    ++finished;
  }
  void refused(int status, std::string_view, const Peer&) override { refusals.push_back(status); }

  std::size_t large_bytes = 8 * 1024 * 1024;
  int entered = 0;
  int finished = 0;
  int cancelled = 0;
  std::size_t written = 0;
  std::size_t uploaded = 0;
  std::string uploaded_text;
  std::vector<int> refusals;
};

class RawClient {
 public:
  RawClient(const world::Address& to) {
    int error = 0;
    connection_ = this_shard().network().connect(to, error);
    tutti::sleep(5ms);
  }
  // As far as the other side takes it within the time; how much it took.
  std::size_t write(std::string_view bytes, std::chrono::nanoseconds within = 5s) {
    const Instant until = this_shard().read_clock() + within;
    std::size_t taken = 0;
    while (taken < bytes.size()) {
      const world::Transfer moved = connection_->write(std::as_bytes(std::span(bytes.substr(taken))));
      if (moved.outcome == world::Outcome::done) {
        taken += moved.bytes;
      } else if (moved.outcome == world::Outcome::again && this_shard().read_clock() < until) {
        tutti::sleep(1ms);
      } else {
        break;
      }
    }
    return taken;
  }
  // Reads until `enough` of it, the end, or the time is over.
  template <class F>
  std::string read_until(F enough, std::chrono::nanoseconds within = 5s) {
    const Instant until = this_shard().read_clock() + within;
    std::string got;
    while (!enough(got)) {
      std::array<std::byte, 16384> room;
      const world::Transfer moved = connection_->read(room);
      if (moved.outcome == world::Outcome::done) {
        got.append(reinterpret_cast<const char*>(room.data()), moved.bytes);
        continue;
      }
      if (moved.outcome != world::Outcome::again) {
        ended = true;
        broken = moved.outcome == world::Outcome::failed;
        return got;
      }
      if (this_shard().read_clock() >= until) return got;
      tutti::sleep(1ms);
    }
    return got;
  }
  std::string read_to_end(std::chrono::nanoseconds within = 5s) {
    return read_until([](const std::string&) { return false; }, within);
  }
  std::string read_bytes(std::size_t bytes) {
    return read_until([&](const std::string& got) { return got.size() >= bytes; });
  }
  std::string read_ending(std::string_view end, std::chrono::nanoseconds within = 5s) {
    return read_until([&](const std::string& got) { return got.ends_with(end); }, within);
  }
  void finish_writing() { connection_->shutdown_write(); }
  void reset() { connection_->reset(); }
  void close() { connection_.reset(); }

  bool ended = false;
  bool broken = false;

 private:
  std::unique_ptr<world::Connection> connection_;
};

inline std::string get(std::string_view target, std::string_view more = {}) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nhost: a\r\n" + std::string(more) + "\r\n";
}
inline std::string post(std::string_view target, std::string_view body, std::string_view more = {}) {
  return "POST " + std::string(target) + " HTTP/1.1\r\nhost: a\r\ncontent-length: " + std::to_string(body.size()) +
         "\r\n" + std::string(more) + "\r\n" + std::string(body);
}
inline std::string chunked(std::string_view target, std::string_view chunks) {
  return "POST " + std::string(target) + " HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n" +
         std::string(chunks);
}
inline std::size_t count_of(std::string_view text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + what.size())) ++found;
  return found;
}

}  // namespace tutti::net::testing
