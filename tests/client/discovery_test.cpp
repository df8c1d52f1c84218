// Where endpoints are: names that move, and a file that is rewritten while calls go on.
#include "client/discovery.hpp"
#include "client/given.hpp"

namespace tutti::client::testing {
namespace {

using runtime::Shard;
using runtime::testing::code_thrown_by;

TEST(Discovery, follows_a_name_to_its_new_address) {
  world::SimulatedWorld world;
  on_fiber(world, [&] {
    RpcStore first(Shard::current(), "127.0.0.1:7001");
    RpcStore second(Shard::current(), "127.0.0.2:7001");
    world.add_name("store.internal", {"127.0.0.1"});
    const auto client = client_for({.endpoints = {"store.internal:7001"}});
    EXPECT_EQ(call(*client, store::put, store::Put{"a"}).by, first.name);
    world.add_name("store.internal", {"127.0.0.2"});
    sleep(6s);
    (void)call(*client, store::put, store::Put{"a"});  // starts looking
    sleep(10ms);
    EXPECT_EQ(call(*client, store::put, store::Put{"a"}).by, second.name);
    // No answer is no news.
    world.fail_name("store.internal", "nobody knows");
    sleep(6s);
    (void)call(*client, store::put, store::Put{"a"});
    sleep(10ms);
    EXPECT_EQ(call(*client, store::put, store::Put{"a"}).by, second.name);
  });
}

TEST(Discovery, follows_a_file_in_json_and_in_yaml) {
  world::SimulatedWorld world;
  on_fiber(world, [&] {
    RpcStore first(Shard::current(), "127.0.0.1:7001");
    RpcStore second(Shard::current(), "127.0.0.1:7002");
    ASSERT_EQ(world.files().make_directories("/fleet"), 0);
    ASSERT_EQ(
        world.files().replace(
            "/fleet/targets.json",
            R"([{"targets": ["127.0.0.1:7001"], "labels": {"service": "store"}}, {"targets": ["127.0.0.1:7009"], "labels": {"service": "other"}}])"),
        0);
    const auto client = client_for({.endpoints_file = "/fleet/targets.json"});
    for (int i = 0; i < 5; ++i) EXPECT_EQ(call(*client, store::put, store::Put{"a"}).by, first.name);
    ASSERT_EQ(world.files().replace("/fleet/targets.json",
                                    "- targets:\n    - 127.0.0.1:7002\n  labels:\n    transport: rpc\n"),
              0);
    sleep(2s);
    (void)call(*client, store::put, store::Put{"a"});
    sleep(10ms);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(call(*client, store::put, store::Put{"a"}).by, second.name);
    // A file that cannot be read leaves what is known.
    ASSERT_EQ(world.files().replace("/fleet/targets.json", "targets: {"), 0);
    sleep(2s);
    (void)call(*client, store::put, store::Put{"a"});
    sleep(10ms);
    EXPECT_EQ(call(*client, store::put, store::Put{"a"}).by, second.name);
  });
}

TEST(Place, is_a_numeric_address_a_name_a_socket_or_a_url) {
  EXPECT_EQ(parse_place("127.0.0.1:7001").address->port, 7001);
  EXPECT_EQ(parse_place("payments:7001").host, "payments");
  EXPECT_EQ(parse_place("unix:/run/a.sock").address->host, "/run/a.sock");
  const Place url = parse_place("https://api.example/v1/");
  EXPECT_EQ(url.origin.base, "/v1");
  EXPECT_EQ(url.port, 443);
  EXPECT_EQ(url.origin.name, "api.example");
  for (const char* bad : {"payments", "payments:0", "127.0.0.1:0", "https://a:0", "payments:x", ":80", "ftp://a/"}) {
    EXPECT_EQ(code_thrown_by([&] { (void)parse_place(bad); }), Code::failed_precondition) << bad;
  }
}

}  // namespace
}  // namespace tutti::client::testing
