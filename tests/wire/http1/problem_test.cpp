#include "wire/http1/problem.hpp"

#include <gtest/gtest.h>

namespace tutti::wire::http1 {
namespace {

std::string written(const Problem& problem) {
  std::string out;
  append_problem(out, problem);
  return out;
}

TEST(Problem, of_a_code_says_status_title_and_code) {
  EXPECT_EQ(
      written(problem_of(Code::not_found, "no order \"o-1\"")),
      R"({"type":"about:blank","title":"Not found","status":404,"detail":"no order \"o-1\"","code":"not_found"})");
}

TEST(Problem, carries_violations_and_a_contract_errors_value) {
  Problem problem = problem_of(Code::failed_precondition, "");
  problem.type = "payments.Declined";
  problem.value_json = R"({"reason":"over the limit"})";
  problem.violations = {{"items[3].price", "a whole number", "\"tow\""}};

  const std::string json = written(problem);

  EXPECT_EQ(json,
            R"({"type":"payments.Declined","title":"Failed precondition","status":400,"code":"failed_precondition",)"
            R"("violations":[{"path":"items[3].price","expected":"a whole number","found":"\"tow\""}],)"
            R"("value":{"reason":"over the limit"}})");
  const auto read = parse_problem(json, 400);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->type, "payments.Declined");
  EXPECT_EQ(read->code, Code::failed_precondition);
  EXPECT_EQ(read->value_json, problem.value_json);
  ASSERT_EQ(read->violations.size(), 1u);
  EXPECT_EQ(read->violations[0].path, "items[3].price");
  EXPECT_EQ(read->violations[0].found, "\"tow\"");
}

TEST(Problem, of_a_foreign_service_is_read_by_its_status) {
  const auto read = parse_problem(
      R"({"type":"https://example.com/probs/out-of-credit","title":"You do not have enough credit.","detail":"Your current balance is 30.","balance":30})",
      403);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->code, Code::permission_denied);
  EXPECT_EQ(read->type, "https://example.com/probs/out-of-credit");
  EXPECT_EQ(read->detail, "Your current balance is 30.");
}

TEST(Problem, ignores_members_of_another_type) {
  const auto read =
      parse_problem(R"({"type":5,"detail":null,"code":["x"],"violations":[1,{"path":2}],"status":"200"})", 503);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->type, "");
  EXPECT_EQ(read->code, Code::unavailable);
  EXPECT_EQ(read->status, 503);
  EXPECT_EQ(read->violations.size(), 1u);
  EXPECT_EQ(parse_problem(R"({"code":"ok"})", 200)->code, Code::unknown);
}

TEST(Problem, refuses_what_is_no_json_object_or_too_large) {
  for (std::string_view json : {"", "[]", "\"x\"", "{", "{\"a\":}", "<html>", "{} x"})
    EXPECT_FALSE(parse_problem(json, 500)) << json;
  EXPECT_FALSE(parse_problem("{\"a\":\"" + std::string(problem_bytes_max, 'x') + "\"}", 500));
}

}  // namespace
}  // namespace tutti::wire::http1
