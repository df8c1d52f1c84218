#include "wire/http1/date.hpp"

#include <gtest/gtest.h>

namespace tutti::wire::http1 {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

TEST(HttpDate, writes_and_reads_the_rfcs_example) {
  const sys_seconds time{seconds(784111777)};
  EXPECT_EQ(http_date(time), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), time);
}

TEST(HttpDate, survives_every_kind_of_day) {
  for (long long s : {0LL, 951782400LL, 951868799LL, 4102444800LL, -1LL, 253402300799LL}) {
    const sys_seconds time{seconds(s)};
    EXPECT_EQ(parse_http_date(http_date(time)), time) << http_date(time);
  }
  EXPECT_EQ(http_date(sys_seconds{seconds(951782400)}), "Tue, 29 Feb 2000 00:00:00 GMT");
}

TEST(HttpDate, refuses_what_is_not_its_form) {
  for (std::string_view text :
       {"", "Sun, 06 Nov 1994 08:49:37", "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
        "Thu, 30 Feb 1995 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, +6 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994"}) {
    EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace tutti::wire::http1
