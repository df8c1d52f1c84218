#include "wire/amqp/table.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "samples.hpp"

namespace tutti::wire::amqp {
namespace {

std::string on_wire(Table table) {
  std::string out;
  append_table(out, table);
  return out;
}

std::optional<Table> read(std::string_view bytes) {
  Reader reader(bytes);
  return read_table(reader);
}

// Tables within each other.
std::string nested(std::size_t depth) {
  std::string bytes;
  for (std::size_t i = 1; i < depth; ++i) {
    TableBuilder outer;
    outer.table("k", {bytes});
    bytes = outer.table().bytes;
  }
  return bytes;
}

TEST(Table, every_type_is_read_back) {
  const std::string bytes = on_wire(every_type().table());

  const auto table = read(bytes);

  ASSERT_TRUE(table);
  EXPECT_EQ(find(*table, "t")->boolean(), true);
  EXPECT_EQ(find(*table, "b")->integer(), -7);
  EXPECT_EQ(find(*table, "B")->integer(), 200);
  EXPECT_EQ(find(*table, "s")->integer(), -700);
  EXPECT_EQ(find(*table, "u")->integer(), 60'000);
  EXPECT_EQ(find(*table, "I")->integer(), -70'000);
  EXPECT_EQ(find(*table, "i")->integer(), 4'000'000'000);
  EXPECT_EQ(find(*table, "l")->integer(), -7'000'000'000);
  EXPECT_EQ(find(*table, "L")->number, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(find(*table, "f")->floating, 0.5);
  EXPECT_EQ(find(*table, "d")->floating, -2.25);
  EXPECT_EQ(find(*table, "D")->number, 1999u);
  EXPECT_EQ(find(*table, "D")->scale, 2);
  EXPECT_EQ(find(*table, "S")->text(), "caf\xC3\xA9");
  EXPECT_EQ(find(*table, "x")->bytes, std::string_view("\0\xFF", 2));
  EXPECT_EQ(find(*table, "T")->number, 1'767'225'600u);
  EXPECT_EQ(find(*find(*table, "F")->table(), "x")->text(), "y");
  EXPECT_EQ(find(*table, "V")->type, ValueType::nothing);
}

TEST(Table, the_bytes_are_those_of_the_specification) {
  TableBuilder table;
  table.boolean("on", true).text("s", "x");

  EXPECT_EQ(on_wire(table.table()), std::string("\0\0\0\x0D\x02ont\x01\x01sS\0\0\0\x01x", 17));
}

TEST(Table, an_array_is_walked_in_order) {
  ArrayBuilder array;
  array.integer(1).text("two");
  TableBuilder table;
  table.array("a", array);

  ArrayCursor cursor(*find(table.table(), "a")->array());

  EXPECT_EQ(cursor.next()->integer(), 1);
  EXPECT_EQ(cursor.next()->text(), "two");
  EXPECT_FALSE(cursor.next());
}

TEST(Table, the_first_of_two_equal_keys_counts) {
  TableBuilder table;
  table.integer("k", 1).integer("k", 2);

  EXPECT_EQ(find(table.table(), "k")->integer(), 1);
}

TEST(Table, a_value_is_only_what_it_is) {
  TableBuilder table;
  table.text("n", "17").integer("i", 1).add("L", {.type = ValueType::uint64, .number = 1ull << 63});

  EXPECT_FALSE(find(table.table(), "n")->integer());
  EXPECT_FALSE(find(table.table(), "i")->boolean());
  EXPECT_FALSE(find(table.table(), "i")->text());
  EXPECT_FALSE(find(table.table(), "L")->integer());
  EXPECT_FALSE(find(table.table(), "absent"));
}

TEST(Table, every_cut_is_refused) {
  const std::string whole = on_wire(every_type().table());

  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(read(std::string(whole.data(), size))) << "cut to " << size;
  }
}

// The length is right, and the pairs are not whole.
TEST(Table, pairs_that_are_cut_off_are_refused) {
  const std::string_view pairs = every_type().table().bytes;
  std::size_t whole = 0;

  for (std::size_t size = 0; size < pairs.size(); ++size) whole += well_formed({pairs.substr(0, size)}) ? 1 : 0;

  EXPECT_EQ(whole, 18u) << "one before each of the 18 pairs";
}

TEST(Table, an_unknown_type_is_refused) {
  EXPECT_FALSE(read(std::string("\0\0\0\x04\x01kZ\x01", 8)));
  EXPECT_FALSE(read(std::string("\0\0\0\x04\x01kA\x01", 8)));
}

TEST(Table, depth_has_a_limit) {
  EXPECT_TRUE(well_formed({nested(table_depth_max)}));
  EXPECT_FALSE(well_formed({nested(table_depth_max + 1)}));
  EXPECT_FALSE(well_formed({nested(10'000)}));
}

TEST(Table, a_walk_over_unchecked_bytes_ends_at_the_fault) {
  TableCursor cursor(Table{std::string_view("\x01kZ\x01", 4)});

  EXPECT_FALSE(cursor.next());
  EXPECT_FALSE(cursor.next());
}

TEST(Table, a_key_over_255_bytes_is_refused) {
  TableBuilder table;
  table.boolean(std::string(255, 'k'), true);

  EXPECT_THROW(table.boolean(std::string(256, 'k'), true), std::length_error);
}

TEST(Table, its_text_tells_what_is_in_it) {
  EXPECT_EQ(to_text(every_type().table()),
            "{t: true, b: -7, B: 200, s: -700, u: 60000, I: -70000, i: 4000000000, l: -7000000000, "
            "L: 18446744073709551615, f: 0.5, d: -2.25, D: 1999e-2, S: \"caf\xC3\xA9\", x: 2 bytes, T: 1767225600, "
            "A: [1, \"two\", {x: \"y\"}, nothing], F: {x: \"y\"}, V: nothing}");
}

}  // namespace
}  // namespace tutti::wire::amqp
