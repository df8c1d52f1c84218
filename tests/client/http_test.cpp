// Calls as HTTP requests, streams as bodies, and the plain HTTP client.
#include "client/given.hpp"

namespace tutti::client::testing {
namespace {

using runtime::Shard;
using runtime::testing::code_thrown_by;
using runtime::testing::message_of;

TEST(HttpCalls, put_each_field_where_the_route_says) {
  world::SimulatedWorld world;
  on_fiber(world, [&] {
    HttpStore server(Shard::current(), "127.0.0.1:8001");
    ASSERT_EQ(world.files().make_directories("/run"), 0);
    ASSERT_EQ(world.files().replace("/run/token", "abc\n"), 0);
    const auto client = client_for(
        {.endpoints = {server.name}, .errors = {{"409", "already_exists"}}, .bearer_token_file = "/run/token"},
        Transport::http);

    EXPECT_EQ(call(*client, store::put, store::Put{"a b", 7}, {.deadline = Shard::current().now() + 2s}).by,
              server.name);
    EXPECT_EQ(server.target, "/items/a%20b");
    EXPECT_EQ(server.body, "{\"amount\":7}");
    EXPECT_EQ(server.authorization, "Bearer abc");
    EXPECT_GT(std::stoi(server.timeout), 1900);
    EXPECT_LE(std::stoi(server.timeout), 2000);
    (void)call(*client, store::look, store::Query{"a", 3});
    EXPECT_EQ(server.target, "/items/a?page=3");
    EXPECT_THROW((void)call(*client, store::put, store::Put{"full"}), store::Full);
    EXPECT_EQ(code_thrown_by([&] { (void)call(*client, store::put, store::Put{"taken"}); }), Code::already_exists);
    EXPECT_EQ(code_thrown_by([&] { (void)call(*client, store::put, store::Put{".."}); }), Code::invalid_argument);
    EXPECT_EQ(message_of([&] { (void)call(*client, store::put, store::Put{"bad"}); }).substr(0, 52),
              "the reply of store.put breaks its contract: by: expe");
  });
}

TEST(HttpCalls, carry_trace_request_id_key_and_the_headers_of_the_settings) {
  world::SimulatedWorld world;
  on_fiber(world, [&] {
    HttpStore server(Shard::current(), "127.0.0.1:8001");
    const auto client = client_for({.endpoints = {server.name},
                                    .headers = {{"x-api-version", "7"}, {"x-api-key", "overridden"}},
                                    .secret_headers = {{"x-api-key", Secret("s3cret")}}},
                                   Transport::http);
    TraceContext trace;
    trace.trace_id.fill(1);
    trace.span_id.fill(2);
    trace.tracestate = "a=b";
    (void)call(*client, store::put_once, store::Put{"a"},
               {.trace = trace, .idempotency_key = "k-1", .request_id = "r-1"});
    EXPECT_EQ(server.headers["traceparent"], "00-01010101010101010101010101010101-0202020202020202-00");
    EXPECT_EQ(server.headers["tracestate"], "a=b");
    EXPECT_EQ(server.headers["x-request-id"], "r-1");
    EXPECT_EQ(server.headers["idempotency-key"], "k-1");
    EXPECT_EQ(server.headers["x-api-version"], "7");
    EXPECT_EQ(server.headers["x-api-key"], "s3cret");
    EXPECT_EQ(server.headers["host"], server.name);
  });
}

TEST(HttpCalls, keep_their_connections_and_open_as_many_as_are_needed) {
  world::SimulatedWorld world;
  on_fiber(world, [&] {
    HttpStore server(Shard::current(), "127.0.0.1:8001");
    const auto client = client_for({.endpoints = {server.name}, .connections_max = 3}, Transport::http);
    for (int i = 0; i < 5; ++i) (void)call(*client, store::put, store::Put{"a"});
    EXPECT_EQ(server.server->counts().accepted, 1u);
    server.takes = 100ms;
    Scope scope;
    for (int i = 0; i < 6; ++i) scope.spawn([&] { (void)call(*client, store::put, store::Put{"a"}); });
    scope.join();
    EXPECT_EQ(server.server->counts().accepted, 3u);
    EXPECT_EQ(server.executed["a"], 11);
  });
}

TEST(HttpCalls, that_upload_leave_no_connection_behind) {
  world::SimulatedWorld world;
  on_fiber(world, [&] {
    HttpStore server(Shard::current(), "127.0.0.1:8001");
    const auto client = client_for({.endpoints = {server.name}}, Transport::http);
    const Outgoing outgoing{.deadline = Shard::current().now() + 5s};
    alignas(store::Stored) std::byte memory[sizeof(store::Stored)];
    for (int i = 0; i < 20; ++i) {
      (void)client->call_streamed(store::upload, nullptr, memory, outgoing, nullptr, [](void*, detail::Sink& sink) {
        const Bytes piece(10);
        sink.write(&piece, {});
      });
      std::destroy_at(std::launder(reinterpret_cast<store::Stored*>(memory)));
    }
    sleep(100ms);  // until the server has seen the last one close
    EXPECT_EQ(server.server->counts().connections, 1u);
  });
}

TEST(HttpCalls, on_a_kept_connection_that_breaks_are_repeated_only_if_they_may_be) {
  world::SimulatedWorld world;
  on_fiber(world, [&] {
    HttpStore server(Shard::current(), "127.0.0.1:8001");
    const auto client = client_for({.endpoints = {server.name}, .breaker_failures = 1000}, Transport::http);
    (void)call(*client, store::put, store::Put{"a"});  // a connection is kept
    server.breaks = 1;
    EXPECT_EQ(code_thrown_by([&] { (void)call(*client, store::put, store::Put{"unsafe"}); }), Code::unavailable);
    EXPECT_EQ(server.broken, 1);
    EXPECT_EQ(server.executed["unsafe"], 0);

    (void)call(*client, store::put, store::Put{"a"});
    server.breaks = 1;
    EXPECT_NO_THROW((void)call(*client, store::look, store::Query{"safe"}));
    EXPECT_EQ(server.broken, 2);
    EXPECT_EQ(server.executed["safe"], 1);

    server.breaks = 1;
    EXPECT_EQ(code_thrown_by([&] { (void)call(*client, store::put_once, store::Put{"no key"}); }), Code::unavailable);
    server.breaks = 1;
    EXPECT_NO_THROW((void)call(*client, store::put_once, store::Put{"keyed"}, {.idempotency_key = "k"}));
    EXPECT_EQ(server.broken, 4);
    EXPECT_EQ(server.executed["keyed"], 1);
  });
}

TEST(HttpCalls, survive_that_the_server_closes_a_kept_connection) {
  world::SimulatedWorld world;
  on_fiber(world, [&] {
    HttpStore server(Shard::current(), "127.0.0.1:8001", {.idle_timeout = 1s});
    const auto client = client_for({.endpoints = {server.name}}, Transport::http);
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(call(*client, store::put, store::Put{"a"}).by, server.name);
      sleep(2s);
    }
    EXPECT_EQ(server.executed["a"], 5);
  });
}

TEST(HttpCalls, stream_results_as_lines_and_uploads_as_chunks) {
  world::SimulatedWorld world;
  on_fiber(world, [&] {
    HttpStore server(Shard::current(), "127.0.0.1:8001");
    const auto client = client_for({.endpoints = {server.name}}, Transport::http);
    const store::Query query{"a", {}};
    const Outgoing outgoing{.deadline = Shard::current().now() + 5s};
    In<store::Stored> in(client->call_streamed(store::watch, &query, nullptr, outgoing, nullptr, nullptr));
    std::string all;
    while (const auto stored = in.next()) all += stored->by;
    EXPECT_EQ(all, "012");

    alignas(store::Stored) std::byte memory[sizeof(store::Stored)];
    EXPECT_EQ(client->call_streamed(store::upload, nullptr, memory, outgoing, nullptr,
                                    [](void*, detail::Sink& sink) {
                                      for (int i = 0; i < 3; ++i) {
                                        const Bytes piece(100'000);
                                        sink.write(&piece, {});
                                      }
                                    }),
              nullptr);
    auto* const stored = std::launder(reinterpret_cast<store::Stored*>(memory));
    EXPECT_EQ(stored->by, "300000");
    std::destroy_at(stored);

    ASSERT_EQ(client->call_streamed(store::load, nullptr, memory, outgoing, nullptr,
                                    [](void*, detail::Sink& sink) {
                                      for (const char* key : {"a", "b"}) {
                                        const store::Put put{key, 1};
                                        sink.write(&put, {});
                                      }
                                    }),
              nullptr);
    std::destroy_at(std::launder(reinterpret_cast<store::Stored*>(memory)));
    EXPECT_EQ(server.body, "{\"key\":\"a\",\"amount\":1}\n{\"key\":\"b\",\"amount\":1}\n");
    EXPECT_EQ(server.headers["content-type"], "application/jsonl");
    EXPECT_EQ(server.headers["transfer-encoding"], "chunked");

    const auto by_rpc = client_for({.endpoints = {server.name}});
    EXPECT_EQ(
        message_of([&] { (void)by_rpc->call_streamed(store::watch, &query, nullptr, outgoing, nullptr, nullptr); }),
        "a stream cannot travel over rpc; set tutti.targets.store.transport to http");
  });
}

TEST(HttpClient, takes_any_status_as_a_reply_and_names_what_is_wrong_with_a_request) {
  world::SimulatedWorld world;
  on_fiber(world, [&] {
    HttpStore server(Shard::current(), "127.0.0.1:8001");
    const auto client = make_client(Shard::current(), {});
    EXPECT_EQ(client->http().send({.url = "http://localhost:8001/items/x?y=1"}).status, 200);
    EXPECT_EQ(server.target, "/items/x?y=1");
    const HttpReply taken =
        client->http().send({.method = "POST", .url = "http://127.0.0.1:8001/items/taken", .body = "{}"});
    EXPECT_EQ(taken.status, 409);
    EXPECT_EQ(taken.body, "is there");
    EXPECT_EQ(taken.header("Content-Type"), "text/plain");
    EXPECT_EQ(server.body, "{}");
    EXPECT_EQ(code_thrown_by([&] { (void)client->http().send({.url = "nonsense"}); }), Code::invalid_argument);
    EXPECT_EQ(code_thrown_by([&] {
                (void)client->http().send({.url = "http://127.0.0.1:8001/", .headers = {{"a", "b\r\nc: d"}}});
              }),
              Code::invalid_argument);
    EXPECT_EQ(code_thrown_by([&] {
                (void)client->http().send({.url = "http://127.0.0.1:8001/", .headers = {{"Content-Length", "3"}}});
              }),
              Code::invalid_argument);
    EXPECT_EQ(code_thrown_by([&] { (void)client->http().send({.url = "http://127.0.0.1:8009/"}); }), Code::unavailable);
    EXPECT_EQ(code_thrown_by([&] { (void)client->http().send({.url = "http://nowhere.test/"}); }), Code::unavailable);
    server.takes = 5s;
    EXPECT_EQ(
        code_thrown_by([&] { (void)client->http().send({.url = "http://127.0.0.1:8001/items/x", .deadline = 1s}); }),
        Code::deadline_exceeded);
  });
}

}  // namespace
}  // namespace tutti::client::testing
