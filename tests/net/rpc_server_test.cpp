#include "net/rpc_server.hpp"

#include <tutti/wait.hpp>

#include "net/rpc_fixture.hpp"

namespace tutti::net::testing {
namespace {

runtime::Shard& shard() { return runtime::Shard::current(); }

template <class F>
void with_server(world::World& world, const RpcLimits& limits, F body) {
  on_fiber(world, [&] {
    EchoService service;
    const auto server = serve_rpc(shard(), service, {.listen = *world::parse_address("127.0.0.1:0"), .limits = limits});
    body(service, *server);
  });
}
template <class F>
void with_server(const RpcLimits& limits, F body) {
  world::SimulatedWorld world;
  with_server(world, limits, std::move(body));
}

rpc::Message response(const std::string& bytes) {
  const auto parsed = rpc::parse_message(bytes, rpc::Dialect::plain);
  EXPECT_EQ(parsed.fault, "");
  EXPECT_EQ(parsed.message.kind, rpc::Kind::response);
  return parsed.message;
}

TEST(RpcServer, calls_split_at_every_byte_are_understood) {
  with_server({}, [](EchoService&, RpcServer& server) {
    const std::string bytes = request(7, "echo", params_of("split")) + request(8, "echo", params_of("again"));
    for (std::size_t at = 1; at < bytes.size(); ++at) {
      RawPeer peer(shard(), server.address());
      peer.write(std::string_view(bytes).substr(0, at));
      tutti::sleep(5ms);
      peer.write(std::string_view(bytes).substr(at));
      const auto answers = messages_in(peer.read());
      ASSERT_EQ(answers.size(), 2u) << at;
      EXPECT_EQ(response(answers[0]).id, 7u);
      EXPECT_EQ(response(answers[0]).result, packed("split"));
      EXPECT_EQ(response(answers[1]).result, packed("again"));
    }
  });
}

TEST(RpcServer, a_fast_call_overtakes_a_slow_one) {
  with_server({}, [](EchoService&, RpcServer& server) {
    RawPeer peer(shard(), server.address());
    peer.write(request(1, "slow", params_of("s")) + request(2, "echo", params_of("f")));
    const auto answers = messages_in(peer.read(2s));
    ASSERT_EQ(answers.size(), 2u);
    EXPECT_EQ(response(answers[0]).id, 2u);
    EXPECT_EQ(response(answers[1]).id, 1u);
  });
}

TEST(RpcServer, metadata_without_hello_is_refused) {
  with_server({}, [](EchoService& service, RpcServer& server) {
    RawPeer peer(shard(), server.address());
    std::string bytes;
    rpc::append_request(bytes, 5, "echo", rpc::Trailing::metadata);
    bytes += params_of("x");
    rpc::append_metadata(bytes, {.request_id = "abc"});
    peer.write(bytes);
    const auto answers = messages_in(peer.read());
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(response(answers[0]).id, 5u);
    EXPECT_EQ(rpc::parse_error(response(answers[0]).error).code, Code::invalid_argument);
    EXPECT_EQ(service.entered, 0);
  });
}

TEST(RpcServer, bytes_that_are_no_rpc_get_an_error_and_the_connection_ends) {
  with_server({}, [](EchoService&, RpcServer& server) {
    RawPeer peer(shard(), server.address());
    peer.write("GET / HTTP/1.1\r\n\r\n");
    const auto answers = messages_in(peer.read());
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(response(answers[0]).id, 0u);
    EXPECT_EQ(rpc::parse_error(response(answers[0]).error).code, Code::invalid_argument);
    EXPECT_TRUE(peer.ended);
    peer.close();
    tutti::sleep(10ms);
    EXPECT_EQ(server.counts().connections, 0u);
  });
}

TEST(RpcServer, a_message_over_the_limit_is_answered_by_its_id_and_the_connection_ends) {
  with_server({.message_bytes_max = 1000}, [](EchoService& service, RpcServer& server) {
    RawPeer peer(shard(), server.address());
    peer.write(request(9, "echo", params_of(std::string(2000, 'x'))));
    const auto answers = messages_in(peer.read());
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(response(answers[0]).id, 9u);
    EXPECT_TRUE(peer.ended);
    EXPECT_EQ(service.entered, 0);
  });
}

TEST(RpcServer, no_more_calls_are_read_than_may_be_in_flight) {
  with_server({.in_flight_max = 3}, [](EchoService& service, RpcServer& server) {
    RawPeer peer(shard(), server.address());
    std::string bytes;
    for (std::uint32_t i = 1; i <= 9; ++i) bytes += request(i, "slow", params_of("x"));
    peer.write(bytes);
    tutti::sleep(500ms);
    EXPECT_EQ(service.entered, 3);
    EXPECT_EQ(server.counts().in_flight, 3u);
    EXPECT_EQ(messages_in(peer.read(5s)).size(), 9u);
  });
}

TEST(RpcServer, who_does_not_read_his_answers_is_not_read_either_and_then_dropped) {
  with_server({.write_timeout = 5s}, [](EchoService& service, RpcServer& server) {
    RawPeer peer(shard(), server.address());
    std::string bytes;
    for (std::uint32_t i = 1; i <= 500; ++i) bytes += request(i, "large", params_of("x"));
    peer.write(bytes);
    tutti::sleep(1s);
    EXPECT_LT(service.entered, 20);
    EXPECT_EQ(server.counts().connections, 1u);
    tutti::sleep(10s);
    EXPECT_EQ(server.counts().connections, 0u);
  });
}

TEST(RpcServer, a_slow_reader_gets_everything) {
  with_server({}, [](EchoService&, RpcServer& server) {
    RawPeer peer(shard(), server.address());
    std::string bytes;
    for (std::uint32_t i = 1; i <= 50; ++i) bytes += request(i, "large", params_of("x"));
    peer.write(bytes);
    std::string got;
    for (int i = 0; i < 200; ++i) got += peer.read(10ms);
    EXPECT_EQ(messages_in(got).size(), 50u);
  });
}

TEST(RpcServer, half_a_message_is_waited_for_only_so_long) {
  with_server({.message_timeout = 2s}, [](EchoService&, RpcServer& server) {
    RawPeer peer(shard(), server.address());
    const std::string bytes = request(3, "echo", params_of("never ends"));
    peer.write(std::string_view(bytes).substr(0, bytes.size() - 1));
    EXPECT_EQ(peer.read(1s), "");
    EXPECT_FALSE(peer.ended);
    EXPECT_EQ(messages_in(peer.read(2s)).size(), 1u);
    EXPECT_TRUE(peer.ended);
  });
}

TEST(RpcServer, an_idle_connection_is_closed_and_one_with_a_call_is_not) {
  with_server({.idle_timeout = 500ms}, [](EchoService&, RpcServer& server) {
    RawPeer peer(shard(), server.address());
    peer.write(request(3, "slow", params_of("x")));
    EXPECT_EQ(messages_in(peer.read(1100ms)).size(), 1u);
    EXPECT_FALSE(peer.ended);
    (void)peer.read(1s);
    EXPECT_TRUE(peer.ended);
  });
}

TEST(RpcServer, a_peer_that_has_finished_writing_gets_its_answers) {
  with_server({.in_flight_max = 2}, [](EchoService&, RpcServer& server) {
    RawPeer peer(shard(), server.address());
    std::string bytes;
    for (std::uint32_t i = 1; i <= 5; ++i) bytes += request(i, "slow", params_of("x"));
    peer.write(bytes);
    peer.finish_writing();
    EXPECT_EQ(messages_in(peer.read(5s)).size(), 5u);
    EXPECT_TRUE(peer.ended);
    EXPECT_EQ(server.counts().connections, 0u);
  });
}

TEST(RpcServer, a_peer_that_breaks_after_its_half_close_cancels_its_calls) {
  const auto world = world::real_world();
  with_server(*world, {}, [](EchoService& service, RpcServer& server) {
    RawPeer peer(shard(), server.address());
    peer.write(request(1, "slow", params_of("x")));
    while (service.entered == 0) tutti::sleep(1ms);
    peer.finish_writing();
    tutti::sleep(20ms);
    EXPECT_EQ(service.cancelled, 0);
    peer.reset();
    for (int i = 0; i < 500 && service.cancelled == 0; ++i) tutti::sleep(1ms);
    EXPECT_EQ(service.cancelled, 1);
  });
}

// Our own client never closes half of a connection: its end is the end.
TEST(RpcServer, a_lost_connection_cancels_calls_and_not_notifications) {
  with_server({}, [](EchoService& service, RpcServer& server) {
    RawPeer peer(shard(), server.address());
    std::string bytes;
    rpc::append_hello(bytes, 9, {});
    bytes += request(1, "slow", params_of("x"));
    rpc::append_notification(bytes, "slow");
    peer.write(bytes += params_of("y"));
    tutti::sleep(100ms);
    peer.close();
    tutti::sleep(100ms);
    EXPECT_EQ(service.cancelled, 1);
    EXPECT_EQ(server.counts().in_flight, 1u);
    tutti::sleep(1s);
    EXPECT_EQ(service.finished, 1);
    EXPECT_EQ(server.counts().connections, 0u);
  });
}

TEST(RpcServer, connections_over_the_limit_are_refused) {
  with_server({.connections_max = 1}, [](EchoService&, RpcServer& server) {
    RawPeer first(shard(), server.address());
    RawPeer second(shard(), server.address());
    const auto answers = messages_in(second.read());
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(rpc::parse_error(response(answers[0]).error).code, Code::resource_exhausted);
    EXPECT_TRUE(second.ended);
    EXPECT_EQ(server.counts().refused_connections, 1u);
  });
}

TEST(RpcServer, draining_answers_what_is_in_flight_and_refuses_what_comes) {
  with_server({}, [](EchoService&, RpcServer& server) {
    RawPeer peer(shard(), server.address());
    peer.write(request(1, "slow", params_of("x")));
    tutti::sleep(100ms);
    server.stop_accepting();
    peer.write(request(2, "echo", params_of("x")));
    EXPECT_TRUE(server.drain(shard().now() + 5s));
    const auto answers = messages_in(peer.read());
    ASSERT_EQ(answers.size(), 2u);
    EXPECT_EQ(rpc::parse_error(response(answers[0]).error).code, Code::unavailable);
    EXPECT_EQ(response(answers[1]).id, 1u);
    EXPECT_TRUE(peer.ended);
  });
}

TEST(RpcServer, draining_gives_up_at_its_deadline) {
  with_server({}, [](EchoService&, RpcServer& server) {
    RawPeer peer(shard(), server.address());
    peer.write(request(1, "slow", params_of("x")));
    tutti::sleep(100ms);
    EXPECT_FALSE(server.drain(shard().now() + 100ms));
  });
}

}  // namespace
}  // namespace tutti::net::testing
