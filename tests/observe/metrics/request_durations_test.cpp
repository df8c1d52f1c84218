#include "observe/metrics/request_durations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "observe/metrics/prometheus.hpp"

namespace tutti::observe {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

std::string text_of(const Metrics& metrics) {
  const std::array<const Metrics*, 1> parts{&metrics};
  return prometheus_text(parts);
}

TEST(RequestDurations, tell_http_requests_by_method_route_and_status) {
  Metrics metrics;
  auto show = RequestDurations::http_server(metrics, "GET", "/orders/{id}");

  show.record(200, milliseconds(3));
  show.record(200, milliseconds(30));
  show.record(404, milliseconds(1));

  const auto text = text_of(metrics);
  EXPECT_THAT(text, HasSubstr("http_server_request_duration_seconds_count{http_request_method=\"GET\","
                              "http_response_status_code=\"200\",http_route=\"/orders/{id}\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("http_response_status_code=\"200\",http_route=\"/orders/{id}\",le=\"0.005\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("http_response_status_code=\"404\",http_route=\"/orders/{id}\"} 1\n"));
}

TEST(RequestDurations, do_not_trust_methods_they_do_not_know) {
  Metrics metrics;

  RequestDurations::http_server(metrics, "EVIL-1", "").record(405, milliseconds(1));

  EXPECT_THAT(text_of(metrics),
              HasSubstr("_count{http_request_method=\"_OTHER\",http_response_status_code=\"405\"} 1"));
}

TEST(RequestDurations, say_when_a_server_did_not_answer) {
  Metrics metrics;

  RequestDurations::http_client(metrics, "POST", "catalog").record(0, milliseconds(1));

  EXPECT_THAT(text_of(metrics), HasSubstr("http_client_request_duration_seconds_count{error_type=\"no_response\","
                                          "http_request_method=\"POST\",server_address=\"catalog\"} 1\n"));
}

TEST(RequestDurations, tell_calls_by_system_method_and_code) {
  Metrics metrics;

  RequestDurations::rpc_server(metrics, "tutti", "payments.charge").record(Code::ok, milliseconds(1));
  RequestDurations::rpc_client(metrics, "tutti", "payments.charge").record(Code::deadline_exceeded, milliseconds(1));

  EXPECT_THAT(text_of(metrics), HasSubstr("rpc_server_call_duration_seconds_count{rpc_method=\"payments.charge\","
                                          "rpc_response_status_code=\"ok\",rpc_system_name=\"tutti\"} 1\n"));
  EXPECT_THAT(text_of(metrics),
              HasSubstr("rpc_client_call_duration_seconds_count{rpc_method=\"payments.charge\","
                        "rpc_response_status_code=\"deadline_exceeded\",rpc_system_name=\"tutti\"} 1\n"));
}

TEST(RequestDurations, count_every_outcome_even_beyond_those_it_remembers) {
  Metrics metrics;
  auto route = RequestDurations::http_server(metrics, "GET", "/");

  for (int round = 0; round < 2; ++round) {
    for (int status = 400; status < 420; ++status) route.record(status, milliseconds(1));
  }

  for (int status = 400; status < 420; ++status) {
    EXPECT_THAT(text_of(metrics), HasSubstr("_count{http_request_method=\"GET\",http_response_status_code=\"" +
                                            std::to_string(status) + "\",http_route=\"/\"} 2\n"));
  }
}

}  // namespace
}  // namespace tutti::observe
