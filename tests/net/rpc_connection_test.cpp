#include "net/rpc_connection.hpp"

#include <gmock/gmock.h>

#include <tutti/wait.hpp>

#include "net/rpc_fixture.hpp"

namespace tutti::net::testing {
namespace {

// Server and client on one shard of a simulated world.
struct Pair {
  explicit Pair(RpcServerRules rules = {}, RpcConnectionRules connection_rules = {}) {
    rules.listen = somewhere();
    server = serve_rpc(shard(), service, rules);
    connection = RpcConnection::open(shard(), server->address(), connection_rules);
  }
  static runtime::Shard& shard() { return runtime::Shard::current(); }
  RpcOutcome call(std::string_view method, std::string_view text, std::string& bytes,
                  std::chrono::nanoseconds within = 10s, const rpc::Metadata& metadata = {}) {
    return connection->call(method, params_of(text), metadata, shard().now() + within, bytes);
  }
  EchoService service;
  std::unique_ptr<RpcServer> server;
  std::unique_ptr<RpcConnection> connection;
};

TEST(RpcConnection, says_hello_and_gets_answers) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    Pair pair;
    std::string bytes;
    EXPECT_EQ(pair.call("echo", "one", bytes), RpcOutcome::result);
    EXPECT_EQ(bytes, packed("one"));
    EXPECT_TRUE(pair.connection->speaks_tutti());
    EXPECT_EQ(pair.connection->in_flight(), 0u);
  });
}

TEST(RpcConnection, metadata_travels_with_the_deadline_that_remains) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    Pair pair;
    std::string bytes;
    EXPECT_EQ(pair.call("request_id", "", bytes, 10s, {.request_id = "abc"}), RpcOutcome::result);
    EXPECT_EQ(bytes, packed("abc"));
    EXPECT_EQ(pair.call("remaining", "", bytes, 500ms), RpcOutcome::result);
    EXPECT_EQ(rpc::Cursor(bytes).unsigned_number(), 500u);
  });
}

TEST(RpcConnection, an_error_is_told_as_an_error) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    Pair pair;
    std::string bytes;
    EXPECT_EQ(pair.call("nothing", "", bytes), RpcOutcome::error);
    EXPECT_EQ(rpc::parse_error(bytes).code, Code::unimplemented);
    EXPECT_EQ(pair.call("silent", "", bytes), RpcOutcome::error);
    EXPECT_EQ(rpc::parse_error(bytes).code, Code::internal);
  });
}

TEST(RpcConnection, many_fibers_share_it_and_wait_at_once) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    Pair pair;
    int right = 0;
    const Instant start = Pair::shard().read_clock();
    for (int i = 0; i < 300; ++i) {
      Pair::shard().spawn({}, [&pair, &right, i] {
        std::string bytes;
        const std::string text = std::to_string(i);
        if (pair.call("slow", text, bytes) == RpcOutcome::result && bytes == packed(text)) ++right;
      });
    }
    tutti::sleep(2s);
    EXPECT_EQ(right, 300);
    EXPECT_EQ(pair.service.finished, 300);
    EXPECT_LE(Pair::shard().read_clock() - start, 3s);
  });
}

TEST(RpcConnection, a_call_given_up_at_its_deadline_is_cancelled_over_there) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    Pair pair;
    std::string bytes;
    EXPECT_EQ(code_thrown_by([&] { (void)pair.call("slow", "x", bytes, 100ms); }), Code::deadline_exceeded);
    tutti::sleep(10ms);
    EXPECT_EQ(pair.service.cancelled, 1);
    EXPECT_EQ(pair.connection->in_flight(), 0u);
    EXPECT_EQ(pair.call("echo", "still", bytes), RpcOutcome::result);
  });
}

TEST(RpcConnection, a_passed_deadline_sends_nothing) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    Pair pair;
    std::string bytes;
    EXPECT_EQ(code_thrown_by([&] { (void)pair.call("echo", "x", bytes, 0s); }), Code::deadline_exceeded);
    tutti::sleep(10ms);
    EXPECT_EQ(pair.service.entered, 0);
  });
}

TEST(RpcConnection, a_refused_connection_has_sent_nothing) {
  world::SimulatedWorld world;
  on_fiber(world, [&world] {
    Pair pair;
    world.set_reach(somewhere(), world::Reach::refused);
    const auto refused = RpcConnection::open(Pair::shard(), somewhere());
    std::string bytes;
    EXPECT_EQ(refused->call("echo", params_of("x"), {}, Instant::never(), bytes), RpcOutcome::not_sent);
    EXPECT_THAT(bytes, ::testing::HasSubstr("cannot connect to 127.0.0.1:7000"));
    EXPECT_FALSE(refused->usable());
  });
}

TEST(RpcConnection, a_cut_tells_that_the_call_may_have_been_executed) {
  world::SimulatedWorld world;
  on_fiber(world, [&world] {
    Pair pair;
    std::string bytes;
    Pair::shard().spawn({}, [&world] {
      tutti::sleep(100ms);
      world.cut_all();
    });
    EXPECT_EQ(pair.call("slow", "x", bytes), RpcOutcome::lost);
    EXPECT_FALSE(pair.connection->usable());
    tutti::sleep(10ms);
    EXPECT_EQ(pair.service.cancelled, 1);
    EXPECT_EQ(pair.call("echo", "x", bytes), RpcOutcome::not_sent);
  });
}

// What not_sent promises, with everything that can go wrong on the way.
TEST(RpcConnection, what_was_not_sent_was_not_executed) {
  int not_sent = 0, lost = 0, results = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    world::SimulatedWorld world({.seed = seed});
    on_fiber(world, [&] {
      EchoService service;
      const auto server = serve_rpc(Pair::shard(), service, {.listen = somewhere()});
      world.faults().cut = 0.1;
      world.faults().lose_reply = 0.1;
      world.faults().short_transfer = 0.3;
      std::unique_ptr<RpcConnection> connection;
      for (int i = 0; i < 20; ++i) {
        if (!connection || !connection->usable()) connection = RpcConnection::open(Pair::shard(), somewhere());
        const int before = service.entered;
        std::string bytes;
        const RpcOutcome outcome = connection->call("echo", params_of("x"), {}, Instant::never(), bytes);
        if (outcome == RpcOutcome::not_sent) {
          tutti::sleep(1s);
          EXPECT_EQ(service.entered, before) << "seed " << seed;
          ++not_sent;
        } else if (outcome == RpcOutcome::lost) {
          ++lost;
        } else {
          EXPECT_EQ(bytes, packed("x"));
          ++results;
        }
      }
      connection.reset();
      tutti::sleep(1s);
    });
  }
  EXPECT_GT(not_sent, 0);
  EXPECT_GT(lost, 0);
  EXPECT_GT(results, 100);
}

TEST(RpcConnection, after_goodbye_calls_in_flight_end_and_new_ones_go_elsewhere) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    Pair pair;
    std::string bytes, late;
    RpcOutcome slow = RpcOutcome::lost;
    Pair::shard().spawn({}, [&] { slow = pair.call("slow", "x", bytes); });
    tutti::sleep(100ms);
    pair.server->stop_accepting();
    tutti::sleep(10ms);
    EXPECT_FALSE(pair.connection->usable());
    EXPECT_EQ(pair.call("echo", "x", late), RpcOutcome::not_sent);
    EXPECT_THAT(late, ::testing::HasSubstr("is stopping"));
    EXPECT_TRUE(pair.server->drain(Pair::shard().now() + 5s));
    tutti::sleep(10ms);
    EXPECT_EQ(slow, RpcOutcome::result);
    EXPECT_EQ(pair.server->counts().connections, 0u);
  });
}

TEST(RpcConnection, destroying_it_ends_the_calls_in_flight) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    Pair pair;
    std::string bytes;
    RpcOutcome outcome = RpcOutcome::result;
    Pair::shard().spawn({}, [&] { outcome = pair.call("slow", "x", bytes); });
    tutti::sleep(100ms);
    pair.connection.reset();
    tutti::sleep(100ms);
    EXPECT_EQ(outcome, RpcOutcome::lost);
    EXPECT_EQ(pair.service.cancelled, 1);
  });
}

// A server of the bare specification: answers hello with an error, and everything else with "plain".
TEST(RpcConnection, a_peer_without_hello_is_spoken_to_plainly) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    int error = 0;
    const auto listener = Pair::shard().network().listen(somewhere(), {}, error);
    ASSERT_TRUE(listener);
    Pair::shard().spawn({}, [&listener] {
      std::unique_ptr<world::Connection> accepted;
      std::string got;
      std::size_t answered = 0;
      for (int i = 0; i < 1000 && answered < 2; ++i) {
        tutti::sleep(1ms);
        int failure = 0;
        if (!accepted && !(accepted = listener->accept(failure))) continue;
        std::array<std::byte, 4096> room;
        const world::Transfer moved = accepted->read(room);
        if (moved.outcome == world::Outcome::done) got.append(reinterpret_cast<const char*>(room.data()), moved.bytes);
        const auto messages = messages_in(got);
        for (; answered < messages.size(); ++answered) {
          const auto parsed = rpc::parse_message(messages[answered], rpc::Dialect::plain);
          EXPECT_EQ(parsed.fault, "");  // a fifth element would be one
          std::string answer;
          if (parsed.message.method == rpc::hello_method) {
            rpc::append_error_response(answer, parsed.message.id, packed("no such method"));
          } else {
            rpc::append_response(answer, parsed.message.id, packed("plain"));
          }
          EXPECT_EQ(accepted->write(std::as_bytes(std::span(answer))).bytes, answer.size());
        }
      }
      tutti::sleep(100ms);
    });
    const auto connection = RpcConnection::open(Pair::shard(), somewhere());
    std::string bytes;
    EXPECT_EQ(connection->call("any", params_of("x"), {.request_id = "abc"}, Instant::never(), bytes),
              RpcOutcome::result);
    EXPECT_EQ(bytes, packed("plain"));
    EXPECT_FALSE(connection->speaks_tutti());
    tutti::sleep(1s);
  });
}

TEST(RpcConnection, a_peer_that_does_not_answer_hello_gets_no_call_without_its_metadata) {
  world::SimulatedWorld world;
  on_fiber(world, [] {
    int error = 0;
    const auto listener = Pair::shard().network().listen(somewhere(), {}, error);
    ASSERT_TRUE(listener);
    const auto connection = RpcConnection::open(Pair::shard(), somewhere());
    tutti::sleep(10ms);
    int failure = 0;
    const auto accepted = listener->accept(failure);
    ASSERT_TRUE(accepted);
    std::string bytes;
    EXPECT_EQ(connection->call("charge", params_of("x"), {.idempotency_key = "k"}, Pair::shard().now() + 5s, bytes),
              RpcOutcome::not_sent);
    EXPECT_EQ(bytes, "127.0.0.1:7000 did not answer tutti.hello within 1000 ms");
    std::array<std::byte, 4096> room;
    const world::Transfer moved = accepted->read(room);
    ASSERT_EQ(moved.outcome, world::Outcome::done);
    EXPECT_EQ(messages_in({reinterpret_cast<const char*>(room.data()), moved.bytes}).size(), 1u);  // the hello
  });
}

}  // namespace
}  // namespace tutti::net::testing
