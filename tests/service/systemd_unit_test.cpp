#include "service/systemd_unit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti::detail {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string text_for(const LibrarySettings& library, std::vector<std::string> flags = {}) {
  return unit_text({.name = "payments", .program = "/opt/shop/payments", .flags = flags, .library = library});
}

TEST(SystemdUnit, runs_the_binary_with_the_flags_that_were_given) {
  EXPECT_THAT(text_for({}, {"--payments.limit_minor=5"}),
              HasSubstr("\nExecStart=/opt/shop/payments --payments.limit_minor=5\n"));
}

TEST(SystemdUnit, quotes_what_systemd_would_split_or_expand) {
  EXPECT_THAT(text_for({}, {"--a=b c", "--d=50%$x", "--e=\"\\"}),
              HasSubstr(R"(ExecStart=/opt/shop/payments "--a=b c" --d=50%%$$x "--e=\"\\")"));
}

TEST(SystemdUnit, gives_a_stop_the_time_that_a_drain_may_take) {
  EXPECT_THAT(text_for({.drain_delay = std::chrono::milliseconds(2500), .drain_deadline = std::chrono::seconds(30)}),
              HasSubstr("\nTimeoutStopSec=38\n"));
}

TEST(SystemdUnit, asks_for_one_capability_where_a_port_needs_it_and_else_for_none) {
  EXPECT_THAT(text_for({}), HasSubstr("\nCapabilityBoundingSet=\n"));
  EXPECT_THAT(text_for({.http = {.listen = "0.0.0.0:443"}}), HasSubstr("\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n"));
  EXPECT_THAT(text_for({.http = {.listen = "127.0.0.1:0"}}), Not(HasSubstr("CAP_NET_BIND_SERVICE")));
  EXPECT_THAT(text_for({.http = {.listen = "unix:/run/payments/http.sock"}}), Not(HasSubstr("CAP_NET_BIND_SERVICE")));
}

}  // namespace
}  // namespace tutti::detail
