#include "wire/http1/conditional.hpp"

#include <gtest/gtest.h>

#include "wire/http1/date.hpp"

namespace tutti::wire::http1 {
namespace {

constexpr std::string_view before = "Sat, 29 Oct 1994 19:43:30 GMT";
constexpr std::string_view exactly = "Sat, 29 Oct 1994 19:43:31 GMT";
constexpr std::string_view after = "Sat, 29 Oct 1994 19:43:32 GMT";
constexpr std::string_view tag = "\"v1\"";

struct Given {
  std::string_view name;
  std::string_view value;
};

Validators both() { return {.etag = tag, .modified = parse_http_date(exactly)}; }

Fields fields_of(std::initializer_list<Given> given) {
  Fields fields;
  for (const Given& field : given) EXPECT_TRUE(fields.add(field.name, field.value));
  return fields;
}
Precondition of_get(std::initializer_list<Given> given, const Validators& validators = both()) {
  return precondition(fields_of(given), Method::get, validators);
}

TEST(Conditional, without_a_condition_goes_on) { EXPECT_EQ(of_get({}), Precondition::met); }

TEST(Conditional, if_none_match_finds_what_the_client_has) {
  EXPECT_EQ(of_get({{"If-None-Match", "\"v0\", W/\"v1\""}}), Precondition::not_modified);
  EXPECT_EQ(of_get({{"If-None-Match", "\"v0\""}, {"If-None-Match", "\"v1\""}}), Precondition::not_modified);
  EXPECT_EQ(of_get({{"If-None-Match", "*"}}), Precondition::not_modified);
  EXPECT_EQ(of_get({{"If-None-Match", "\"v2\""}}), Precondition::met);
}

TEST(Conditional, if_none_match_of_a_change_has_failed) {
  EXPECT_EQ(precondition(fields_of({{"If-None-Match", "*"}}), Method::put, both()), Precondition::failed);
}

TEST(Conditional, if_none_match_wins_over_the_date) {
  EXPECT_EQ(of_get({{"If-None-Match", "\"v2\""}, {"If-Modified-Since", after}}), Precondition::met);
}

TEST(Conditional, if_modified_since_holds_to_the_second) {
  EXPECT_EQ(of_get({{"If-Modified-Since", before}}), Precondition::met);
  EXPECT_EQ(of_get({{"If-Modified-Since", exactly}}), Precondition::not_modified);
  EXPECT_EQ(of_get({{"If-Modified-Since", after}}), Precondition::not_modified);
  EXPECT_EQ(of_get({{"If-Modified-Since", "yesterday"}}), Precondition::met);
  EXPECT_EQ(of_get({{"If-Modified-Since", after}}, {.etag = tag}), Precondition::met);
  EXPECT_EQ(precondition(fields_of({{"If-Modified-Since", after}}), Method::post, both()), Precondition::met);
}

TEST(Conditional, if_match_compares_strongly) {
  EXPECT_EQ(of_get({{"If-Match", "\"v1\""}}), Precondition::met);
  EXPECT_EQ(of_get({{"If-Match", "*"}}), Precondition::met);
  EXPECT_EQ(of_get({{"If-Match", "W/\"v1\""}}), Precondition::failed);
  EXPECT_EQ(of_get({{"If-Match", "\"v2\""}}), Precondition::failed);
}

TEST(Conditional, if_unmodified_since_counts_without_if_match) {
  EXPECT_EQ(of_get({{"If-Unmodified-Since", before}}), Precondition::failed);
  EXPECT_EQ(of_get({{"If-Unmodified-Since", exactly}}), Precondition::met);
  EXPECT_EQ(of_get({{"If-Match", "\"v1\""}, {"If-Unmodified-Since", before}}), Precondition::met);
}

TEST(Conditional, a_range_counts_only_of_the_same_representation) {
  const auto later = *parse_http_date(exactly) + std::chrono::hours(1);

  EXPECT_TRUE(range_applies(fields_of({}), both(), later));
  EXPECT_TRUE(range_applies(fields_of({{"If-Range", "\"v1\""}}), both(), later));
  EXPECT_FALSE(range_applies(fields_of({{"If-Range", "W/\"v1\""}}), both(), later));
  EXPECT_FALSE(range_applies(fields_of({{"If-Range", "\"v2\""}}), both(), later));
  EXPECT_TRUE(range_applies(fields_of({{"If-Range", exactly}}), both(), later));
  EXPECT_FALSE(range_applies(fields_of({{"If-Range", after}}), both(), later));
  EXPECT_FALSE(range_applies(fields_of({{"If-Range", "nonsense"}}), both(), later));
}

TEST(Conditional, a_date_as_young_as_its_precision_vouches_for_nothing) {
  const auto then = *parse_http_date(exactly);

  EXPECT_FALSE(range_applies(fields_of({{"If-Range", exactly}}), both(), then + std::chrono::seconds(1)));
  EXPECT_TRUE(range_applies(fields_of({{"If-Range", exactly}}), both(), then + std::chrono::seconds(2)));
}

}  // namespace
}  // namespace tutti::wire::http1
