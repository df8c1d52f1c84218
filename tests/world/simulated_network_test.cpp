#include <cerrno>
#include <stdexcept>

#include "world/both_worlds.hpp"

namespace tutti::world {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

class SimulatedNetworkTest : public testing::Test {
 protected:
  SimulatedWorld world_{{.seed = 5}};
  std::unique_ptr<Network> network_ = world_.make_network();
  Pair pair_{world_, *network_};
};

TEST_F(SimulatedNetworkTest, moves_the_clock_only_by_waiting) {
  const Instant before = world_.clock().instant();

  network_->poll(before);
  EXPECT_EQ(world_.clock().instant(), before);

  network_->poll(before + std::chrono::hours(24));
  EXPECT_EQ(world_.clock().instant(), before + std::chrono::hours(24));
}

TEST_F(SimulatedNetworkTest, moves_both_clocks_alike_until_the_wall_clock_jumps) {
  const Time wall = world_.clock().now();
  const Instant steady = world_.clock().instant();

  world_.advance_to(steady + seconds(10));
  EXPECT_EQ(world_.clock().now() - wall, seconds(10));

  world_.jump_wall(-std::chrono::hours(1));
  EXPECT_EQ(world_.clock().now() - wall, seconds(10) - std::chrono::hours(1));
  EXPECT_EQ(world_.clock().instant() - steady, seconds(10));
}

TEST_F(SimulatedNetworkTest, delays_every_delivery_within_the_bounds) {
  ASSERT_TRUE(pair_.connected());
  world_.faults().delay_min = milliseconds(3);
  world_.faults().delay_max = milliseconds(7);
  for (int i = 0; i < 50; ++i) {
    const Instant sent = world_.clock().instant();
    EXPECT_EQ(pair_.client->write(bytes_of("x")).bytes, 1u);
    EXPECT_EQ(read_bytes(world_, *network_, *pair_.server, 1), "x");
    const auto took = world_.clock().instant() - sent;
    EXPECT_GE(took, milliseconds(3));
    EXPECT_LE(took, milliseconds(7));
  }
}

TEST_F(SimulatedNetworkTest, is_slow_now_and_then) {
  ASSERT_TRUE(pair_.connected());
  world_.faults().slow = 1;
  const Instant sent = world_.clock().instant();

  EXPECT_EQ(pair_.client->write(bytes_of("x")).bytes, 1u);
  EXPECT_EQ(read_bytes(world_, *network_, *pair_.server, 1), "x");

  EXPECT_GE(world_.clock().instant() - sent, seconds(1));
}

TEST_F(SimulatedNetworkTest, keeps_the_order_of_bytes_whatever_the_delays) {
  ASSERT_TRUE(pair_.connected());
  world_.faults().delay_max = milliseconds(50);
  std::string sent;
  for (char c = 'a'; c <= 'z'; ++c) {
    sent += c;
    EXPECT_EQ(pair_.client->write(bytes_of(std::string(1, c))).bytes, 1u);
  }

  EXPECT_EQ(read_bytes(world_, *network_, *pair_.server, 26), sent);
}

TEST_F(SimulatedNetworkTest, cuts_a_connection_at_a_write) {
  ASSERT_TRUE(pair_.connected());
  world_.faults().cut = 1;

  EXPECT_EQ(pair_.client->write(bytes_of("never")).error, ECONNRESET);

  const Got got = read_end(world_, *network_, *pair_.server);
  EXPECT_EQ(got.transfer.error, ECONNRESET);
  EXPECT_EQ(got.text, "");
}

TEST_F(SimulatedNetworkTest, loses_a_reply_after_the_request_has_arrived) {
  ASSERT_TRUE(pair_.connected());
  world_.faults().lose_reply = 1;
  EXPECT_EQ(pair_.client->write(bytes_of("pay")).bytes, 3u);
  EXPECT_EQ(read_bytes(world_, *network_, *pair_.server, 3), "pay");

  const Transfer reply = pair_.server->write(bytes_of("paid"));

  EXPECT_EQ(reply.outcome, Outcome::done);
  EXPECT_EQ(reply.bytes, 4u);
  EXPECT_EQ(read_end(world_, *network_, *pair_.client).transfer.error, ECONNRESET);
  EXPECT_EQ(read_end(world_, *network_, *pair_.server).transfer.error, ECONNRESET);
}

TEST_F(SimulatedNetworkTest, cuts_what_a_test_names_and_drops_what_is_under_way) {
  ASSERT_TRUE(pair_.connected());
  EXPECT_EQ(pair_.client->write(bytes_of("under way")).bytes, 9u);

  EXPECT_EQ(world_.cut(*parse_address("127.0.0.1:1")), 0u);
  EXPECT_EQ(world_.cut(pair_.listener->address()), 1u);
  EXPECT_EQ(world_.cut_all(), 0u);

  const Got got = read_end(world_, *network_, *pair_.server);
  EXPECT_EQ(got.text, "");
  EXPECT_EQ(got.transfer.error, ECONNRESET);
  EXPECT_EQ(read_end(world_, *network_, *pair_.client).transfer.error, ECONNRESET);
}

TEST_F(SimulatedNetworkTest, refuses_by_probability) {
  world_.faults().refuse = 1;
  int error = 0;
  const auto client = network_->connect(pair_.listener->address(), error);
  ASSERT_NE(client, nullptr);

  EXPECT_EQ(read_end(world_, *network_, *client).transfer.error, ECONNREFUSED);
}

TEST_F(SimulatedNetworkTest, refuses_or_ignores_callers_of_an_address_as_told) {
  const Address at = pair_.listener->address();
  int error = 0;

  world_.set_reach(at, Reach::refused);
  const auto refused = network_->connect(at, error);
  EXPECT_EQ(read_end(world_, *network_, *refused).transfer.error, ECONNREFUSED);

  world_.set_reach(at, Reach::silent);
  const auto ignored = network_->connect(at, error);
  Told told;
  ignored->watch(&told);
  poll_for(world_, *network_, std::chrono::minutes(10));
  EXPECT_EQ(told.times, 0);

  world_.set_reach(at, Reach::open);
  EXPECT_TRUE(pair_.connected());
}

TEST_F(SimulatedNetworkTest, moves_only_parts_and_still_loses_nothing) {
  ASSERT_TRUE(pair_.connected());
  world_.faults().short_transfer = 0.7;
  const std::string text(5000, 't');
  std::string_view left = text;
  std::string received;
  Acting writing([&](Ready ready) {
    while (ready.writable && !left.empty()) {
      const std::size_t asked = left.size();
      const Transfer sent = pair_.client->write(bytes_of(left));
      left.remove_prefix(sent.bytes);
      if (sent.bytes < asked) return;  // edge-triggered: a short count means that on_ready will come
    }
  });
  Acting reading([&](Ready ready) {
    while (ready.readable) {
      std::array<std::byte, 64> into;
      const Transfer got = pair_.server->read(into);
      received.append(reinterpret_cast<const char*>(into.data()), got.bytes);
      if (got.bytes < into.size()) return;
    }
  });
  pair_.client->watch(&writing);
  pair_.server->watch(&reading);
  writing.on_ready({.writable = true});

  EXPECT_TRUE(poll_until(world_, *network_, [&] { return received.size() == text.size(); }));
  EXPECT_EQ(received, text);
}

TEST(SimulatedNetworkBuffers, hold_no_more_than_the_setting) {
  SimulatedWorld world({.seed = 1, .buffer_bytes_max = 100});
  const auto network = world.make_network();
  Pair pair(world, *network);
  ASSERT_TRUE(pair.connected());

  EXPECT_EQ(pair.client->write(bytes_of(std::string(150, 'x'))).bytes, 100u);
  EXPECT_EQ(pair.client->write(bytes_of("x")).outcome, Outcome::again);
  Told told;
  pair.client->watch(&told);
  EXPECT_EQ(read_bytes(world, *network, *pair.server, 100).size(), 100u);
  EXPECT_TRUE(poll_until(world, *network, [&] { return told.writable > 0; }));
  EXPECT_EQ(pair.client->write(bytes_of("x")).bytes, 1u);
}

TEST_F(SimulatedNetworkTest, lets_callers_knock_again_when_the_queue_is_full) {
  int error = 0;
  const auto listener = network_->listen(*parse_address("127.0.0.1:0"), {.backlog = 1}, error);
  const auto first = network_->connect(listener->address(), error);
  const auto second = network_->connect(listener->address(), error);
  poll_for(world_, *network_, milliseconds(10));

  EXPECT_NE(listener->accept(error), nullptr);
  EXPECT_EQ(listener->accept(error), nullptr);
  poll_for(world_, *network_, seconds(2));
  EXPECT_NE(listener->accept(error), nullptr);
}

TEST_F(SimulatedNetworkTest, resets_callers_whom_nobody_accepted) {
  int error = 0;
  const auto client = network_->connect(pair_.listener->address(), error);
  poll_for(world_, *network_, milliseconds(10));

  pair_.listener.reset();

  EXPECT_EQ(read_end(world_, *network_, *client).transfer.error, ECONNRESET);
}

TEST_F(SimulatedNetworkTest, complains_of_a_wait_that_nothing_can_end) {
  EXPECT_THROW(network_->poll(Instant::never()), std::logic_error);
}

TEST_F(SimulatedNetworkTest, watches_no_foreign_descriptor) {
  Told told;

  EXPECT_EQ(network_->watch_descriptor(0, true, false, &told), ENOTSUP);
}

TEST_F(SimulatedNetworkTest, changes_what_a_name_leads_to) {
  std::string error;
  const std::vector<Address> one{{Address::Kind::ip4, "10.0.0.2", 0}};
  const std::vector<Address> two{{Address::Kind::ip4, "10.0.0.3", 0}, {Address::Kind::ip6, "fd00::3", 0}};

  world_.add_name("payments", {"10.0.0.2"});
  EXPECT_EQ(world_.resolve("payments", error), one);
  world_.add_name("payments", {"10.0.0.3", "fd00::3"});
  EXPECT_EQ(world_.host("10.0.0.9").resolve("payments", error), two);
  world_.fail_name("payments", "the name server sleeps");
  EXPECT_TRUE(world_.resolve("payments", error).empty());
  EXPECT_EQ(error, "the name server sleeps");
  world_.remove_name("payments");
  EXPECT_TRUE(world_.resolve("payments", error).empty());
  EXPECT_NE(error.find("\"payments\" is unknown"), std::string::npos) << error;
  EXPECT_THROW(world_.add_name("payments", {"elsewhere"}), std::invalid_argument);
}

TEST_F(SimulatedNetworkTest, gives_each_host_its_own_ports_and_loopback) {
  SimulatedHost& a = world_.host("10.0.0.2");
  SimulatedHost& b = world_.host("10.0.0.3");
  const auto on_a = a.make_network();
  const auto on_b = b.make_network();
  int error = 0;

  const auto inside = on_a->listen(*parse_address("127.0.0.1:80"), {}, error);
  const auto same_elsewhere = on_b->listen(*parse_address("127.0.0.1:80"), {}, error);
  const auto outside = on_a->listen(*parse_address("0.0.0.0:81"), {}, error);
  EXPECT_NE(inside, nullptr);
  EXPECT_NE(same_elsewhere, nullptr);
  ASSERT_NE(outside, nullptr);
  EXPECT_EQ(on_b->listen(*parse_address("10.0.0.2:82"), {}, error), nullptr);
  EXPECT_EQ(error, EADDRNOTAVAIL);

  const auto refused = on_b->connect(*parse_address("10.0.0.2:80"), error);
  EXPECT_EQ(read_end(world_, *network_, *refused).transfer.error, ECONNREFUSED);
  const auto client = on_b->connect(*parse_address("10.0.0.2:81"), error);
  poll_for(world_, *network_, milliseconds(10));
  const auto server = outside->accept(error);
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(server->peer().host, "10.0.0.3");
}

TEST_F(SimulatedNetworkTest, gives_peers_on_a_local_socket_the_identity_of_their_host) {
  SimulatedHost& host = world_.host("10.0.0.2");
  host.set_credential({.user = 7, .group = 8, .process = 9});
  const auto network = host.make_network();
  int error = 0;
  const auto listener = network->listen({Address::Kind::local, "/run/s", 0}, {}, error);
  const auto client = network->connect(listener->address(), error);
  poll_for(world_, *network, milliseconds(10));

  const auto server = listener->accept(error);

  ASSERT_TRUE(server && server->peer_credential());
  EXPECT_EQ(server->peer_credential()->user, 7u);
  EXPECT_EQ(server->peer_credential()->group, 8u);
  EXPECT_EQ(server->peer_credential()->process, 9);
}

TEST_F(SimulatedNetworkTest, lets_a_driver_turn_several_networks_under_one_clock) {
  const auto other = world_.make_network();
  int error = 0;
  const auto client = other->connect(pair_.listener->address(), error);
  Told served;
  Told called;
  pair_.listener->watch(&served);
  client->watch(&called);
  const Instant start = world_.clock().instant();
  const Instant timer = start + seconds(30);  // one of a shard's own

  while (world_.clock().instant() < timer) {
    network_->poll(world_.clock().instant());
    other->poll(world_.clock().instant());
    world_.advance_to(std::min(world_.next_event(), timer));
  }

  EXPECT_EQ(served.readable, 1);
  EXPECT_EQ(called.writable, 1);
  EXPECT_EQ(world_.clock().instant(), timer);
  EXPECT_EQ(world_.next_event(), Instant::never());
}

TEST_F(SimulatedNetworkTest, stands_still_while_another_network_has_something_to_tell) {
  const auto other = world_.make_network();
  Told served;
  pair_.listener->watch(&served);
  int error = 0;
  const auto client = other->connect(pair_.listener->address(), error);

  other->poll(world_.clock().instant() + seconds(30));

  EXPECT_EQ(world_.next_event(), world_.clock().instant());
  network_->poll(world_.clock().instant());
  EXPECT_EQ(served.readable, 1);
}

TEST_F(SimulatedNetworkTest, delivers_what_comes_due_on_the_way_at_its_own_time) {
  world_.faults().delay_min = world_.faults().delay_max = milliseconds(10);
  int error = 0;
  const auto client = network_->connect(pair_.listener->address(), error);
  Told called;
  client->watch(&called);

  // The knock arrives after 10 ms and its answer 10 ms later: both lie within one step.
  world_.advance_to(world_.clock().instant() + milliseconds(25));
  network_->poll(world_.clock().instant());

  EXPECT_EQ(called.writable, 1);
}

// A few connections that talk under all faults at once; returns what happened, as one number.
std::uint64_t busy_run(std::uint64_t seed, std::string& log) {
  SimulatedWorld world(
      {.seed = seed, .faults = {.cut = 0.02, .lose_reply = 0.02, .refuse = 0.1, .short_transfer = 0.2, .slow = 0.05}});
  const auto network = world.make_network();
  Pair pair(world, *network);
  for (int i = 0; i < 20; ++i) {
    int error = 0;
    auto client = network->connect(pair.listener->address(), error);
    std::unique_ptr<Connection> server;
    for (int turn = 0; turn < 20; ++turn) {
      poll_for(world, *network, milliseconds(100));
      if (!server) server = pair.listener->accept(error);
      log += std::to_string(static_cast<int>(client->write(bytes_of("question")).outcome));
      if (server) log += read_some(*server).text + std::to_string(server->write(bytes_of("answer")).error);
      log += read_some(*client).text;
    }
    log += std::to_string(world.random().below(100)) + "\n";
  }
  return world.draw_hash();
}

TEST(SimulatedWorldSeed, gives_the_same_run_again) {
  std::string first;
  std::string second;

  const std::uint64_t one = busy_run(42, first);
  const std::uint64_t two = busy_run(42, second);

  EXPECT_EQ(one, two);
  EXPECT_EQ(first, second);
}

TEST(SimulatedWorldSeed, gives_another_run_for_another_seed) {
  std::string first;
  std::string second;

  EXPECT_NE(busy_run(1, first), busy_run(2, second));
  EXPECT_NE(first, second);
}

TEST(SimulatedWorldSeed, draws_apart_for_each_host) {
  SimulatedWorld world({.seed = 1});
  SimulatedWorld again({.seed = 1});
  (void)world.random().next();

  EXPECT_EQ(world.host("10.0.0.2").random().next(), again.host("10.0.0.2").random().next());
}

TEST(SimulatedWorldSeed, may_be_destroyed_before_its_networks) {
  auto world = std::make_unique<SimulatedWorld>();
  const auto network = world->make_network();

  world.reset();

  network->wake();
  network->poll(Instant{});
}

}  // namespace
}  // namespace tutti::world
