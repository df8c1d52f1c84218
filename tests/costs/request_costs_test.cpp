// What a small request costs once the service is warm, counted exactly: allocations of the serving thread by the
// library and its calls of the kernel. A limit that is exceeded means that something was added to the path of every
// request.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <new>

#include "service/given.hpp"
#include "wire/msgpack_rpc/message.hpp"
#include "wire/msgpack_rpc/pack.hpp"

namespace {

thread_local std::uint64_t allocations = 0;

}  // namespace

extern "C" {
void* __real_malloc(std::size_t bytes);
void* __real_calloc(std::size_t count, std::size_t bytes);
void* __real_realloc(void* memory, std::size_t bytes);
void* __wrap_malloc(std::size_t bytes) {
  ++allocations;
  return __real_malloc(bytes);
}
void* __wrap_calloc(std::size_t count, std::size_t bytes) {
  ++allocations;
  return __real_calloc(count, bytes);
}
void* __wrap_realloc(void* memory, std::size_t bytes) {
  ++allocations;
  return __real_realloc(memory, bytes);
}
}

namespace {

void* allocate(std::size_t bytes) {
  if (void* const memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t bytes) { return allocate(bytes); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  ++allocations;
  if (void* const memory = std::aligned_alloc(static_cast<std::size_t>(alignment), bytes)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace request_costs {

using namespace tutti;

struct Item {
  std::string sku;
  std::int64_t quantity = 0;
};
struct Order {
  std::int64_t id = 0;
  std::string customer;
  bool paid = false;
  double total = 0;
  std::optional<Item> first = {};
};
struct Found {
  std::string name;
};
struct Find {
  std::string name;
  std::int64_t limit = 10;
};
constexpr Service costs{"costs", "1.0"};
constexpr Method<Found()> ping{costs, "ping", get("/ping")};
constexpr Method<Order(Order)> echo{costs, "echo", post("/echo")};
constexpr Method<Found(Find)> find{costs, "find", get("/found/{name}")};

// What the serving thread had spent when a handler began. From one request's handler to the next one's is one request.
struct Spent {
  std::uint64_t allocations = 0;
  world::NetworkCounters calls;
};
constexpr std::size_t requests = 200;
std::array<Spent, requests> spent;
std::atomic<std::size_t> seen = 0;  // handlers so far; set back by the client while none runs

void note() {
  spent[seen.load() % requests] = {allocations, world::counters_of(runtime::Shard::current().network())};
  ++seen;
}

Composed service() {
  return {costs, [](App& app) {
            app.serve(ping, [] {
              note();
              return Found{"pong"};
            });
            app.serve(echo, [](Order&& order) {
              note();
              return std::move(order);
            });
            app.serve(find, [](Find&& wanted) {
              note();
              return Found{std::move(wanted.name)};
            });
          }};
}

// Once a second a few things are renewed (the date, the pool of stacks): the least of several runs is what a request
// costs.
template <class AskOnce>
Spent cost_of(AskOnce ask_once) {
  constexpr int runs = 5;
  Spent least{.allocations = UINT64_MAX, .calls = {}};
  for (int run = 0; run < runs; ++run) {
    seen = 0;
    for (std::size_t i = 0; i < requests; ++i) ask_once();
    if (seen != requests) throw std::logic_error("a request did not reach its handler");
    const Spent& first = spent.front();
    const Spent& last = spent.back();
    const std::uint64_t count = last.allocations - first.allocations;
    if (count >= least.allocations) continue;
    least.allocations = count;
    least.calls.recv = last.calls.recv - first.calls.recv;
    least.calls.send = last.calls.send - first.calls.send;
    least.calls.wait = last.calls.wait - first.calls.wait;
    least.calls.control = last.calls.control - first.calls.control;
  }
  return least;
}

constexpr std::uint64_t between = requests - 1;

void expect_cheap(const Spent& cost) {
  EXPECT_EQ(cost.allocations, 0u);
  EXPECT_EQ(cost.calls.recv, between);
  EXPECT_EQ(cost.calls.send, between);
  EXPECT_EQ(cost.calls.control, 0u);
  EXPECT_LE(cost.calls.wait, between);  // none if the next request was there already
}

void expect_cheap_http(const std::string& request, std::string_view end_of_answer,
                       const std::vector<std::string>& flags = {"--tutti.log.access=off"}) {
  given::Running running({service()}, flags);
  given::Wire wire(running.http);
  expect_cheap(cost_of([&] {
    wire.send(request);
    (void)wire.receive_until(end_of_answer);
  }));
}

// That what follows is counted at all.
TEST(RequestCosts, a_text_that_fits_no_string_is_seen) {
  given::Running running({service()}, {"--tutti.log.access=off"});
  given::Wire wire(running.http);
  const std::string request = given::request_text("GET", "/found/a-name-that-is-longer-than-a-string-holds-in-itself");
  const Spent cost = cost_of([&] {
    wire.send(request);
    (void)given::read_answer(wire);
  });
  EXPECT_GE(cost.allocations, between);
}

TEST(RequestCosts, a_ping_allocates_nothing) {
  expect_cheap_http(given::request_text("GET", "/ping"), R"({"name":"pong"})");
}

TEST(RequestCosts, a_small_json_echo_allocates_nothing) {
  expect_cheap_http(
      given::request_text("POST", "/echo", "Content-Type: application/json\r\n",
                          R"({"id":17,"customer":"ada","paid":true,"total":12.75,"first":{"sku":"pen","quantity":2}})"),
      R"("quantity":2}})");
}

TEST(RequestCosts, fields_from_path_and_query_allocate_nothing) {
  expect_cheap_http(given::request_text("GET", "/found/pen?limit=3"), R"({"name":"pen"})");
}

TEST(RequestCosts, a_trace_that_came_along_allocates_nothing) {
  expect_cheap_http(
      given::request_text("GET", "/ping", "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n"),
      R"({"name":"pong"})");
}

TEST(RequestCosts, a_batch_of_pipelined_pings_is_one_read_and_one_write) {
  given::Running running({service()}, {"--tutti.log.access=off"});
  given::Wire wire(running.http);
  constexpr std::size_t batch = 10;
  static_assert(requests % batch == 0);
  std::string together;
  for (std::size_t i = 0; i < batch; ++i) together += given::request_text("GET", "/ping");
  std::size_t asked = 0;
  const Spent cost = cost_of([&] {
    if (asked++ % batch == 0) wire.send(together);
    (void)wire.receive_until(R"({"name":"pong"})");
  });
  EXPECT_EQ(cost.allocations, 0u);
  EXPECT_EQ(cost.calls.recv, requests / batch - 1);
  EXPECT_EQ(cost.calls.send, requests / batch - 1);
}

TEST(RequestCosts, a_small_call_over_rpc_allocates_nothing) {
  namespace rpc = wire::msgpack_rpc;
  given::Running running({service()}, {"--tutti.rpc.listen=127.0.0.1:0", "--tutti.log.access=off"});
  given::Wire wire(running.rpc);
  std::string call;
  rpc::append_request(call, 1, "costs.echo", rpc::Trailing::nothing);
  rpc::append_array(call, 1);
  call +=
      "\x82\xa2id\x11\xa8"
      "customer\xa3"
      "ada";
  expect_cheap(cost_of([&] {
    wire.send(call);
    (void)wire.receive_until(std::string_view("\xa5total\xcb\0\0\0\0\0\0\0\0", 15));
  }));
}

}  // namespace request_costs
