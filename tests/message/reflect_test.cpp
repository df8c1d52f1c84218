// The shape table of a type: fields, names, kinds, offsets, bounds, and which field may be absent. This file is
// built by every preset: the last is found by a probe that an optimiser could break.
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <thread>

#include <tutti/contract.hpp>
#include <tutti/live.hpp>

namespace shop {

enum class Currency { eur, usd, gbp };
enum class Level : std::int8_t { lowest = -16, none = 0, high = 100 };
enum class Byte : std::uint8_t { zero = 0, most = 255 };
enum class Switch : bool { off, on };
enum class Alias { first = 1, same = 1, second = 2 };

struct Point {
  int x;
  int y = 0;
};
struct Only {
  Point only;
};
struct Nested {
  Only only;
};
struct Empty {};
struct HoldsEmpty {
  Empty empty;
  int after = 1;
};
struct Tree {
  std::string name;
  std::vector<Tree> children;
  std::map<std::string, Tree> by_name;
};
struct Circle {
  double radius;
};
struct Square {
  double side;
};
template <class T>
struct Page {
  std::vector<T> items;
  std::string next;
};
template <class A, class B>
struct Pair {
  A first;
  B second;
};
struct Compared {
  int a = 1;
  std::string b;
  auto operator<=>(const Compared&) const = default;
  static constexpr int not_a_field = 7;
};

struct Everything {
  bool flag;
  std::int8_t i8;
  std::int16_t i16;
  std::int32_t i32;
  std::int64_t i64;
  std::uint8_t u8;
  std::uint16_t u16;
  std::uint32_t u32;
  std::uint64_t u64;
  long signed_long;
  long long signed_long_long;
  unsigned long long unsigned_long_long;
  float f32;
  double f64;
  std::string text;
  tutti::Bytes bytes;
  tutti::Time time;
  std::chrono::milliseconds duration;
  Currency currency;
  std::optional<int> maybe;
  std::optional<std::optional<std::string>> maybe_maybe;
  std::vector<Point> points;
  std::vector<bool> flags;
  std::map<std::string, double> prices;
  std::array<int, 3> triple;
  std::array<Point, 2> corners;
  std::variant<Circle, Square> figure;
  Only only;
  tutti::Range<std::int64_t, 1, 100'000'000> amount;
  tutti::Range<std::uint64_t, 0, 18'446'744'073'709'551'615u> big;
  tutti::Range<double, 0.5, 2.5> factor;
  tutti::Text<1, 40> order;
  tutti::Pattern<"[a-z0-9-]{1,32}"> sku;
  tutti::Items<Point, 1, 9> lines;
  tutti::Secret key;
};

struct Big {
  int f00 = 0, f01 = 1, f02 = 2, f03 = 3, f04 = 4, f05 = 5, f06 = 6, f07 = 7, f08 = 8, f09 = 9, f10 = 10, f11 = 11, f12,
      f13, f14, f15, f16, f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27, f28, f29, f30, f31, f32, f33, f34, f35,
      f36, f37, f38, f39, f40, f41, f42, f43, f44, f45, f46, f47, f48, f49, f50, f51, f52, f53, f54, f55, f56, f57, f58,
      f59, f60, f61, f62, f63 = 63;
};

struct Absent {
  bool flag_given = false;
  bool flag;
  int page_given = 0;
  int page;
  double rate_given = 0;
  double rate;
  std::int8_t first_pattern = static_cast<std::int8_t>(0xa5);
  std::int8_t second_pattern = 0x5a;
  Currency currency_given = Currency::eur;
  Currency currency;
  std::chrono::seconds wait_given{0};
  std::chrono::seconds wait;
  tutti::Range<int, 0, 9> amount_given = 0;
  tutti::Range<int, 0, 9> amount;
  std::array<int, 4> four_given = {};
  std::array<int, 4> four;
  std::string name_given = "world";
  std::string name_empty = "";
  std::string name;
  tutti::Time at_given = {std::chrono::nanoseconds(1)};
  tutti::Time at;
  tutti::Bytes bytes_given = tutti::Bytes(1);
  tutti::Bytes bytes;
  std::optional<int> maybe;
  std::vector<int> list;
  std::map<std::string, int> map;
  tutti::Items<int, 1> items;
  tutti::Items<int, 0> items_from_none;
  tutti::Items<int, 1> items_given = {1};
  std::variant<Circle, Square> figure;
  std::variant<Circle, Square> figure_given = Square{};
  Point point;
  Point point_given = {1, 2};
  Compared compared;
  HoldsEmpty all_may;
  Empty nothing;
  std::array<std::string, 2> words;
  std::array<std::vector<int>, 2> lists;
};

struct Described {
  int id;
  std::string name;
  std::string tag;
  int code = 0;
};
constexpr auto describe(tutti::Of<Described>) {
  return tutti::about("A thing.", tutti::field(&Described::id, "Its number", "17").named("x-id").deprecated(),
                      tutti::field(&Described::name, "What it is called").optional(),
                      tutti::header("etag", &Described::tag), tutti::status(&Described::code));
}
void check(const Described& value, tutti::Violations& violations) {
  if (value.id > 10 && value.name.empty()) violations.add("name", "a name for an id above 10", "nothing");
}

struct Settings {
  tutti::Live<int> limit = 100;
  tutti::Live<std::string> word;
};

}  // namespace shop

namespace {

using tutti::detail::Field;
using tutti::detail::Kind;
using tutti::detail::Shape;
using tutti::detail::shape_of;

const Field& field_of(const Shape& shape, std::string_view name) {
  for (const Field& field : shape.fields) {
    if (field.name == name) return field;
  }
  throw std::out_of_range("no field " + std::string(name));
}

template <class T>
const Shape& shape_of_field(std::string_view name) {
  return *field_of(shape_of<T>(), name).shape;
}

std::vector<std::string> names_of(const Shape& shape) {
  std::vector<std::string> names;
  for (const Field& field : shape.fields) names.emplace_back(field.name);
  return names;
}

TEST(Reflection, finds_fields_in_order_with_names_and_offsets) {
  const Shape& shape = shape_of<shop::Compared>();

  EXPECT_EQ(shape.kind, Kind::record);
  EXPECT_EQ(shape.name, "Compared");
  EXPECT_EQ(shape.size, sizeof(shop::Compared));
  EXPECT_EQ(names_of(shape), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(shape.fields[0].offset, offsetof(shop::Compared, a));
  EXPECT_EQ(shape.fields[1].offset, offsetof(shop::Compared, b));
}

TEST(Reflection, takes_0_to_64_fields) {
  const Shape& big = shape_of<shop::Big>();

  EXPECT_EQ(shape_of<shop::Empty>().fields.size(), 0u);
  EXPECT_EQ(shape_of<shop::Only>().fields.size(), 1u);
  ASSERT_EQ(big.fields.size(), 64u);
  EXPECT_EQ(big.fields[63].name, "f63");
  EXPECT_EQ(big.fields[63].offset, 63 * sizeof(int));
  EXPECT_TRUE(big.fields[63].may_be_absent);
  EXPECT_FALSE(big.fields[62].may_be_absent);
}

TEST(Reflection, knows_each_kind) {
  const std::vector<std::pair<std::string_view, Kind>> expected = {{"flag", Kind::boolean},
                                                                   {"i8", Kind::int8},
                                                                   {"i16", Kind::int16},
                                                                   {"i32", Kind::int32},
                                                                   {"i64", Kind::int64},
                                                                   {"u8", Kind::uint8},
                                                                   {"u16", Kind::uint16},
                                                                   {"u32", Kind::uint32},
                                                                   {"u64", Kind::uint64},
                                                                   {"signed_long", Kind::int64},
                                                                   {"signed_long_long", Kind::int64},
                                                                   {"unsigned_long_long", Kind::uint64},
                                                                   {"f32", Kind::float32},
                                                                   {"f64", Kind::float64},
                                                                   {"text", Kind::text},
                                                                   {"bytes", Kind::bytes},
                                                                   {"time", Kind::time},
                                                                   {"duration", Kind::duration},
                                                                   {"currency", Kind::enumeration},
                                                                   {"maybe", Kind::optional},
                                                                   {"maybe_maybe", Kind::optional},
                                                                   {"points", Kind::list},
                                                                   {"flags", Kind::list},
                                                                   {"prices", Kind::map},
                                                                   {"triple", Kind::array},
                                                                   {"corners", Kind::array},
                                                                   {"figure", Kind::variant},
                                                                   {"only", Kind::record},
                                                                   {"amount", Kind::int64},
                                                                   {"big", Kind::uint64},
                                                                   {"factor", Kind::float64},
                                                                   {"order", Kind::text},
                                                                   {"sku", Kind::text},
                                                                   {"lines", Kind::list},
                                                                   {"key", Kind::text}};
  const Shape& shape = shape_of<shop::Everything>();

  ASSERT_EQ(shape.fields.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(shape.fields[i].name, expected[i].first);
    EXPECT_EQ(shape.fields[i].shape->kind, expected[i].second) << expected[i].first;
  }
}

TEST(Reflection, knows_the_bounds_of_constrained_types) {
  const Shape& amount = shape_of_field<shop::Everything>("amount");
  const Shape& big = shape_of_field<shop::Everything>("big");
  const Shape& factor = shape_of_field<shop::Everything>("factor");
  const Shape& order = shape_of_field<shop::Everything>("order");
  const Shape& lines = shape_of_field<shop::Everything>("lines");

  EXPECT_TRUE(amount.has_bounds);
  EXPECT_EQ(amount.min, 1);
  EXPECT_EQ(amount.max, 100'000'000);
  EXPECT_EQ(big.unsigned_max, 18'446'744'073'709'551'615u);
  EXPECT_EQ(factor.float_min, 0.5);
  EXPECT_EQ(factor.float_max, 2.5);
  EXPECT_EQ(order.length_min, 1u);
  EXPECT_EQ(order.length_max, 40u);
  EXPECT_EQ(shape_of_field<shop::Everything>("sku").pattern, "[a-z0-9-]{1,32}");
  EXPECT_EQ(lines.length_min, 1u);
  EXPECT_EQ(lines.length_max, 9u);
  EXPECT_TRUE(shape_of_field<shop::Everything>("key").secret);
  EXPECT_FALSE(shape_of_field<shop::Everything>("order").secret);
  EXPECT_FALSE(shape_of_field<shop::Everything>("i64").has_bounds);
}

TEST(Reflection, reads_enumerators_as_names) {
  const auto named = [](const Shape& shape) {
    std::string text;
    for (const auto& each : shape.names) text += std::string(each.name) + "=" + std::to_string(each.value) + " ";
    return text;
  };

  EXPECT_EQ(named(shape_of<shop::Currency>()), "eur=0 usd=1 gbp=2 ");
  EXPECT_EQ(named(shape_of<shop::Level>()), "lowest=-16 none=0 high=100 ");
  EXPECT_EQ(named(shape_of<shop::Byte>()), "zero=0 most=255 ");
  EXPECT_EQ(named(shape_of<shop::Switch>()), "off=0 on=1 ");
  EXPECT_EQ(named(shape_of<shop::Alias>()), "first=1 second=2 ");
  EXPECT_EQ(shape_of<shop::Currency>().name, "Currency");
}

TEST(Reflection, reads_and_writes_an_enumeration_by_number) {
  shop::Level level = shop::Level::lowest;
  const Shape& shape = shape_of<shop::Level>();

  EXPECT_EQ(shape.enumeration->get(&level), -16);
  shape.enumeration->set(&level, 100);
  EXPECT_EQ(level, shop::Level::high);
}

TEST(Reflection, cuts_namespaces_and_joins_template_arguments) {
  struct Local {
    int x;
  };
  EXPECT_EQ(shape_of<shop::Page<shop::Point>>().name, "PageOfPoint");
  EXPECT_EQ(shape_of<shop::Page<shop::Page<shop::Point>>>().name, "PageOfPageOfPoint");
  EXPECT_EQ((shape_of<shop::Pair<shop::Point, int>>().name), "PairOfPointAndInt");
  EXPECT_EQ(shape_of<shop::Page<std::string>>().name, "PageOfString");
  EXPECT_EQ(shape_of<Local>().name, "Local");
}

TEST(Reflection, follows_a_type_that_holds_itself) {
  const Shape& tree = shape_of<shop::Tree>();

  EXPECT_EQ(tree.fields[1].shape->element, &tree);
  EXPECT_EQ(tree.fields[2].shape->element, &tree);
  EXPECT_FALSE(tree.fields[0].may_be_absent);
}

TEST(Reflection, gives_one_shape_per_type) {
  EXPECT_EQ(&shape_of<shop::Point>(), shape_of_field<shop::Everything>("points").element);
  EXPECT_EQ(&shape_of<shop::Point>(), shape_of<shop::Only>().fields[0].shape);
}

TEST(Reflection, completes_a_nested_type_before_it_is_asked_for_itself) {
  struct Inner {
    int a;
    int b;
  };
  struct Outer {
    std::vector<std::optional<Inner>> inner;
  };
  const Shape& inner = *shape_of<Outer>().fields[0].shape->element->element;

  EXPECT_EQ(inner.fields[1].offset, sizeof(int));
}

TEST(Reflection, completes_a_type_once_for_many_threads) {
  struct Cell {
    int a;
    std::string b = "x";
  };
  struct Row {
    int before;
    Cell cell;
    std::vector<Row> rows;
  };
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&wrong] {
        const Shape& row = shape_of<Row>();
        const Shape& cell = *row.fields[1].shape;
        if (row.fields[1].offset != offsetof(Row, cell) || !cell.fields[1].may_be_absent) ++wrong;
      });
    }
  }
  EXPECT_EQ(wrong, 0);
}

TEST(Reflection, lets_a_field_be_absent_if_it_is_optional_list_map_or_has_an_initialiser) {
  const std::vector<std::pair<std::string_view, bool>> expected = {{"flag_given", true},
                                                                   {"flag", false},
                                                                   {"page_given", true},
                                                                   {"page", false},
                                                                   {"rate_given", true},
                                                                   {"rate", false},
                                                                   {"first_pattern", true},
                                                                   {"second_pattern", true},
                                                                   {"currency_given", true},
                                                                   {"currency", false},
                                                                   {"wait_given", true},
                                                                   {"wait", false},
                                                                   {"amount_given", true},
                                                                   {"amount", false},
                                                                   {"four_given", true},
                                                                   {"four", false},
                                                                   {"name_given", true},
                                                                   {"name_empty", false},
                                                                   {"name", false},
                                                                   {"at_given", true},
                                                                   {"at", false},
                                                                   {"bytes_given", true},
                                                                   {"bytes", false},
                                                                   {"maybe", true},
                                                                   {"list", true},
                                                                   {"map", true},
                                                                   {"items", false},
                                                                   {"items_from_none", true},
                                                                   {"items_given", true},
                                                                   {"figure", false},
                                                                   {"figure_given", true},
                                                                   {"point", false},
                                                                   {"point_given", true},
                                                                   {"compared", false},
                                                                   {"all_may", true},
                                                                   {"nothing", true},
                                                                   {"words", false},
                                                                   {"lists", true}};
  const Shape& shape = shape_of<shop::Absent>();

  ASSERT_EQ(shape.fields.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(shape.fields[i].name, expected[i].first);
    EXPECT_EQ(shape.fields[i].may_be_absent, expected[i].second) << expected[i].first;
  }
}

TEST(Description, reaches_the_fields) {
  const Shape& shape = shape_of<shop::Described>();

  EXPECT_EQ(shape.about, "A thing.");
  EXPECT_EQ(shape.fields[0].name, "id");
  EXPECT_EQ(shape.fields[0].wire_name, "x-id");
  EXPECT_EQ(shape.fields[0].about, "Its number");
  EXPECT_EQ(shape.fields[0].example, "17");
  EXPECT_TRUE(shape.fields[0].deprecated);
  EXPECT_FALSE(shape.fields[0].may_be_absent);
  EXPECT_EQ(shape.fields[1].wire_name, "name");
  EXPECT_TRUE(shape.fields[1].may_be_absent);
  EXPECT_FALSE(shape.fields[1].deprecated);
  EXPECT_EQ(shape.fields[2].header, "etag");
  EXPECT_TRUE(shape.fields[3].status);
}

TEST(Description, carries_the_check_over_several_fields) {
  const shop::Described bad{.id = 11, .name = "", .tag = "", .code = 0};
  tutti::Violations violations;

  shape_of<shop::Described>().check(&bad, violations);

  ASSERT_EQ(violations.total(), 1u);
  EXPECT_EQ(violations.list()[0].path, "name");
  EXPECT_EQ(shape_of<shop::Point>().check, nullptr);
}

TEST(Shape, makes_moves_and_destroys_values) {
  const Shape& shape = shape_of<shop::Tree>();
  const std::unique_ptr<std::byte[]> memory(new std::byte[2 * sizeof(shop::Tree)]);
  void* const first = memory.get();
  void* const second = memory.get() + sizeof(shop::Tree);

  shape.construct(first);
  static_cast<shop::Tree*>(first)->name = "a name too long to stay inside of the string itself";
  shape.move(second, first);

  EXPECT_EQ(static_cast<shop::Tree*>(second)->name, "a name too long to stay inside of the string itself");
  shape.destroy(first);
  shape.destroy(second);
}

TEST(Shape, works_on_optionals) {
  std::optional<std::string> optional = "x";
  const auto& ops = *shape_of<std::optional<std::string>>().optional;

  EXPECT_TRUE(ops.has(&optional));
  EXPECT_EQ(*static_cast<const std::string*>(ops.get(&optional)), "x");
  *static_cast<std::string*>(ops.emplace(&optional)) = "y";
  EXPECT_EQ(optional, "y");
  ops.reset(&optional);
  EXPECT_FALSE(optional);
}

TEST(Shape, works_on_lists) {
  std::vector<std::int16_t> list = {1};
  const auto& ops = *shape_of<std::vector<std::int16_t>>().list;

  ops.reserve(&list, 9);
  *static_cast<std::int16_t*>(ops.append(&list)) = 2;
  EXPECT_EQ(list, (std::vector<std::int16_t>{1, 2}));
  EXPECT_EQ(ops.size(&list), 2u);
  EXPECT_EQ(ops.data(&list), list.data());
  ops.pop(&list);
  EXPECT_EQ(list, (std::vector<std::int16_t>{1}));
  ops.clear(&list);
  EXPECT_TRUE(list.empty());
}

TEST(Shape, works_on_lists_of_bool_without_element_addresses) {
  std::vector<bool> list = {true};
  const auto& ops = *shape_of<std::vector<bool>>().list;

  EXPECT_EQ(ops.data, nullptr);
  EXPECT_EQ(ops.append, nullptr);
  ops.append_bool(&list, false);
  EXPECT_EQ(list, (std::vector<bool>{true, false}));
  EXPECT_TRUE(ops.get_bool(&list, 0));
}

TEST(Shape, works_on_maps_in_key_order) {
  std::map<std::string, int> map;
  const auto& ops = *shape_of<std::map<std::string, int>>().map;
  std::string seen;

  *static_cast<int*>(ops.emplace(&map, "b")) = 2;
  *static_cast<int*>(ops.emplace(&map, "a")) = 1;
  EXPECT_EQ(ops.emplace(&map, "a"), nullptr);
  ops.each(&map, &seen, [](void* context, const std::string& key, const void* value) {
    *static_cast<std::string*>(context) += key + std::to_string(*static_cast<const int*>(value));
    return true;
  });

  EXPECT_EQ(seen, "a1b2");
  EXPECT_EQ(ops.size(&map), 2u);
  ops.clear(&map);
  EXPECT_TRUE(map.empty());
}

TEST(Shape, works_on_variants_by_tag) {
  using Figure = std::variant<shop::Circle, shop::Square>;
  Figure figure = shop::Circle{1};
  const Shape& shape = shape_of<Figure>();

  ASSERT_EQ(shape.alternatives.size(), 2u);
  EXPECT_EQ(shape.alternatives[0].tag, "Circle");
  EXPECT_EQ(shape.alternatives[1].shape, &shape_of<shop::Square>());
  EXPECT_EQ(shape.variant->get(&figure), std::get_if<0>(&figure));
  static_cast<shop::Square*>(shape.variant->emplace(&figure, 1))->side = 3;
  EXPECT_EQ(shape.variant->index(&figure), 1u);
  EXPECT_EQ(std::get<shop::Square>(figure).side, 3);
}

TEST(Shape, converts_durations_and_says_when_they_do_not_fit) {
  std::chrono::milliseconds wait{1500};
  const auto& ops = *shape_of<std::chrono::milliseconds>().duration;

  EXPECT_EQ(ops.nanoseconds(&wait), 1'500'000'000);
  EXPECT_TRUE(ops.set(&wait, 2'000'000));
  EXPECT_EQ(wait.count(), 2);
  EXPECT_FALSE(ops.set(&wait, 1));
  EXPECT_EQ(wait.count(), 2);
  wait = std::chrono::milliseconds::max();
  EXPECT_EQ(ops.nanoseconds(&wait), std::numeric_limits<std::int64_t>::max());
  wait = std::chrono::milliseconds::min();
  EXPECT_EQ(ops.nanoseconds(&wait), std::numeric_limits<std::int64_t>::min());
}

TEST(Shape, converts_durations_of_unusual_ticks) {
  using Frames = std::chrono::duration<std::int8_t, std::ratio<1, 25>>;
  using Years = std::chrono::duration<std::int64_t, std::ratio<31556952>>;
  using Seconds = std::chrono::duration<double>;
  Frames frames{50};
  Years years{std::numeric_limits<std::int64_t>::max()};
  Seconds seconds{0.25};

  EXPECT_EQ(shape_of<Frames>().duration->nanoseconds(&frames), 2'000'000'000);
  EXPECT_FALSE(shape_of<Frames>().duration->set(&frames, 6'000'000'000));
  EXPECT_TRUE(shape_of<Frames>().duration->set(&frames, -40'000'000));
  EXPECT_EQ(frames.count(), -1);
  EXPECT_EQ(shape_of<Years>().duration->nanoseconds(&years), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(shape_of<Seconds>().duration->nanoseconds(&seconds), 250'000'000);
  EXPECT_TRUE(shape_of<Seconds>().duration->set(&seconds, 1'500'000'000));
  EXPECT_EQ(seconds.count(), 1.5);
}

TEST(Range, behaves_as_its_number) {
  tutti::Range<std::int64_t, 1, 9> amount = 3;

  EXPECT_EQ(amount, 3);
  EXPECT_EQ(amount * 2, 6);
  *amount += 1;
  EXPECT_EQ(std::int64_t{amount}, 4);
}

TEST(Range, keeps_the_compilers_narrowing_check) {
  using Amount = tutti::Range<std::int32_t, 1, 9>;

  EXPECT_TRUE((std::is_constructible_v<Amount, std::int32_t>));
  EXPECT_TRUE((std::is_constructible_v<Amount, std::int16_t>));
  EXPECT_FALSE((std::is_constructible_v<Amount, double>));
  EXPECT_FALSE((std::is_constructible_v<Amount, std::int64_t>));
}

TEST(Text, behaves_as_a_string) {
  tutti::Text<1, 3> text = "ab";
  const std::string copy = text;
  tutti::Pattern<"[a-z]+"> pattern = text;
  text += "c";

  EXPECT_EQ(text, "abc");
  EXPECT_EQ(copy, "ab");
  EXPECT_EQ(pattern, "ab");
}

TEST(Items, takes_a_list_in_braces) {
  const tutti::Items<shop::Point, 1> points = {{.x = 1, .y = 2}, {.x = 3}};
  const tutti::Items<shop::Point, 1> copied = std::vector<shop::Point>{{.x = 4}};

  EXPECT_EQ(points.size(), 2u);
  EXPECT_EQ(copied[0].x, 4);
}

TEST(Secret, is_printed_as_stars) {
  std::ostringstream out;

  out << tutti::Secret("hunter2");

  EXPECT_EQ(out.str(), "***");
}

TEST(Live, is_seen_by_every_copy) {
  shop::Settings settings;
  const shop::Settings copy = settings;

  EXPECT_EQ(*copy.limit, 100);
  settings.limit.replace(7);
  settings.word.replace("abc");

  EXPECT_EQ(*copy.limit, 7);
  EXPECT_EQ(copy.word->size(), 3u);
}

TEST(Live, is_filled_through_its_shape) {
  shop::Settings settings;
  const Shape& shape = shape_of<shop::Settings>();
  const Shape& limit = *shape.fields[0].shape;
  int wanted = 5;
  const auto fill = [](void* context, void* value) {
    *static_cast<int*>(value) = *static_cast<int*>(context);
    return *static_cast<int*>(context) > 0;
  };

  EXPECT_EQ(limit.kind, Kind::live);
  EXPECT_EQ(limit.element, &shape_of<int>());
  EXPECT_TRUE(shape.fields[0].may_be_absent);
  EXPECT_FALSE(shape.fields[1].may_be_absent);
  EXPECT_TRUE(limit.live->replace(&settings.limit, &wanted, fill));
  EXPECT_EQ(*static_cast<const int*>(limit.live->get(&settings.limit)), 5);
  wanted = -1;
  EXPECT_FALSE(limit.live->replace(&settings.limit, &wanted, fill));
  EXPECT_EQ(*settings.limit, 5);
}

TEST(Live, is_read_while_it_changes) {
  tutti::Live<std::string> word = std::string(100, 'a');
  std::atomic<bool> torn = false;
  {
    const std::jthread reader([&] {
      for (int i = 0; i < 2000; ++i) {
        const std::string seen = *word;
        if (seen.find_first_not_of(seen[0]) != seen.npos) torn = true;
      }
    });
    for (int i = 0; i < 2000; ++i) word.replace(std::string(100, static_cast<char>('a' + i % 26)));
  }
  EXPECT_FALSE(torn);
}

}  // namespace
