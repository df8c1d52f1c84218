// Violations read as a sentence and never grow without bound; codes have one name each.
#include <gtest/gtest.h>

#include <tutti/error.hpp>
#include <tutti/violations.hpp>

namespace {

TEST(Violations, read_as_one_sentence) {
  tutti::Violations violations;
  violations.add("items[3].price", "a whole number from 1 to 100", "101");
  violations.add("", "an object", "nothing");

  EXPECT_EQ(violations.to_string(),
            "items[3].price: expected a whole number from 1 to 100, found 101; expected an object, found nothing");
}

TEST(Violations, beyond_the_limit_are_counted_and_dropped) {
  tutti::Violations violations;
  for (std::size_t i = 0; i < tutti::Violations::kept_max + 3; ++i) violations.add("a", "b", "c");

  EXPECT_EQ(violations.list().size(), tutti::Violations::kept_max);
  EXPECT_EQ(violations.total(), tutti::Violations::kept_max + 3);
  EXPECT_NE(violations.to_string().find(" (and 3 more)"), std::string::npos);
}

TEST(Code, survives_by_its_name) {
  for (int number = 0; number <= 16; ++number) {
    const auto code = static_cast<tutti::Code>(number);
    EXPECT_EQ(tutti::code_of(name_of(code)), code);
  }
  EXPECT_EQ(tutti::code_of("nonsense"), std::nullopt);
  EXPECT_EQ(name_of(tutti::Code::failed_precondition), "failed_precondition");
}

TEST(Error, says_whether_a_retry_can_help) {
  EXPECT_TRUE(tutti::Error(tutti::Code::unavailable, "gone").retryable());
  EXPECT_FALSE(tutti::Error(tutti::Code::invalid_argument, "bad").retryable());
}

}  // namespace
