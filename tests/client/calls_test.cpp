// Calls to a service in other processes while the network fails: what is repeated, what is not, who is asked.
#include "client/given.hpp"
#include "wire/msgpack_rpc/pack.hpp"

namespace tutti::client::testing {
namespace {

using runtime::Shard;
using runtime::testing::code_thrown_by;
using runtime::testing::message_of;

TraceContext a_trace() {
  TraceContext trace;
  trace.trace_id.fill(1);
  trace.span_id.fill(2);
  trace.flags = TraceContext::sampled_flag;
  return trace;
}

TEST(Calls, over_rpc_bring_a_reply_and_the_contracts_errors_as_their_types) {
  world::SimulatedWorld world;
  on_fiber(world, [&] {
    RpcStore server(Shard::current(), "127.0.0.1:7001");
    const auto client = client_for({.endpoints = {server.name}});

    EXPECT_EQ(call(*client, store::put, store::Put{"a"}, {.identity = "orders"}).by, server.name);
    EXPECT_EQ(server.identity, "orders");
    try {
      (void)call(*client, store::put, store::Put{"full"});
      FAIL() << "nothing was thrown";
    } catch (const store::Full& full) {
      EXPECT_EQ(full.reason, "no room");
    }
    try {
      (void)call(*client, store::put, store::Put{"strange"});
      FAIL() << "nothing was thrown";
    } catch (const Error& error) {
      EXPECT_EQ(error.type(), "store.Strange");
      EXPECT_EQ(error.value_json(), "{\"reason\":\"no room\"}");
    }
    EXPECT_EQ(code_thrown_by([&] { (void)call(*client, store::put, store::Put{"bad"}); }), Code::internal);
  });
}

TEST(Calls, tell_their_trace_request_id_and_token) {
  world::SimulatedWorld world;
  on_fiber(world, [&] {
    ASSERT_EQ(world.files().make_directories("/run"), 0);
    ASSERT_EQ(world.files().replace("/run/token", "abc\n"), 0);
    RpcStore server(Shard::current(), "127.0.0.1:7001");
    const auto client = client_for({.endpoints = {server.name}, .bearer_token_file = "/run/token"});
    (void)call(*client, store::put, store::Put{"a"}, {.trace = a_trace(), .request_id = "r-7"});
    EXPECT_EQ(server.traceparent, "00-01010101010101010101010101010101-0202020202020202-01");
    EXPECT_EQ(server.request_id, "r-7");
    EXPECT_EQ(server.authorization, "Bearer abc");
    // A token is read again, as it is replaced while the process runs.
    ASSERT_EQ(world.files().replace("/run/token", "def\n"), 0);
    sleep(1h);
    (void)call(*client, store::put, store::Put{"a"});
    EXPECT_EQ(server.authorization, "Bearer def");
  });
}

TEST(Calls, in_flight_end_when_the_client_stops_and_none_begins) {
  for (const Transport transport : {Transport::rpc, Transport::http}) {
    world::SimulatedWorld world;
    on_fiber(world, [&] {
      RpcStore rpc(Shard::current(), "127.0.0.1:7001");
      HttpStore http(Shard::current(), "127.0.0.1:8001");
      rpc.takes = http.takes = 10s;
      const auto client = client_for({.endpoints = {transport == Transport::rpc ? rpc.name : http.name}}, transport);
      Code code = Code::ok;
      Scope scope;
      scope.spawn([&] { code = code_thrown_by([&] { (void)call(*client, store::put, store::Put{"a"}); }); });
      sleep(100ms);
      const Instant before = Shard::current().now();
      client->stop();
      scope.join();
      EXPECT_TRUE(code == Code::cancelled || code == Code::unavailable) << name_of(code);
      EXPECT_LT(Shard::current().now() - before, 1s);
      EXPECT_EQ(code_thrown_by([&] { (void)call(*client, store::put, store::Put{"b"}); }), Code::unavailable);
      EXPECT_EQ(rpc.calls + http.calls, 1);
    });
  }
}

// A server of the bare specification, which answers tutti.hello with an error.
TEST(Calls, with_a_key_are_not_sent_to_a_peer_that_does_not_understand_it) {
  world::SimulatedWorld world;
  on_fiber(world, [&] {
    int error = 0;
    const auto listener = Shard::current().network().listen(*world::parse_address("127.0.0.1:7001"), {}, error);
    ASSERT_TRUE(listener);
    std::string got;
    Scope scope;
    scope.spawn([&] {
      int failure = 0;
      std::unique_ptr<world::Connection> accepted;
      while (!(accepted = listener->accept(failure))) sleep(1ms);
      std::string answer, reason;
      wire::msgpack_rpc::append_text(reason, "no such method");
      wire::msgpack_rpc::append_error_response(answer, 1, reason);
      (void)accepted->write(std::as_bytes(std::span(answer)));
      sleep(1s);
      std::array<std::byte, 4096> room;
      const world::Transfer moved = accepted->read(room);
      if (moved.outcome == world::Outcome::done) got.assign(reinterpret_cast<const char*>(room.data()), moved.bytes);
    });
    const auto client = client_for({.endpoints = {"127.0.0.1:7001"}});
    EXPECT_EQ(message_of([&] { (void)call(*client, store::put_once, store::Put{"a"}, {.idempotency_key = "k"}); }),
              "the idempotency key of store.put_once cannot travel: 127.0.0.1:7001 does not know tutti.hello; call it "
              "without a key, or over http");
    scope.join();
    EXPECT_NE(got.find("tutti.hello"), got.npos);
    EXPECT_EQ(got.find("put_once"), got.npos);
  });
}

TEST(Calls, without_endpoints_say_what_to_set) {
  world::SimulatedWorld world;
  on_fiber(world, [&] {
    const auto client = make_client(Shard::current(), {});
    EXPECT_EQ(message_of([&] { (void)call(*client, store::put, store::Put{"a"}); }),
              "no endpoints for service \"store\"; set TUTTI_TARGETS_STORE_ENDPOINTS or run it in this process");
  });
}

TEST(Calls, with_no_time_left_do_no_work) {
  world::SimulatedWorld world;
  on_fiber(world, [&] {
    RpcStore server(Shard::current(), "127.0.0.1:7001");
    const auto client = client_for({.endpoints = {server.name}});
    EXPECT_EQ(
        code_thrown_by([&] { (void)call(*client, store::put, store::Put{"a"}, {.deadline = Shard::current().now()}); }),
        Code::deadline_exceeded);
    EXPECT_EQ(server.calls, 0);
  });
}

TEST(Calls, to_an_endpoint_that_refuses_go_to_the_next_also_unsafe_ones) {
  world::SimulatedWorld world;
  on_fiber(world, [&] {
    RpcStore server(Shard::current(), "127.0.0.1:7001");
    const auto client = client_for({.endpoints = {"127.0.0.1:7009", server.name}});
    for (int i = 0; i < 20; ++i) EXPECT_EQ(call(*client, store::put, store::Put{std::to_string(i)}).by, server.name);
    EXPECT_EQ(client->report().front().open_breakers, 1u);
  });
}

class UnderFaults : public ::testing::TestWithParam<std::tuple<Transport, int>> {};

TEST_P(UnderFaults, unsafe_calls_are_executed_once_at_most_and_safe_ones_succeed) {
  const auto [transport, seed] = GetParam();
  world::SimulatedWorld world({.seed = static_cast<std::uint64_t>(seed)});
  on_fiber(world, [&, transport = transport] {
    std::unique_ptr<Server> servers[2];
    for (int i = 0; i < 2; ++i) {
      const std::string at = "127.0.0.1:700" + std::to_string(i);
      if (transport == Transport::rpc) {
        servers[i] = std::make_unique<RpcStore>(Shard::current(), at);
      } else {
        servers[i] = std::make_unique<HttpStore>(Shard::current(), at);
      }
    }
    const auto client = client_for({.endpoints = {servers[0]->name, servers[1]->name},
                                    .attempts_max = 10,
                                    .retry_budget = 10,
                                    .breaker_failures = 1000},
                                   transport);
    world.faults().cut = 0.05;
    world.faults().lose_reply = 0.05;
    world.faults().refuse = 0.1;
    world.faults().short_transfer = 0.2;
    int failed = 0;
    for (int i = 0; i < 60; ++i) {
      const std::string key = "unsafe" + std::to_string(i);
      try {
        (void)call(*client, store::put, store::Put{key});
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::unavailable) << error.what();
        ++failed;
      }
      EXPECT_LE(servers[0]->executed[key] + servers[1]->executed[key], 1) << key;
      EXPECT_NO_THROW((void)call(*client, store::look, store::Query{"safe" + std::to_string(i)}));
      EXPECT_NO_THROW(
          (void)call(*client, store::put_once, store::Put{"keyed" + std::to_string(i)}, {.idempotency_key = "k"}));
    }
    EXPECT_LT(failed, 40);
    EXPECT_GT(client->report().front().retries, 0u);
    world.faults() = {};
  });
}
INSTANTIATE_TEST_SUITE_P(Seeds, UnderFaults,
                         ::testing::Combine(::testing::Values(Transport::rpc, Transport::http),
                                            ::testing::Range(1, 13)));

TEST(Calls, are_not_repeated_beyond_the_budget) {
  world::SimulatedWorld world;
  on_fiber(world, [&] {
    RpcStore server(Shard::current(), "127.0.0.1:7001");
    server.unavailable = true;
    const auto client =
        client_for({.endpoints = {server.name}, .retry_budget = 0.1, .retry_minimum = 0, .breaker_failures = 100000});
    for (int i = 0; i < 200; ++i)
      EXPECT_EQ(code_thrown_by([&] { (void)call(*client, store::look, store::Query{"a"}); }), Code::unavailable);
    EXPECT_GE(server.calls, 210);
    EXPECT_LE(server.calls, 221);
  });
}

TEST(Calls, leave_a_failing_endpoint_alone_and_come_back_by_a_probe) {
  world::SimulatedWorld world;
  on_fiber(world, [&] {
    RpcStore server(Shard::current(), "127.0.0.1:7001");
    server.unavailable = true;
    const auto client = client_for({.endpoints = {server.name}, .breaker_failures = 3});
    for (int i = 0; i < 10; ++i)
      EXPECT_EQ(code_thrown_by([&] { (void)call(*client, store::put, store::Put{"a"}); }), Code::unavailable);
    EXPECT_EQ(server.calls, 3);
    EXPECT_EQ(client->report().front().open_breakers, 1u);
    sleep(1s);
    EXPECT_EQ(code_thrown_by([&] { (void)call(*client, store::put, store::Put{"a"}); }), Code::unavailable);
    EXPECT_EQ(server.calls, 4);
    server.unavailable = false;
    sleep(1s);
    EXPECT_EQ(code_thrown_by([&] { (void)call(*client, store::put, store::Put{"a"}); }), Code::unavailable);
    sleep(1s);
    EXPECT_EQ(call(*client, store::put, store::Put{"a"}).by, server.name);
    EXPECT_EQ(client->report().front().open_breakers, 0u);
  });
}

TEST(Calls, avoid_a_slow_endpoint) {
  world::SimulatedWorld world;
  on_fiber(world, [&] {
    RpcStore fast(Shard::current(), "127.0.0.1:7001");
    RpcStore slow(Shard::current(), "127.0.0.1:7002");
    fast.takes = 1ms;
    slow.takes = 100ms;
    const auto client = client_for({.endpoints = {fast.name, slow.name}});
    Scope scope;
    for (int fiber = 0; fiber < 10; ++fiber) {
      scope.spawn([&] {
        for (int i = 0; i < 40; ++i) (void)call(*client, store::put, store::Put{"a"});
      });
    }
    scope.join();
    EXPECT_EQ(fast.calls + slow.calls, 400);
    EXPECT_LT(slow.calls * 5, fast.calls);
  });
}

TEST(Calls, beyond_in_flight_max_are_refused_at_once) {
  world::SimulatedWorld world;
  on_fiber(world, [&] {
    RpcStore server(Shard::current(), "127.0.0.1:7001");
    server.takes = 1s;
    const auto client = client_for({.endpoints = {server.name}, .in_flight_max = 1});
    Scope scope;
    scope.spawn([&] { (void)call(*client, store::put, store::Put{"a"}); });
    sleep(10ms);
    EXPECT_EQ(code_thrown_by([&] { (void)call(*client, store::put, store::Put{"b"}); }), Code::resource_exhausted);
    scope.join();
  });
}

}  // namespace
}  // namespace tutti::client::testing
