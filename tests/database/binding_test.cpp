#include <limits>
#include <map>
#include <variant>

#include <tutti/bytes.hpp>

#include "database/given.hpp"

namespace tutti::given {
namespace {

struct Circle {
  double radius;
  friend bool operator==(const Circle&, const Circle&) = default;
};
struct Square {
  double side;
  friend bool operator==(const Square&, const Square&) = default;
};

struct Everything {
  bool yes;
  std::int8_t i8;
  std::int16_t i16;
  std::int32_t i32;
  std::int64_t i64;
  std::uint8_t u8;
  std::uint16_t u16;
  std::uint32_t u32;
  std::uint64_t u64;
  float f32;
  double f64;
  std::string text;
  Bytes bytes;
  Time time;
  std::chrono::milliseconds duration;
  State state;
  std::optional<std::int32_t> some;
  std::optional<std::string> none;
  std::vector<Line> list;
  std::map<std::string, std::int32_t> map;
  std::array<std::int32_t, 2> array;
  Line record;
  std::variant<Circle, Square> variant;
  friend bool operator==(const Everything&, const Everything&) = default;
};

constexpr Migration everything_migrations[] = {{"0001-everything.sql",
                                                "create table everything (yes, i8, i16, i32, i64, u8, u16, u32, u64, "
                                                "f32, f64, text, bytes, time, duration, state, "
                                                "some, none, list, map, array, record, variant);"
                                                "create table loose (a, b, c)"}};

Everything everything() {
  return {.yes = true,
          .i8 = -128,
          .i16 = -32768,
          .i32 = std::numeric_limits<std::int32_t>::min(),
          .i64 = std::numeric_limits<std::int64_t>::min(),
          .u8 = 255,
          .u16 = 65535,
          .u32 = std::numeric_limits<std::uint32_t>::max(),
          .u64 = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()),
          .f32 = 0.1F,
          .f64 = 0.1,
          .text = std::string("h\xc3\xa9llo\0!", 8),
          .bytes = {std::byte{0}, std::byte{255}},
          .time = *parse_time("2026-02-03T04:05:06.5Z"),
          .duration = std::chrono::milliseconds(1500),
          .state = State::paid,
          .some = 7,
          .none = std::nullopt,
          .list = {{.sku = "mug", .quantity = 2}},
          .map = {{"a", 1}},
          .array = {1, 2},
          .record = {.sku = "cup", .quantity = 3},
          .variant = Square{2}};
}

struct Binding : SimulatedDatabase {
  std::unique_ptr<Database> db = open({.migrations = everything_migrations});
};

struct Loose {
  std::int32_t a;
  std::string b = "initial";
  std::optional<std::string> c;
};

TEST_F(Binding, every_kind_comes_back_as_it_was_stored) {
  db->insert("everything", everything());

  EXPECT_EQ(db->one<Everything>("select * from everything").value(), everything());
}

TEST_F(Binding, an_empty_text_list_and_bytes_are_not_null) {
  Everything value = everything();
  value.text.clear();
  value.bytes.clear();
  value.list.clear();
  db->insert("everything", value);

  EXPECT_EQ(db->one<Everything>("select * from everything").value(), value);
  EXPECT_EQ(db->one<std::string>("select typeof(text) || typeof(bytes) || list from everything"), "textblob[]");
}

TEST_F(Binding, columns_hold_what_the_guide_says) {
  db->insert("everything", everything());
  const auto type = [&](const std::string& column) {
    return db->one<std::string>("select typeof(" + column + ") || ' ' || " + column + " from everything").value();
  };

  EXPECT_EQ(type("yes"), "integer 1");
  EXPECT_EQ(type("time"), "text 2026-02-03T04:05:06.500000000Z");
  EXPECT_EQ(type("duration"), "integer 1500000000");
  EXPECT_EQ(type("state"), "text paid");
  EXPECT_EQ(type("list"), R"(text [{"sku":"mug","quantity":2}])");
  EXPECT_EQ(type("variant"), R"(text {"type":"Square","side":2})");
  EXPECT_EQ(db->one<std::string>("select datetime(time) from everything"), "2026-02-03 04:05:06");
}

TEST_F(Binding, values_of_every_kind_go_to_question_marks) {
  db->insert("everything", everything());
  const auto found = [&](const auto& value, const std::string& column) {
    return db->one<std::int64_t>("select count(*) from everything where " + column + " is ?", value).value();
  };

  EXPECT_EQ(found(true, "yes"), 1);
  EXPECT_EQ(found(State::paid, "state"), 1);
  EXPECT_EQ(found(everything().time, "time"), 1);
  EXPECT_EQ(found(everything().duration, "duration"), 1);
  EXPECT_EQ(found(everything().bytes, "bytes"), 1);
  EXPECT_EQ(found(std::optional<std::int32_t>(7), "some"), 1);
  EXPECT_EQ(found(std::optional<std::int32_t>(), "none"), 1);
  EXPECT_EQ(found(nullptr, "none"), 1);
  EXPECT_EQ(found(std::nullopt, "none"), 1);
  EXPECT_EQ(found("paid", "state"), 1);
  EXPECT_EQ(found(std::string_view("paid"), "state"), 1);
  EXPECT_EQ(found(std::string("paid"), "state"), 1);
  EXPECT_EQ(found(everything().list, "list"), 1);
  EXPECT_EQ(found(255, "u8"), 1);
  EXPECT_EQ(found(0.1, "f64"), 1);
}

TEST_F(Binding, single_values_are_read_from_the_only_column) {
  db->run("insert into loose (a, b) values (1, 'x'), (2, null)");

  EXPECT_EQ(db->query<std::int32_t>("select a from loose order by a"), (std::vector<std::int32_t>{1, 2}));
  EXPECT_EQ(db->query<bool>("select a = 1 from loose order by a"), (std::vector<bool>{true, false}));
  EXPECT_EQ(db->query<std::optional<std::string>>("select b from loose order by a"),
            (std::vector<std::optional<std::string>>{"x", std::nullopt}));
  EXPECT_EQ(db->one<std::int32_t>("select a from loose where a = 3"), std::nullopt);
  EXPECT_ERROR(db->query<std::int32_t>("select a, b from loose"), Code::internal, "found 2");
}

TEST_F(Binding, run_tells_how_many_rows_changed) {
  EXPECT_EQ(db->run("insert into loose (a) values (1), (2)"), 2);
  EXPECT_EQ(db->run("update loose set b = 'x' where a = ?", 2), 1);
  EXPECT_EQ(db->run("delete from loose where a = ?", 3), 0);
}

TEST_F(Binding, a_column_that_no_field_has_is_left_out) {
  db->run("insert into loose (a, b, c) values (1, 'x', 'y')");

  EXPECT_EQ(db->one<Loose>("select *, 1 as more from loose")->b, "x");
}

TEST_F(Binding, null_leaves_a_field_that_may_be_absent_and_is_refused_elsewhere) {
  db->run("insert into loose (a) values (1)");

  const auto row = db->one<Loose>("select * from loose").value();
  EXPECT_EQ(row.b, "initial");
  EXPECT_EQ(row.c, std::nullopt);
  EXPECT_ERROR(db->one<Loose>("select null as a, b, c from loose"), Code::data_loss, "column \"a\" is NULL");
}

TEST_F(Binding, a_missing_column_is_named_with_those_there_are) {
  EXPECT_ERROR(db->query<Loose>("select a, b from loose"), Code::internal,
               "gives no column \"c\" for Loose; its columns are a, b");
}

TEST_F(Binding, a_value_of_another_type_is_named_with_what_was_expected) {
  db->run("insert into loose (a) values ('tow')");

  EXPECT_ERROR(db->query<Loose>("select * from loose"), Code::data_loss,
               "column \"a\" is a text \"tow\"; expected a whole number");
  EXPECT_ERROR(db->query<State>("select a from loose"), Code::data_loss, "expected one of placed, paid, declined");
  EXPECT_ERROR(db->query<Time>("select a from loose"), Code::data_loss, "expected a time");
  EXPECT_ERROR(db->query<Bytes>("select a from loose"), Code::data_loss, "expected bytes");
  EXPECT_ERROR(db->query<std::vector<Line>>("select a from loose"), Code::data_loss, "expected the JSON of its field");
}

TEST_F(Binding, a_number_that_does_not_fit_its_field_is_refused) {
  EXPECT_ERROR(db->one<std::int8_t>("select 128"), Code::data_loss, "expected a whole number from -128 to 127");
  EXPECT_ERROR(db->one<std::uint32_t>("select -1"), Code::data_loss, "from 0 to 4294967295");
  EXPECT_ERROR(db->one<bool>("select 2"), Code::data_loss, "expected 0 or 1");
  EXPECT_ERROR((db->one<Range<std::int32_t, 1, 5>>("select 6")), Code::data_loss, "from 1 to 5");
  EXPECT_ERROR((db->one<Text<1, 3>>("select 'long'")), Code::data_loss, "expected a text of 1 to 3");
  EXPECT_ERROR(db->one<std::chrono::seconds>("select 5"), Code::data_loss, "nanoseconds");
}

TEST_F(Binding, a_value_that_cannot_be_stored_is_refused) {
  EXPECT_ERROR(db->run("insert into loose (a) values (?)", std::numeric_limits<std::uint64_t>::max()),
               Code::out_of_range, "18446744073709551615");
  EXPECT_ERROR(db->run("insert into loose (a) values (?)", std::numeric_limits<double>::quiet_NaN()),
               Code::invalid_argument, "cannot be stored");
  EXPECT_ERROR(db->run("insert into loose (a) values (?)", std::string("\xff")), Code::invalid_argument,
               "cannot be stored");
  EXPECT_ERROR(db->run("insert into loose (a) values (?)", static_cast<State>(9)), Code::invalid_argument,
               "cannot be stored");
  EXPECT_EQ(count(*db, "loose"), 0);
}

TEST_F(Binding, time_as_SQLite_writes_it_is_understood) {
  EXPECT_EQ(db->one<Time>("select '2026-02-03 04:05:06'"), *parse_time("2026-02-03T04:05:06Z"));
}

TEST_F(Binding, times_sort_as_text_as_they_do_in_time) {
  const Time whole = *parse_time("2026-01-01T00:00:00Z");
  EXPECT_EQ(db->one<bool>("select ? < ?", whole, whole + std::chrono::nanoseconds(1)), true);
  EXPECT_EQ(db->one<bool>("select ? < ?", whole + std::chrono::nanoseconds(100), whole + std::chrono::seconds(1)),
            true);
}

TEST_F(Binding, the_number_of_values_must_be_that_of_the_question_marks) {
  EXPECT_ERROR(db->run("insert into loose (a) values (?)"), Code::invalid_argument, "has 1 parameters, found 0 values");
  EXPECT_ERROR(db->run("delete from loose", 1), Code::invalid_argument, "has 0 parameters, found 1 values");
}

TEST_F(Binding, more_than_one_row_is_an_error_for_one) {
  db->run("insert into loose (a) values (1), (2)");

  EXPECT_ERROR(db->one<std::int32_t>("select a from loose"), Code::failed_precondition, "at most one row");
}

TEST_F(Binding, a_statement_may_write_and_give_rows) {
  EXPECT_EQ(db->one<std::int64_t>("insert into loose (a) values (5) returning a"), 5);
  EXPECT_ERROR(db->one<std::string>("insert into loose (a) values (6) returning a"), Code::data_loss,
               "expected a text");
  EXPECT_EQ(db->query<std::int32_t>("select a from loose"), std::vector<std::int32_t>{5});
}

TEST_F(Binding, wrong_statements_are_quoted_in_the_error) {
  EXPECT_ERROR(db->run("delete from nowhere"), Code::internal, "no such table: nowhere (in \"delete from nowhere\")");
  EXPECT_ERROR(db->insert("loose", Order{}), Code::internal, "no column named id");
  EXPECT_ERROR(db->run("select a from loose"), Code::invalid_argument, "use query or one");
  EXPECT_ERROR(db->query<std::int32_t>("delete from loose"), Code::invalid_argument, "gives no rows; use run");
  EXPECT_ERROR(db->run("delete from loose; delete from loose"), Code::invalid_argument, "expected one statement");
  EXPECT_ERROR(db->run(""), Code::invalid_argument, "expected one statement");
  EXPECT_ERROR(db->run("select * from loose where a = \"x\""), Code::internal, "no such column: x");
}

}  // namespace
}  // namespace tutti::given
