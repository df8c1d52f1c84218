// What JSON and MessagePack must do alike: live values, optionals of optionals, and the deepest message on the smallest
// stack that a fiber may have.
#include <gtest/gtest.h>
#include <pthread.h>

#include <functional>

#include <tutti/live.hpp>

#include "message/equal.hpp"
#include "message/everything.hpp"

namespace both_codecs {

using everything::json_of;
using everything::msgpack_of;
using everything::Node;
using everything::wrong_in_json;
using everything::wrong_in_msgpack;

struct Followed {
  tutti::Live<tutti::Range<int, 1, 100>> limit;
  tutti::Live<std::vector<std::string>> names;
};

struct Wanted {
  int limit;
  std::vector<std::string> names;
};

struct Nested {
  std::optional<std::optional<std::string>> note;
  std::vector<std::optional<std::optional<int>>> list;
};

TEST(BothCodecs, replace_a_live_value_for_all_who_have_it) {
  const Wanted wanted{42, {"a", "b"}};
  Followed value;
  const Followed seen = value;

  EXPECT_EQ(wrong_in_msgpack(msgpack_of(wanted), value), "");
  EXPECT_EQ(*seen.limit, 42);
  EXPECT_EQ(*seen.names, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(msgpack_of(value), msgpack_of(wanted));

  EXPECT_EQ(wrong_in_json(R"({"limit":7,"names":[]})", value), "");
  EXPECT_EQ(*seen.limit, 7);
  EXPECT_EQ(json_of(value), R"({"limit":7,"names":[]})");
}

TEST(BothCodecs, keep_a_live_value_when_the_new_one_is_wrong) {
  Followed value;
  value.limit.replace(5);
  const std::string complaint = "limit: expected a whole number from 1 to 100, found 101";

  EXPECT_EQ(wrong_in_msgpack(msgpack_of(Wanted{101, {}}), value), complaint);
  EXPECT_EQ(*value.limit, 5);
  EXPECT_EQ(wrong_in_json(R"({"limit":101,"names":[]})", value), complaint);
  EXPECT_EQ(*value.limit, 5);
}

// Neither format can say "a value that is absent": it is written like none and read as none.
TEST(BothCodecs, have_one_word_for_an_optional_without_a_value_at_any_level) {
  const Nested value{std::optional<std::string>(), {std::nullopt, std::optional<int>(), 3}};
  EXPECT_EQ(json_of(value), R"({"note":null,"list":[null,null,3]})");

  for (const bool json : {true, false}) {
    Nested again;
    EXPECT_EQ(json ? wrong_in_json(json_of(value), again) : wrong_in_msgpack(msgpack_of(value), again), "");
    EXPECT_FALSE(again.note.has_value());
    ASSERT_EQ(again.list.size(), 3u);
    EXPECT_FALSE(again.list[1].has_value());
    EXPECT_EQ(again.list[2], std::optional<int>(3));

    const Nested present{"here", {}};
    EXPECT_EQ(json ? wrong_in_json(json_of(present), again) : wrong_in_msgpack(msgpack_of(present), again), "");
    EXPECT_EQ(again.note, std::optional<std::string>("here"));
  }
}

void on_stack_of(std::size_t bytes, std::function<void()> body) {
  pthread_attr_t attributes;
  ASSERT_EQ(pthread_attr_init(&attributes), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, bytes), 0);
  pthread_t thread{};
  const auto run = [](void* context) -> void* {
    (*static_cast<std::function<void()>*>(context))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, run, &body), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t smallest_stack = 512 * 1024;  // sanitizers' frames are larger
#elif defined(__has_feature)
constexpr std::size_t smallest_stack = __has_feature(address_sanitizer) ? 512 * 1024 : 64 * 1024;
#else
constexpr std::size_t smallest_stack = 64 * 1024;
#endif

TEST(BothCodecs, read_and_write_64_levels_on_the_smallest_stack) {
  on_stack_of(smallest_stack, [] {
    const auto& shape = tutti::detail::shape_of<Node>();
    Node root{"1", {}};
    for (int i = 2; i <= 32; ++i) root = {std::to_string(i), {std::move(root)}};  // an object and a list a level each

    const std::string json = json_of(root);
    const std::string msgpack = msgpack_of(root);
    Node from_json;
    Node from_msgpack;
    EXPECT_EQ(wrong_in_json(json, from_json), "");
    EXPECT_EQ(wrong_in_msgpack(msgpack, from_msgpack), "");
    EXPECT_TRUE(tutti::message::same(shape, &root, &from_json));
    EXPECT_TRUE(tutti::message::same(shape, &root, &from_msgpack));
    EXPECT_FALSE(tutti::message::printed(shape, &root).empty());

    root = {"33", {std::move(root)}};
    EXPECT_NE(json_of(root).find("refused"), std::string::npos);
    EXPECT_NE(msgpack_of(root).find("refused"), std::string::npos);
  });
}

}  // namespace both_codecs
