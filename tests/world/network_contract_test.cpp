#include "world/network.hpp"

#include <algorithm>
#include <cerrno>

#include "world/both_worlds.hpp"

namespace tutti::world {
namespace {

class NetworkContract : public testing::TestWithParam<Kind> {
 protected:
  std::unique_ptr<World> world_ = world_of(GetParam());
  std::unique_ptr<Network> network_ = world_->make_network();
  Pair pair_{*world_, *network_};
};

INSTANTIATE_TEST_SUITE_P(Both, NetworkContract, testing::Values(Kind::real, Kind::simulated), name_of);

TEST_P(NetworkContract, gives_a_listener_on_port_0_a_free_port) { EXPECT_NE(pair_.listener->address().port, 0); }

TEST_P(NetworkContract, carries_bytes_both_ways) {
  ASSERT_TRUE(pair_.connected());

  EXPECT_EQ(pair_.client->write(bytes_of("ping")).bytes, 4u);
  EXPECT_EQ(read_bytes(*world_, *network_, *pair_.server, 4), "ping");
  EXPECT_EQ(pair_.server->write(bytes_of("pong!")).bytes, 5u);
  EXPECT_EQ(read_bytes(*world_, *network_, *pair_.client, 5), "pong!");
}

TEST_P(NetworkContract, tells_both_addresses) {
  ASSERT_TRUE(pair_.connected());

  EXPECT_EQ(pair_.client->peer(), pair_.listener->address());
  EXPECT_EQ(pair_.server->local(), pair_.listener->address());
  EXPECT_EQ(pair_.server->peer(), pair_.client->local());
  EXPECT_EQ(pair_.server->peer_credential(), std::nullopt);
}

TEST_P(NetworkContract, gathers_many_parts_in_one_write) {
  ASSERT_TRUE(pair_.connected());
  const std::string letter = "x";
  const std::vector<std::span<const std::byte>> parts(200, bytes_of(letter));

  const Transfer written = pair_.client->write(parts);

  EXPECT_EQ(written.outcome, Outcome::done);
  EXPECT_EQ(written.bytes, 200u);
  EXPECT_EQ(read_bytes(*world_, *network_, *pair_.server, 200), std::string(200, 'x'));
}

TEST_P(NetworkContract, says_again_when_there_is_nothing_to_read) {
  ASSERT_TRUE(pair_.connected());

  EXPECT_EQ(read_some(*pair_.client).transfer.outcome, Outcome::again);
}

TEST_P(NetworkContract, takes_empty_reads_and_writes_for_nothing) {
  ASSERT_TRUE(pair_.connected());

  EXPECT_EQ(pair_.client->read({}).outcome, Outcome::done);
  EXPECT_EQ(pair_.client->write(bytes_of("")).outcome, Outcome::done);
}

TEST_P(NetworkContract, accepts_nothing_without_an_error_when_nobody_waits) {
  int error = 1;

  EXPECT_EQ(pair_.listener->accept(error), nullptr);
  EXPECT_EQ(error, 0);
}

TEST_P(NetworkContract, tells_a_listener_of_a_caller) {
  Told told;
  pair_.listener->watch(&told);

  int error = 0;
  const auto client = network_->connect(pair_.listener->address(), error);
  poll_for(*world_, *network_, std::chrono::milliseconds(20));

  EXPECT_EQ(told.readable, 1);
  EXPECT_NE(pair_.listener->accept(error), nullptr);
}

TEST_P(NetworkContract, half_closes) {
  ASSERT_TRUE(pair_.connected());
  Told told;
  pair_.server->watch(&told);
  EXPECT_EQ(pair_.client->write(bytes_of("last")).bytes, 4u);

  pair_.client->shutdown_write();

  EXPECT_TRUE(poll_until(*world_, *network_, [&] { return told.hung_up > 0; }));
  EXPECT_EQ(read_bytes(*world_, *network_, *pair_.server, 4), "last");
  EXPECT_EQ(read_some(*pair_.server).transfer.outcome, Outcome::closed);
  EXPECT_EQ(pair_.client->write(bytes_of("more")).outcome, Outcome::closed);
  EXPECT_EQ(pair_.server->write(bytes_of("answer")).bytes, 6u);
  EXPECT_EQ(read_bytes(*world_, *network_, *pair_.client, 6), "answer");
}

TEST_P(NetworkContract, shows_the_end_when_the_other_side_is_destroyed) {
  ASSERT_TRUE(pair_.connected());

  pair_.client.reset();

  EXPECT_EQ(read_end(*world_, *network_, *pair_.server).transfer.outcome, Outcome::closed);
}

TEST_P(NetworkContract, fails_a_writer_whose_reader_is_gone) {
  ASSERT_TRUE(pair_.connected());
  pair_.client.reset();

  Transfer last;
  EXPECT_TRUE(poll_until(*world_, *network_, [&] {
    last = pair_.server->write(bytes_of("to nobody"));
    return last.outcome == Outcome::closed || last.outcome == Outcome::failed;
  }));
  EXPECT_NE(last.error, 0);
}

TEST_P(NetworkContract, tells_a_reset_from_an_end) {
  ASSERT_TRUE(pair_.connected());

  pair_.client->reset();

  const Got got = read_end(*world_, *network_, *pair_.server);
  EXPECT_EQ(got.transfer.outcome, Outcome::failed);
  EXPECT_EQ(got.transfer.error, ECONNRESET);
  EXPECT_EQ(read_some(*pair_.server).transfer.error, ECONNRESET);  // as often as it is asked
  EXPECT_EQ(pair_.client->write(bytes_of("x")).outcome, Outcome::failed);
}

TEST_P(NetworkContract, refuses_a_connection_where_nobody_listens) {
  const Address nobody = pair_.listener->address();
  pair_.listener.reset();

  int error = 0;
  const auto connection = network_->connect(nobody, error);
  if (connection) {
    Told told;
    connection->watch(&told);
    EXPECT_TRUE(poll_until(*world_, *network_, [&] { return told.writable > 0; }));
    error = connection->write(bytes_of("x")).error;
  }

  EXPECT_EQ(error, ECONNREFUSED);
}

TEST_P(NetworkContract, refuses_an_address_in_use) {
  int error = 0;

  EXPECT_EQ(network_->listen(pair_.listener->address(), {}, error), nullptr);
  EXPECT_EQ(error, EADDRINUSE);
}

TEST_P(NetworkContract, lets_go_of_an_address_when_the_listener_is_destroyed) {
  const Address at = pair_.listener->address();
  pair_.listener.reset();

  int error = 0;
  EXPECT_NE(network_->listen(at, {}, error), nullptr);
  EXPECT_EQ(error, 0);
}

TEST_P(NetworkContract, shares_a_port_among_listeners_that_all_allow_it) {
  int error = 0;
  const auto first = network_->listen(*parse_address("127.0.0.1:0"), {.reuse_port = true}, error);
  ASSERT_NE(first, nullptr);

  EXPECT_NE(network_->listen(first->address(), {.reuse_port = true}, error), nullptr);
  EXPECT_EQ(network_->listen(first->address(), {}, error), nullptr);
  EXPECT_EQ(error, EADDRINUSE);
}

TEST_P(NetworkContract, refuses_an_address_that_is_not_numeric) {
  int error = 0;

  EXPECT_EQ(network_->listen({Address::Kind::ip4, "localhost", 0}, {}, error), nullptr);
  EXPECT_EQ(error, EINVAL);
}

TEST_P(NetworkContract, tells_once_for_each_arrival) {
  ASSERT_TRUE(pair_.connected());
  poll_for(*world_, *network_, std::chrono::milliseconds(5));
  Told told;
  pair_.server->watch(&told);
  poll_for(*world_, *network_, std::chrono::milliseconds(5));
  const int before = told.readable;

  EXPECT_EQ(pair_.client->write(bytes_of("one")).bytes, 3u);
  poll_for(*world_, *network_, std::chrono::milliseconds(20));

  EXPECT_EQ(told.readable - before, 1);  // though nobody reads
}

TEST_P(NetworkContract, tells_a_new_watcher_of_bytes_that_came_before) {
  ASSERT_TRUE(pair_.connected());
  EXPECT_EQ(pair_.client->write(bytes_of("early")).bytes, 5u);
  poll_for(*world_, *network_, std::chrono::milliseconds(20));

  Told told;
  pair_.server->watch(&told);
  EXPECT_EQ(told.times, 0);  // at the next poll, not inside watch

  network_->poll(world_->clock().instant());
  EXPECT_EQ(told.readable, 1);
}

TEST_P(NetworkContract, tells_a_second_watcher_what_the_first_left_unread) {
  ASSERT_TRUE(pair_.connected());
  Told first;
  pair_.server->watch(&first);
  EXPECT_EQ(pair_.client->write(bytes_of("left")).bytes, 4u);
  ASSERT_TRUE(poll_until(*world_, *network_, [&] { return first.readable > 0; }));

  Told second;
  pair_.server->watch(&second);
  network_->poll(world_->clock().instant());

  EXPECT_EQ(second.readable, 1);
}

TEST_P(NetworkContract, does_not_tell_a_new_watcher_of_bytes_that_were_read) {
  ASSERT_TRUE(pair_.connected());
  EXPECT_EQ(pair_.client->write(bytes_of("read")).bytes, 4u);
  EXPECT_EQ(read_bytes(*world_, *network_, *pair_.server, 4), "read");
  poll_for(*world_, *network_, std::chrono::milliseconds(5));
  EXPECT_EQ(read_some(*pair_.server).transfer.outcome, Outcome::again);

  Told told;
  pair_.server->watch(&told);
  poll_for(*world_, *network_, std::chrono::milliseconds(5));

  EXPECT_EQ(told.readable, 0);
}

TEST_P(NetworkContract, tells_nobody_after_the_watcher_is_taken_away) {
  ASSERT_TRUE(pair_.connected());
  Told told;
  pair_.server->watch(&told);
  pair_.server->watch(nullptr);

  EXPECT_EQ(pair_.client->write(bytes_of("x")).bytes, 1u);
  poll_for(*world_, *network_, std::chrono::milliseconds(20));

  EXPECT_EQ(told.times, 0);
}

TEST_P(NetworkContract, lets_a_watcher_destroy_its_own_connection) {
  ASSERT_TRUE(pair_.connected());
  int times = 0;
  Acting watcher([&](Ready) {
    ++times;
    pair_.server.reset();
  });
  pair_.server->watch(&watcher);
  EXPECT_EQ(pair_.client->write(bytes_of("x")).bytes, 1u);

  EXPECT_TRUE(poll_until(*world_, *network_, [&] { return times > 0; }));
  poll_for(*world_, *network_, std::chrono::milliseconds(5));

  EXPECT_EQ(times, 1);
}

TEST_P(NetworkContract, lets_a_watcher_destroy_the_others_that_are_ready_in_the_same_poll) {
  ASSERT_TRUE(pair_.connected());
  auto first_client = std::move(pair_.client);
  auto first_server = std::move(pair_.server);
  ASSERT_TRUE(pair_.connected());
  poll_for(*world_, *network_, std::chrono::milliseconds(5));
  int times = 0;
  Told fresh;
  Acting watcher([&](Ready) {
    ++times;
    first_server.reset();
    pair_.server.reset();
    // New ones take the places of the destroyed ones while their events are still in the batch.
    int error = 0;
    first_client = network_->connect(pair_.listener->address(), error);
    pair_.client = network_->connect(pair_.listener->address(), error);
    first_client->watch(&fresh);
    pair_.client->watch(&fresh);
  });
  Told room;  // for writing: told at first, and not what this test is about
  first_server->watch(&room);
  pair_.server->watch(&room);
  network_->poll(world_->clock().instant());
  first_server->watch(&watcher);
  pair_.server->watch(&watcher);
  EXPECT_EQ(first_client->write(bytes_of("x")).bytes, 1u);
  EXPECT_EQ(pair_.client->write(bytes_of("x")).bytes, 1u);

  EXPECT_TRUE(poll_until(*world_, *network_, [&] { return times > 0; }));

  EXPECT_EQ(times, 1);
  EXPECT_EQ(fresh.times, 0);
}

TEST_P(NetworkContract, holds_a_writer_back_and_tells_when_there_is_room) {
  ASSERT_TRUE(pair_.connected());
  Told told;
  pair_.client->watch(&told);
  const std::string much(1 << 16, 'm');
  std::size_t sent = 0;
  Transfer last;
  for (int i = 0; i < 4096 && last.outcome == Outcome::done; ++i) {
    last = pair_.client->write(bytes_of(much));
    sent += last.bytes;
  }
  ASSERT_EQ(last.outcome, Outcome::again);
  poll_for(*world_, *network_, std::chrono::milliseconds(20));
  while (pair_.client->write(bytes_of(much)).outcome == Outcome::done)
    sent += much.size();  // what the kernel made room for
  const int before = told.writable;

  std::size_t received = 0;
  EXPECT_TRUE(poll_until(*world_, *network_, [&] {
    for (Got got; (got = read_some(*pair_.server)).transfer.outcome == Outcome::done;) received += got.transfer.bytes;
    return told.writable > before;
  }));
  EXPECT_GT(received, 0u);
  EXPECT_EQ(pair_.client->write(bytes_of("x")).outcome, Outcome::done);
  EXPECT_GT(sent, 0u);
}

TEST_P(NetworkContract, ends_the_next_poll_when_woken_before_it) {
  const Instant before = world_->clock().instant();

  network_->wake();
  network_->poll(before + std::chrono::hours(1));

  EXPECT_LT(world_->clock().instant() - before, std::chrono::minutes(1));
}

TEST_P(NetworkContract, polls_until_the_time_given) {
  const Instant until = world_->clock().instant() + std::chrono::milliseconds(3);

  poll_for(*world_, *network_, std::chrono::milliseconds(3));

  EXPECT_GE(world_->clock().instant(), until);
}

TEST_P(NetworkContract, serves_on_a_local_socket_and_tells_who_calls) {
  const Scratch scratch(GetParam());
  const Address path{Address::Kind::local, scratch / "s.sock", 0};
  int error = 0;
  pair_.listener = network_->listen(path, {}, error);
  ASSERT_EQ(error, 0);

  ASSERT_TRUE(pair_.connected());

  EXPECT_EQ(pair_.client->write(bytes_of("hi")).bytes, 2u);
  EXPECT_EQ(read_bytes(*world_, *network_, *pair_.server, 2), "hi");
  EXPECT_EQ(pair_.client->peer(), path);
  ASSERT_TRUE(pair_.server->peer_credential().has_value());
  EXPECT_GT(pair_.server->peer_credential()->process, 0);
}

TEST_P(NetworkContract, refuses_a_local_path_in_use_and_one_that_nobody_serves) {
  const Scratch scratch(GetParam());
  const Address path{Address::Kind::local, scratch / "s.sock", 0};
  int error = 0;
  auto listener = network_->listen(path, {}, error);
  ASSERT_NE(listener, nullptr);

  EXPECT_EQ(network_->listen(path, {}, error), nullptr);
  EXPECT_EQ(error, EADDRINUSE);
  listener.reset();
  EXPECT_EQ(network_->connect(path, error), nullptr);
  EXPECT_EQ(error, ENOENT);
}

TEST_P(NetworkContract, resolves_localhost_and_numbers_and_explains_what_it_cannot) {
  std::string error;

  const auto found = world_->resolve("localhost", error);
  EXPECT_EQ(error, "");
  ASSERT_FALSE(found.empty());
  EXPECT_TRUE(is_loopback(found.front()));
  EXPECT_EQ(world_->resolve("10.1.2.3", error), (std::vector<Address>{{Address::Kind::ip4, "10.1.2.3", 0}}));
  EXPECT_TRUE(world_->resolve("no-such-host.invalid", error).empty());
  EXPECT_NE(error.find("\"no-such-host.invalid\""), std::string::npos) << error;
}

}  // namespace
}  // namespace tutti::world
