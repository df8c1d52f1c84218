// WebSockets by their bytes, in virtual time.
#include "net/websocket_fixture.hpp"

#include <gmock/gmock.h>

namespace tutti::net::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

template <class F>
void with_websockets(const WebSocketLimits& limits, const WebSocketRules& rules, F body) {
  world::SimulatedWorld world;
  on_fiber(world, [&] {
    WebSockets sockets(limits, rules);
    body(sockets);
  });
}
template <class F>
void with_websockets(const WebSocketLimits& limits, F body) {
  with_websockets(limits, {}, std::move(body));
}

TEST(WebSocketServer, tells_the_session_what_comes_in_order) {
  with_websockets({}, [](WebSockets& sockets) {
    FramesClient client(sockets.http->address());
    client.write(frames::text("wait") + frames::first("a") + frames::last("b") +
                 frames::frame(Opcode::close,
                               "\x0f\xa0"
                               "bye"));

    EXPECT_EQ(client.heard(3s), "text:wait text:ab close:4000:bye");
    EXPECT_TRUE(client.ended);
    client.close();
    ASSERT_TRUE(sockets.noted("gone"));
    EXPECT_THAT(sockets.service.notes, ElementsAre("opened", "wait", "ab", "closed 4000 bye", "gone"));
    EXPECT_EQ(sockets.websockets->counts().connections, 0u);
    EXPECT_EQ(sockets.http->counts().connections, 0u) << "it has left HTTP";
  });
}

TEST(WebSocketServer, reads_what_came_with_the_handshake) {
  with_websockets({}, [](WebSockets& sockets) {
    FramesClient client(sockets.http->address(), frames::text("early"));
    EXPECT_EQ(client.heard(1s), "text:early");
  });
}

TEST(WebSocketServer, tells_the_session_of_a_connection_that_breaks_while_a_handler_waits) {
  with_websockets({}, [](WebSockets& sockets) {
    FramesClient client(sockets.http->address());
    client.write(frames::text("wait") + frames::text("then"));
    ASSERT_TRUE(sockets.noted("wait"));
    client.reset();

    ASSERT_TRUE(sockets.noted("gone"));
    EXPECT_THAT(sockets.service.notes, ElementsAre("opened", "wait", "then", "closed 1006", "gone"))
        << "what has come is handled";
  });
}

TEST(WebSocketServer, drops_what_has_come_when_its_own_handler_closes) {
  with_websockets({}, [](WebSockets& sockets) {
    FramesClient client(sockets.http->address());
    client.write(frames::text("close") + frames::text("late"));
    EXPECT_EQ(client.heard(100ms), "close:4000:as you wish");
    client.write(frames::frame(Opcode::close, "\x0f\xa0"));
    client.finish_writing();
    ASSERT_TRUE(sockets.noted("gone"));
    EXPECT_THAT(sockets.service.notes, ElementsAre("opened", "close", "closed 4000 as you wish", "gone"));
  });
}

TEST(WebSocketServer, resets_a_client_that_does_not_answer_a_close) {
  with_websockets({.close_timeout = 5s}, [](WebSockets& sockets) {
    FramesClient client(sockets.http->address());
    client.say("close");
    ASSERT_TRUE(sockets.noted("closed 4000 as you wish"));
    EXPECT_FALSE(sockets.noted("gone", 4s));
    EXPECT_TRUE(sockets.noted("gone", 2s));
  });
}

TEST(WebSocketServer, pings_a_silent_client_and_gives_up_one_that_does_not_answer) {
  with_websockets({.ping_interval = 20s, .pong_timeout = 10s}, [](WebSockets& sockets) {
    FramesClient dead(sockets.http->address()), alive(sockets.http->address());
    EXPECT_EQ(alive.heard(19s), "");
    EXPECT_EQ(alive.heard(2s), "ping:");
    alive.write(frames::frame(Opcode::pong, ""));

    EXPECT_TRUE(sockets.noted("closed 1006", 10s));
    EXPECT_EQ(sockets.websockets->counts().connections, 1u);
    EXPECT_EQ(alive.heard(21s), "ping:");
  });
}

TEST(WebSocketServer, does_not_give_up_a_client_whose_handler_is_behind) {
  with_websockets({.messages_waiting_max = 1, .ping_interval = 20s, .pong_timeout = 10s}, [](WebSockets& sockets) {
    FramesClient client(sockets.http->address());
    client.write(frames::text("wait long") + frames::text("a") + frames::text("b") + frames::frame(Opcode::pong, ""));
    tutti::sleep(59min);
    EXPECT_EQ(sockets.websockets->counts().connections, 1u);
    EXPECT_THAT(client.heard(2min), StartsWith("text:wait long text:a text:b"));
  });
}

TEST(WebSocketServer, closes_a_client_without_messages_after_the_idle_time) {
  with_websockets({.ping_interval = 0s, .idle_timeout = 1min}, [](WebSockets& sockets) {
    FramesClient client(sockets.http->address());
    EXPECT_EQ(client.heard(50s), "");
    client.say("a");
    EXPECT_EQ(client.heard(50s), "text:a");
    EXPECT_EQ(client.heard(20s), "close:1001:nothing was said for too long");
  });
}

TEST(WebSocketServer, stops_once_what_has_come_is_handled) {
  with_websockets({}, [](WebSockets& sockets) {
    FramesClient client(sockets.http->address());
    client.say("wait");
    ASSERT_TRUE(sockets.noted("wait"));
    sockets.websockets->stop();
    EXPECT_FALSE(sockets.websockets->takes_more());
    EXPECT_EQ(client.heard(2s), "text:wait close:1001:the service stops");
    client.write(frames::frame(Opcode::close, "\x03\xe9"));
    client.finish_writing();
    EXPECT_TRUE(sockets.websockets->drain(this_shard().now() + 1s));
  });
}

TEST(WebSocketServer, cancels_handlers_when_it_is_destroyed) {
  with_websockets({}, [](WebSockets& sockets) {
    FramesClient idle(sockets.http->address()), busy(sockets.http->address());
    busy.say("wait long");
    ASSERT_TRUE(sockets.noted("wait long"));
    const Instant before = this_shard().now();
    sockets.websockets.reset();
    EXPECT_EQ(this_shard().now(), before);
    EXPECT_EQ(std::count(sockets.service.notes.begin(), sockets.service.notes.end(), "gone"), 2);
  });
}

TEST(WebSocketServer, ends_a_connection_whose_session_throws) {
  with_websockets({}, [](WebSockets& sockets) {
    FramesClient client(sockets.http->address());
    client.say("throw");
    ASSERT_TRUE(sockets.noted("gone"));
    EXPECT_THAT(sockets.service.notes, ElementsAre("opened", "throw", "closed 1006", "gone"));
  });
}

TEST(WebSocketServer, closes_a_client_that_does_not_take_its_messages) {
  world::SimulatedWorld world({.buffer_bytes_max = 4096});
  on_fiber(world, [&] {
    WebSockets sockets({.queue_bytes_max = 2'000});
    FramesClient client(sockets.http->address());
    client.say("send 10000");
    ASSERT_TRUE(sockets.noted("closed 1008 the client does not take its messages"));
    EXPECT_EQ(sockets.websockets->counts().overflowed, 1u);
    const std::string heard = client.heard(1s);
    EXPECT_THAT(heard, StartsWith("text:0 text:1 text:2 "));
    EXPECT_TRUE(heard.ends_with("close:1008:the client does not take its messages")) << heard;
  });
}

TEST(WebSocketServer, drops_the_oldest_messages_of_a_slow_client) {
  world::SimulatedWorld world({.buffer_bytes_max = 4096});
  on_fiber(world, [&] {
    WebSockets sockets({.queue_bytes_max = 2'000}, {.when_full = WhenFull::drop_oldest});
    FramesClient client(sockets.http->address());
    client.say("send 10000");
    ASSERT_TRUE(sockets.noted("send 10000"));
    const std::string heard = client.heard(1s);
    const WebSocketCounts counts = sockets.websockets->counts();
    EXPECT_THAT(heard, StartsWith("text:0 text:1 text:2 "));
    EXPECT_TRUE(heard.ends_with(" text:9998 text:9999")) << heard;
    EXPECT_EQ(counts.sent, 10'000u);
    EXPECT_EQ(count_of(heard, "text:"), counts.sent - counts.dropped);
    EXPECT_GT(counts.dropped, 8'000u);
  });
}

TEST(WebSocketServer, sends_in_one_write_what_one_turn_says) {
  const auto world = world::real_world();
  on_fiber(*world, [] {
    WebSockets sockets({});
    FramesClient client(sockets.http->address());
    client.say("warm");
    EXPECT_EQ(client.heard(100ms), "text:warm");
    const std::uint64_t before = world::counters_of(this_shard().network()).send;
    client.say("send 10");
    EXPECT_EQ(count_of(client.heard(100ms), "text:"), 10u);
    EXPECT_EQ(world::counters_of(this_shard().network()).send - before, 2u);  // the client's and the server's
  });
}

TEST(WebSocketServer, compresses_a_message_to_many_for_those_who_can) {
  with_websockets({}, {.compression = wire::websocket::Compression{}}, [](WebSockets& sockets) {
    FramesClient client(sockets.http->address());
    client.say("all");
    const std::string bytes = client.read_to_end(1s);
    ASSERT_LT(bytes.size(), 100u);
    EXPECT_EQ(static_cast<unsigned char>(bytes[0]), 0xc1) << "RSV1";
    wire::websocket::Inflater inflater;
    std::string message;
    ASSERT_EQ(inflater.inflate(std::string_view(bytes).substr(2), 10'000, message),
              wire::websocket::Inflater::Result::done);
    EXPECT_EQ(message, std::string(1000, 'x'));
  });
}

}  // namespace
}  // namespace tutti::net::testing
