// Which bindings of a topic exchange match a routing key: a tree over the words of the patterns, so that a key is
// compared with its own words and not with every pattern. `*` stands for one word, `#` for any number of them.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::broker {

struct Binding;

class TopicTree {
 public:
  void add(std::string_view pattern, const Binding& binding);
  void remove(std::string_view pattern, const Binding& binding);
  // Appends; a binding that matches in several ways (`#.#`) comes several times.
  void match(std::string_view key, std::vector<const Binding*>& out) const;

 private:
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> words;  // also "*" and "#"
    std::vector<const Binding*> bindings;
    [[nodiscard]] bool empty() const noexcept { return words.empty() && bindings.empty(); }
  };
  static void match(const Node& node, std::string_view rest, bool ended, std::vector<const Binding*>& out);
  static bool remove(Node& node, std::string_view rest, bool ended, const Binding& binding);

  Node root_;
};

}  // namespace tutti::broker
