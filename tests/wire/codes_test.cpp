#include "wire/codes.hpp"

#include <gtest/gtest.h>

#include <set>

namespace tutti::wire {
namespace {

constexpr int code_count = 17;

TEST(Codes, map_to_the_statuses_of_google_rpc) {
  EXPECT_EQ(http_status_of(Code::ok), 200);
  EXPECT_EQ(http_status_of(Code::cancelled), 499);
  EXPECT_EQ(http_status_of(Code::unknown), 500);
  EXPECT_EQ(http_status_of(Code::invalid_argument), 400);
  EXPECT_EQ(http_status_of(Code::deadline_exceeded), 504);
  EXPECT_EQ(http_status_of(Code::not_found), 404);
  EXPECT_EQ(http_status_of(Code::already_exists), 409);
  EXPECT_EQ(http_status_of(Code::permission_denied), 403);
  EXPECT_EQ(http_status_of(Code::resource_exhausted), 429);
  EXPECT_EQ(http_status_of(Code::failed_precondition), 400);
  EXPECT_EQ(http_status_of(Code::aborted), 409);
  EXPECT_EQ(http_status_of(Code::out_of_range), 400);
  EXPECT_EQ(http_status_of(Code::unimplemented), 501);
  EXPECT_EQ(http_status_of(Code::internal), 500);
  EXPECT_EQ(http_status_of(Code::unavailable), 503);
  EXPECT_EQ(http_status_of(Code::data_loss), 500);
  EXPECT_EQ(http_status_of(Code::unauthenticated), 401);
}

TEST(Codes, have_one_name_on_every_wire) {
  std::set<std::string_view> names;
  for (int i = 0; i < code_count; ++i) {
    const auto code = static_cast<Code>(i);
    EXPECT_EQ(rpc_name_of(code), tutti::name_of(code));
    EXPECT_EQ(code_of_rpc_name(rpc_name_of(code)), code);
    EXPECT_FALSE(title_of(code).empty());
    names.insert(rpc_name_of(code));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(code_count));
  EXPECT_EQ(code_of_rpc_name("Declined"), std::nullopt);
}

TEST(Codes, are_guessed_from_a_foreign_status_by_what_the_caller_should_do) {
  EXPECT_EQ(code_of_http_status(200), Code::ok);
  EXPECT_EQ(code_of_http_status(204), Code::ok);
  EXPECT_EQ(code_of_http_status(304), Code::ok);
  EXPECT_EQ(code_of_http_status(400), Code::invalid_argument);
  EXPECT_EQ(code_of_http_status(401), Code::unauthenticated);
  EXPECT_EQ(code_of_http_status(403), Code::permission_denied);
  EXPECT_EQ(code_of_http_status(404), Code::not_found);
  EXPECT_EQ(code_of_http_status(408), Code::deadline_exceeded);
  EXPECT_EQ(code_of_http_status(409), Code::aborted);
  EXPECT_EQ(code_of_http_status(412), Code::failed_precondition);
  EXPECT_EQ(code_of_http_status(422), Code::invalid_argument);
  EXPECT_EQ(code_of_http_status(429), Code::resource_exhausted);
  EXPECT_EQ(code_of_http_status(499), Code::cancelled);
  EXPECT_EQ(code_of_http_status(500), Code::internal);
  EXPECT_EQ(code_of_http_status(501), Code::unimplemented);
  EXPECT_EQ(code_of_http_status(502), Code::unavailable);
  EXPECT_EQ(code_of_http_status(503), Code::unavailable);
  EXPECT_EQ(code_of_http_status(504), Code::deadline_exceeded);
  EXPECT_EQ(code_of_http_status(599), Code::unknown);
  EXPECT_EQ(code_of_http_status(0), Code::unknown);
}

TEST(Codes, survive_http_where_the_status_is_theirs_alone) {
  for (Code code : {Code::ok, Code::cancelled, Code::invalid_argument, Code::deadline_exceeded, Code::not_found,
                    Code::permission_denied, Code::resource_exhausted, Code::aborted, Code::unimplemented,
                    Code::internal, Code::unavailable, Code::unauthenticated}) {
    EXPECT_EQ(code_of_http_status(http_status_of(code)), code) << rpc_name_of(code);
  }
}

TEST(Codes, treat_a_number_outside_the_set_as_unknown) {
  EXPECT_EQ(rpc_name_of(static_cast<Code>(200)), "unknown");
  EXPECT_EQ(http_status_of(static_cast<Code>(200)), 500);
}

}  // namespace
}  // namespace tutti::wire
