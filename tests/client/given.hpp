// A small contract, and rpc and http servers of it in the simulated world, scripted by a function.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include <tutti/contract.hpp>

#include "client/client.hpp"
#include "message/msgpack.hpp"
#include "net/http_server.hpp"
#include "net/rpc_server.hpp"
#include "runtime/on_fiber.hpp"
#include "wire/codes.hpp"
#include "wire/http1/problem.hpp"

namespace store {

struct Put {
  std::string key;
  std::int64_t amount = 0;
};
struct Stored {
  std::string by;
};
struct Full {
  static constexpr auto code = tutti::Code::resource_exhausted;
  std::string reason;
};
struct Query {
  std::string key;
  std::optional<int> page = {};
};
inline constexpr tutti::Service service{"store", "1.0"};
inline constexpr tutti::Method<Stored(Put), tutti::Throws<Full>> put{service, "put", tutti::post("/items/{key}")};
inline constexpr tutti::Method<Stored(Put)> put_once{
    service, "put_once", tutti::post("/once/{key}"), {.repeat = tutti::Repeat::by_key}};
inline constexpr tutti::Method<Stored(Query)> look{
    service, "look", tutti::get("/items/{key}"), {.repeat = tutti::Repeat::safe}};
inline constexpr tutti::Method<tutti::Stream<Stored>(Query)> watch{service, "watch", tutti::get("/watch/{key}")};
inline constexpr tutti::Method<Stored(tutti::Stream<tutti::Bytes>)> upload{service, "upload", tutti::post("/upload")};
inline constexpr tutti::Method<Stored(tutti::Stream<Put>)> load{service, "load", tutti::post("/load")};

}  // namespace store

namespace tutti::client::testing {

using namespace std::chrono_literals;
using runtime::testing::on_fiber;

struct Server {
  virtual ~Server() = default;
  std::string name;
  std::chrono::nanoseconds takes{0};
  bool unavailable = false;
  bool overloaded = false;  // refuses
  bool broken = false;      // answers `internal`
  std::map<std::string, int> executed;
  int calls = 0;

  void run(const std::string& key) {
    ++calls;
    ++executed[key];
    if (takes.count() != 0) sleep(takes);
  }
};

struct RpcStore final : Server, net::RpcService {
  RpcStore(runtime::Shard& shard, const std::string& address) {
    name = address;
    server = net::serve_rpc(shard, *this, {.listen = *world::parse_address(address)});
  }
  void serve(net::RpcExchange& exchange) override {
    store::Put put;
    const auto argument = wire::msgpack_rpc::argument_of(exchange.params());
    (void)message::read_msgpack(detail::shape_of<store::Put>(), &put, argument.argument);
    identity = exchange.metadata().identity;
    traceparent = exchange.metadata().traceparent;
    request_id = exchange.metadata().request_id;
    authorization = exchange.metadata().authorization;
    run(put.key);
    std::string out;
    if (broken) {
      wire::msgpack_rpc::append_error(out, {.code = Code::internal, .message = "a defect"});
      return exchange.fail(out);
    }
    if (overloaded) {
      wire::msgpack_rpc::append_error(
          out, {.code = Code::unavailable, .message = "too much", .type = wire::overloaded_type});
      return exchange.fail(out);
    }
    if (unavailable) {
      wire::msgpack_rpc::append_error(out, {.code = Code::unavailable, .message = "busy"});
      return exchange.fail(out);
    }
    if (put.key == "full" || put.key == "strange") {
      std::string value;
      (void)message::write_msgpack(detail::shape_of<store::Full>(),
                                   std::make_unique<store::Full>(store::Full{"no room"}).get(), value);
      wire::msgpack_rpc::append_error(out, {.code = Code::resource_exhausted,
                                            .message = "no",
                                            .type = put.key == "full" ? "store.Full" : "store.Strange",
                                            .value = value});
      return exchange.fail(out);
    }
    if (put.key == "bad") return exchange.respond("\x80");
    const store::Stored stored{name};
    (void)message::write_msgpack(detail::shape_of<store::Stored>(), &stored, out);
    exchange.respond(out);
  }
  std::string identity, traceparent, request_id, authorization;
  std::unique_ptr<net::RpcServer> server;
};

struct HttpStore final : Server, net::HttpService {
  HttpStore(runtime::Shard& shard, const std::string& address, net::HttpLimits limits = {}) {
    name = address;
    server = net::serve_http(shard, *this, {.listen = *world::parse_address(address), .limits = limits});
  }
  net::Admission admit(const wire::http1::RequestHead& head, const net::Peer&) override {
    const bool streamed = head.path == "/upload" || head.path == "/load";
    return {.body = streamed ? net::Admission::Body::streamed : net::Admission::Body::buffered};
  }
  void refused(int, std::string_view, const net::Peer&) override {}
  void serve(net::HttpExchange& exchange) override {
    target = exchange.head().target;
    timeout = exchange.head().fields.get(wire::http1::Known::tutti_timeout_ms);
    authorization = exchange.head().fields.get(wire::http1::Known::authorization);
    headers.clear();
    for (const wire::http1::Field& field : exchange.head().fields.list())
      headers.emplace(std::string(field.name), std::string(field.value));
    if (breaks > 0) {
      --breaks;
      ++broken;
      exchange.start(200, "application/json");
      throw std::runtime_error("the connection breaks");
    }
    if (exchange.head().path == "/load") {
      std::byte piece[1000];
      while (const std::size_t count = exchange.read(piece)) body.append(reinterpret_cast<const char*>(piece), count);
      return exchange.respond(200, "application/json", "{\"by\":\"load\"}");
    }
    if (exchange.head().path == "/upload") {
      std::byte piece[1000];
      std::size_t all = 0;
      while (const std::size_t count = exchange.read(piece)) all += count;
      return exchange.respond(200, "application/json", "{\"by\":\"" + std::to_string(all) + "\"}");
    }
    if (exchange.head().path.starts_with("/watch/")) {
      exchange.start(200, "application/jsonl");
      for (int i = 0; i < 3; ++i) {
        exchange.write("{\"by\":\"" + std::to_string(i) + "\"}\n");
        exchange.flush();
      }
      return exchange.finish();
    }
    body = exchange.body();
    const std::string key(exchange.head().path.substr(exchange.head().path.rfind('/') + 1));
    run(key);
    if (unavailable) return exchange.respond(503, {}, {});
    if (overloaded) {
      std::string problem;
      wire::http1::append_problem(
          problem, {.status = 503, .code = Code::unavailable, .type = std::string(wire::overloaded_type)});
      return exchange.respond(503, wire::http1::problem_type, problem);
    }
    if (key == "taken") return exchange.respond(409, "text/plain", "is there");
    if (key == "full") {
      std::string problem;
      wire::http1::append_problem(problem, {.status = 429,
                                            .code = Code::resource_exhausted,
                                            .type = "store.Full",
                                            .value_json = "{\"reason\":\"no room\"}"});
      return exchange.respond(429, wire::http1::problem_type, problem);
    }
    exchange.respond(200, "application/json", key == "bad" ? "{}" : "{\"by\":\"" + name + "\"}");
  }
  std::string target, timeout, authorization, body;
  std::map<std::string, std::string> headers;
  int breaks = 0;  // so many of the next requests get no answer
  int broken = 0;
  std::unique_ptr<net::HttpServer> server;
};

template <class Request>
store::Stored call(Client& client, const detail::MethodSpec& method, const Request& request, Outgoing outgoing = {}) {
  alignas(store::Stored) std::byte memory[sizeof(store::Stored)];
  if (outgoing.deadline == Instant::never()) outgoing.deadline = runtime::Shard::current().now() + 30s;
  client.call(method, &request, memory, outgoing);
  auto* const stored = std::launder(reinterpret_cast<store::Stored*>(memory));
  store::Stored result = std::move(*stored);
  std::destroy_at(stored);
  return result;
}

inline std::unique_ptr<Client> client_for(TargetSettings settings, Transport transport = Transport::rpc) {
  settings.transport = transport;
  return make_client(runtime::Shard::current(), {{"store", settings}});
}

}  // namespace tutti::client::testing
