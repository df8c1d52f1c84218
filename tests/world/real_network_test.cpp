#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "refused_system_call.hpp"
#include "world/both_worlds.hpp"

namespace tutti::world {
namespace {

class RealNetworkTest : public testing::Test {
 protected:
  std::unique_ptr<World> world_ = real_world();
  std::unique_ptr<Network> network_ = world_->make_network();
  Pair pair_{*world_, *network_};
};

TEST_F(RealNetworkTest, costs_one_recv_and_one_send_per_request_on_a_kept_connection) {
  ASSERT_TRUE(pair_.connected());
  Acting echo([&](Ready ready) {
    if (!ready.readable) return;
    std::array<std::byte, 1024> into;
    const Transfer got = pair_.server->read(into);
    if (got.outcome == Outcome::done) (void)pair_.server->write(std::span(into).first(got.bytes));
  });
  std::string answer;
  Acting client([&](Ready ready) {
    if (ready.readable) answer += read_some(*pair_.client).text;
  });
  pair_.server->watch(&echo);
  pair_.client->watch(&client);
  poll_for(*world_, *network_, std::chrono::milliseconds(5));
  const NetworkCounters before = counters_of(*network_);

  for (std::size_t i = 1; i <= 100; ++i) {
    ASSERT_EQ(pair_.client->write(bytes_of("12345678")).bytes, 8u);
    ASSERT_TRUE(poll_until(*world_, *network_, [&] { return answer.size() == 8 * i; }));
  }

  const NetworkCounters& after = counters_of(*network_);  // of both ends
  EXPECT_EQ(after.recv - before.recv, 200u);
  EXPECT_EQ(after.send - before.send, 200u);
  EXPECT_EQ(after.control - before.control, 0u);
}

// Linux before 5.11, or a container whose profile does not know the call.
TEST(RealNetworkDeathTest, waits_in_whole_milliseconds_where_epoll_pwait2_is_missing) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  for (const int error : {ENOSYS, EPERM}) {
    EXPECT_EXIT(
        {
          tests::refuse_system_call(SYS_epoll_pwait2, error, 4, 0);
          const auto world = real_world();
          const auto network = world->make_network();
          const Instant start = world->clock().instant();
          network->poll(start + std::chrono::microseconds(1500));
          const bool not_early = world->clock().instant() >= start + std::chrono::microseconds(1500);
          const std::uint64_t waits = counters_of(*network).wait;

          Pair pair(*world, *network);
          std::string heard;
          Acting server([&](Ready ready) {
            if (ready.readable) heard += read_some(*pair.server).text;
          });
          const bool connected = pair.connected();
          pair.server->watch(&server);
          (void)pair.client->write(bytes_of("hello"));
          (void)poll_until(*world, *network, [&] { return heard == "hello"; });
          std::fprintf(stderr, "not early %d, waits %d, connected %d, heard %s\n", not_early, static_cast<int>(waits),
                       connected, heard.c_str());
          std::_Exit(0);
        },
        testing::ExitedWithCode(0), "not early 1, waits 1, connected 1, heard hello");
  }
}

TEST_F(RealNetworkTest, ends_a_waiting_poll_when_another_thread_wakes_it) {
  bool written = false;  // not atomic on purpose: wake orders it, and the thread sanitizer would see if it did not
  std::thread other([&] {
    written = true;
    network_->wake();
  });

  network_->poll(world_->clock().instant() + std::chrono::minutes(5));

  EXPECT_TRUE(written);
  other.join();
}

TEST_F(RealNetworkTest, waits_no_shorter_than_asked_for_microseconds) {
  const Instant until = world_->clock().instant() + std::chrono::microseconds(300);

  network_->poll(until);

  EXPECT_GE(world_->clock().instant(), until);
}

TEST_F(RealNetworkTest, tells_once_about_a_foreign_descriptor_and_forgets_it) {
  const int descriptor = ::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
  Told told;

  EXPECT_EQ(network_->watch_descriptor(descriptor, true, false, &told), 0);
  EXPECT_EQ(network_->watch_descriptor(descriptor, true, false, &told), EEXIST);
  poll_for(*world_, *network_, std::chrono::milliseconds(5));

  EXPECT_EQ(told.times, 1);
  EXPECT_EQ(network_->watch_descriptor(descriptor, true, false, &told), 0);
  network_->forget_descriptor(descriptor);
  poll_for(*world_, *network_, std::chrono::milliseconds(5));
  EXPECT_EQ(told.times, 1);
  ::close(descriptor);
}

TEST_F(RealNetworkTest, refuses_to_watch_a_regular_file) {
  const Scratch scratch(Kind::real);
  const int descriptor = ::open((scratch / "f").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  Told told;

  EXPECT_EQ(network_->watch_descriptor(descriptor, true, false, &told), EPERM);
  ::close(descriptor);
}

TEST_F(RealNetworkTest, sets_the_mode_of_a_sockets_file_and_removes_it_at_the_end) {
  const Scratch scratch(Kind::real);
  int error = 0;
  auto listener = network_->listen({Address::Kind::local, scratch / "s", 0}, {.mode = 0600}, error);
  ASSERT_NE(listener, nullptr);

  struct stat found {};
  ASSERT_EQ(::stat((scratch / "s").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777u, 0600u);
  listener.reset();
  EXPECT_NE(::stat((scratch / "s").c_str(), &found), 0);
}

TEST_F(RealNetworkTest, replaces_the_socket_of_a_dead_process_but_no_other_file) {
  const Scratch scratch(Kind::real);
  const std::string path = scratch / "s";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const int dead = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(dead, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(dead);
  ASSERT_EQ(world_->files().replace(scratch / "file", "precious"), 0);

  int error = 0;
  EXPECT_NE(network_->listen({Address::Kind::local, path, 0}, {}, error), nullptr);
  EXPECT_EQ(network_->listen({Address::Kind::local, scratch / "file", 0}, {}, error), nullptr);
  EXPECT_EQ(error, EADDRINUSE);
}

TEST_F(RealNetworkTest, leaves_the_socket_of_its_successor_in_place) {
  const Scratch scratch(Kind::real);
  const std::string path = scratch / "s";
  int error = 0;
  auto first = network_->listen({Address::Kind::local, path, 0}, {}, error);
  ASSERT_EQ(world_->files().remove(path), 0);
  const auto second = network_->listen({Address::Kind::local, path, 0}, {}, error);
  ASSERT_NE(second, nullptr);

  first.reset();

  EXPECT_NE(network_->connect(second->address(), error), nullptr);
}

TEST_F(RealNetworkTest, names_the_user_at_the_other_end_of_a_local_socket) {
  const Scratch scratch(Kind::real);
  int error = 0;
  pair_.listener = network_->listen({Address::Kind::local, scratch / "s", 0}, {}, error);
  ASSERT_TRUE(pair_.connected());

  const auto who = pair_.server->peer_credential();

  ASSERT_TRUE(who.has_value());
  EXPECT_EQ(who->user, ::geteuid());
  EXPECT_EQ(who->process, ::getpid());
}

TEST_F(RealNetworkTest, refuses_a_path_that_is_too_long) {
  int error = 0;

  EXPECT_EQ(network_->listen({Address::Kind::local, "/" + std::string(107, 'a'), 0}, {}, error), nullptr);
  EXPECT_EQ(error, ENAMETOOLONG);
}

TEST_F(RealNetworkTest, keeps_a_caller_waiting_while_out_of_descriptors) {
  int error = 0;
  const auto client = network_->connect(pair_.listener->address(), error);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none_left{3, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none_left), 0);

  const auto refused = pair_.listener->accept(error);
  const int accept_error = error;
  const auto unconnected = network_->connect(pair_.listener->address(), error);
  const int connect_error = error;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);

  EXPECT_EQ(refused, nullptr);
  EXPECT_EQ(accept_error, EMFILE);
  EXPECT_EQ(unconnected, nullptr);
  EXPECT_EQ(connect_error, EMFILE);
  EXPECT_NE(pair_.listener->accept(error), nullptr);
}

TEST_F(RealNetworkTest, tells_more_than_one_batch_holds) {
  constexpr std::size_t count = 700;  // one poll tells 512
  std::vector<std::unique_ptr<Connection>> connections;
  for (std::size_t i = 0; i < count / 2; ++i) {
    ASSERT_TRUE(pair_.connected());
    connections.push_back(std::move(pair_.client));
    connections.push_back(std::move(pair_.server));
  }
  poll_for(*world_, *network_, std::chrono::milliseconds(5));
  std::vector<Told> told(count);
  for (std::size_t i = 0; i < count; ++i) connections[i]->watch(&told[i]);

  for (const auto& connection : connections) EXPECT_EQ(connection->write(bytes_of("x")).bytes, 1u);

  EXPECT_TRUE(poll_until(*world_, *network_, [&] {
    return std::all_of(told.begin(), told.end(), [](const Told& one) { return one.readable > 0; });
  }));
}

TEST_F(RealNetworkTest, shows_an_ipv4_caller_of_an_ipv6_listener_by_its_ipv4_address) {
  int error = 0;
  pair_.listener = network_->listen(*parse_address("[::]:0"), {}, error);
  if (!pair_.listener) GTEST_SKIP() << "this machine has no IPv6: " << std::strerror(error);
  const Address by_ip4{Address::Kind::ip4, "127.0.0.1", pair_.listener->address().port};
  const auto client = network_->connect(by_ip4, error);
  ASSERT_NE(client, nullptr);

  ASSERT_TRUE(
      poll_until(*world_, *network_, [&] { return (pair_.server = pair_.listener->accept(error)) != nullptr; }));

  EXPECT_EQ(pair_.server->peer(), client->local());
}

}  // namespace
}  // namespace tutti::world
