#include "broker/model/topic_tree.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "broker/model/exchange.hpp"

namespace tutti::broker {
namespace {

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  if (text.empty()) return words;
  words.emplace_back();
  for (const char c : text) {
    if (c == '.') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  return words;
}

// What the specification says (section 3.1.3.3), as simply as it can be said.
bool matches(const std::vector<std::string>& pattern, std::size_t p, const std::vector<std::string>& key,
             std::size_t k) {
  if (p == pattern.size()) return k == key.size();
  if (pattern[p] == "#") return matches(pattern, p + 1, key, k) || (k < key.size() && matches(pattern, p, key, k + 1));
  return k < key.size() && (pattern[p] == "*" || pattern[p] == key[k]) && matches(pattern, p + 1, key, k + 1);
}

std::string random_text(std::mt19937& random, const std::vector<std::string>& words) {
  std::string text;
  const auto count = random() % 5;
  for (unsigned i = 0; i < count; ++i) {
    if (i > 0) text += '.';
    text += words[random() % words.size()];
  }
  return text;
}

TEST(TopicTree, finds_what_comparing_each_pattern_finds) {
  std::mt19937 random(7);
  std::vector<Binding> bindings(300);
  TopicTree tree;
  for (Binding& binding : bindings) {
    binding.key = random_text(random, {"a", "b", "*", "#", ""});
    tree.add(binding.key, binding);
  }

  for (int round = 0; round < 300; ++round) {
    const std::string key = random_text(random, {"a", "b", "c", ""});
    std::vector<const Binding*> found;
    tree.match(key, found);
    for (const Binding& binding : bindings) {
      const bool expected = matches(words_of(binding.key), 0, words_of(key), 0);
      EXPECT_EQ(std::count(found.begin(), found.end(), &binding) > 0, expected) << binding.key << " and " << key;
    }
  }
}

TEST(TopicTree, forgets_what_is_removed) {
  TopicTree tree;
  const Binding kept{.destination = {}, .key = "a.#", .arguments = {}};
  const Binding gone{.destination = {}, .key = "a.*.b", .arguments = {}};
  tree.add(kept.key, kept);
  tree.add(gone.key, gone);

  tree.remove(gone.key, gone);
  tree.remove("never.there", gone);

  std::vector<const Binding*> found;
  tree.match("a.x.b", found);
  EXPECT_EQ(found, std::vector<const Binding*>{&kept});
}

}  // namespace
}  // namespace tutti::broker
