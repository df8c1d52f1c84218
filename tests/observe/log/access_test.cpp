#include "observe/log/access.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "observe/given.hpp"

namespace tutti::observe {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct AccessLogTest : ::testing::Test {
  given::StandingClock clock;
  MemorySink sink;
  LogChannel channel{{.service = "shop"}, clock, sink};
  TraceContext trace;
  AccessRecord show_order{.at = clock.wall,
                          .method = "GET",
                          .route = "/orders/{id}",
                          .path = "/orders/7",
                          .served_by = "orders.show",
                          .status = 200,
                          .duration = std::chrono::nanoseconds(15172),
                          .bytes_in = 0,
                          .bytes_out = 321,
                          .peer = "127.0.0.1:4711",
                          .request_id = "r-7"};
};

TEST_F(AccessLogTest, tells_a_request_in_one_line_without_asking_the_clock) {
  trace.trace_id.fill(0x11);
  trace.span_id.fill(0x22);

  AccessLog(channel, {}).write(show_order, trace);

  EXPECT_THAT(
      sink.take(),
      ElementsAre(
          R"({"time":"2026-08-06T07:06:40.123456789Z","level":"info","message":"request","service":"shop",)"
          R"("trace_id":"11111111111111111111111111111111","span_id":"2222222222222222","request_id":"r-7",)"
          R"("method":"orders.show","attributes":{"http.request.method":"GET","http.route":"/orders/{id}",)"
          R"("url.path":"/orders/7","http.response.status_code":200,"http.request.body.size":0,)"
          R"("http.response.body.size":321,"network.peer.address":"127.0.0.1:4711","network.protocol.name":"http",)"
          R"("duration":1.5172e-05}})"));
  EXPECT_EQ(clock.reads, 0);
}

TEST_F(AccessLogTest, tells_a_call_by_rpc_with_its_code) {
  AccessLog(channel, {})
      .write({.at = clock.wall,
              .protocol = "rpc",
              .method = "payments.charge",
              .code = "unavailable",
              .duration = std::chrono::milliseconds(2)},
             trace);

  EXPECT_THAT(sink.take(),
              ElementsAre(R"({"time":"2026-08-06T07:06:40.123456789Z","level":"info","message":"request",)"
                          R"("service":"shop","attributes":{"rpc.method":"payments.charge",)"
                          R"("rpc.response.status_code":"unavailable","rpc.request.size":0,"rpc.response.size":0,)"
                          R"("network.protocol.name":"rpc","duration":0.002}})"));
}

TEST_F(AccessLogTest, is_silent_if_its_level_is_off_or_below_the_channel_s) {
  AccessLog(channel, {.level = LogLevel::off}).write(show_order, trace);
  AccessLog(channel, {.level = LogLevel::debug}).write(show_order, trace);

  EXPECT_THAT(sink.take(), IsEmpty());
}

TEST_F(AccessLogTest, samples_by_the_trace_id) {
  const AccessLog quarter(channel, {.sample = 0.25});
  for (int i = 0; i < 256; ++i) {
    trace.trace_id[9] = static_cast<std::uint8_t>(i);
    quarter.write(show_order, trace);
  }

  EXPECT_THAT(sink.take(), SizeIs(64));
}

TEST_F(AccessLogTest, always_tells_failures_of_the_server) {
  const AccessLog none(channel, {.sample = 0});

  for (const int status : {200, 404, 500, 503}) {
    show_order.status = status;
    none.write(show_order, trace);
  }
  for (const auto* code : {"ok", "not_found", "internal"}) {
    none.write({.at = clock.wall, .protocol = "rpc", .method = "a.b", .code = code}, trace);
  }

  EXPECT_THAT(sink.take(), SizeIs(3));
}

}  // namespace
}  // namespace tutti::observe
