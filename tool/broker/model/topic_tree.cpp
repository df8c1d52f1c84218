#include "broker/model/topic_tree.hpp"

#include <algorithm>
#include <utility>

namespace tutti::broker {
namespace {

// The first word and what is behind its dot; `ended` if there is no dot. "a." has the words "a" and "".
struct Split {
  std::string_view word;
  std::string_view rest;
  bool ended;
};
Split split(std::string_view text) noexcept {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return {text, {}, true};
  return {text.substr(0, dot), text.substr(dot + 1), false};
}

}  // namespace

void TopicTree::add(std::string_view pattern, const Binding& binding) {
  Node* node = &root_;
  for (bool ended = pattern.empty(); !ended;) {
    const Split next = split(pattern);
    auto& child = node->words.try_emplace(std::string(next.word)).first->second;
    if (!child) child = std::make_unique<Node>();
    node = child.get();
    pattern = next.rest;
    ended = next.ended;
  }
  node->bindings.push_back(&binding);
}

void TopicTree::remove(std::string_view pattern, const Binding& binding) {
  remove(root_, pattern, pattern.empty(), binding);
}

// Whether the node is empty now.
bool TopicTree::remove(Node& node, std::string_view rest, bool ended, const Binding& binding) {
  if (ended) {
    std::erase(node.bindings, &binding);
  } else {
    const Split next = split(rest);
    const auto child = node.words.find(next.word);
    if (child != node.words.end() && remove(*child->second, next.rest, next.ended, binding)) node.words.erase(child);
  }
  return node.empty();
}

void TopicTree::match(std::string_view key, std::vector<const Binding*>& out) const {
  match(root_, key, key.empty(), out);
}

void TopicTree::match(const Node& node, std::string_view rest, bool ended, std::vector<const Binding*>& out) {
  if (ended) out.insert(out.end(), node.bindings.begin(), node.bindings.end());
  if (node.words.empty()) return;
  if (const auto any = node.words.find("#"); any != node.words.end()) {
    // No word, then one after the other.
    match(*any->second, rest, ended, out);
    std::string_view left = rest;
    for (bool done = ended; !done;) {
      const Split next = split(left);
      left = next.rest;
      done = next.ended;
      match(*any->second, left, done, out);
    }
  }
  if (ended) return;
  const Split next = split(rest);
  if (const auto word = node.words.find(next.word); word != node.words.end() && next.word != "*" && next.word != "#")
    match(*word->second, next.rest, next.ended, out);
  if (const auto one = node.words.find("*"); one != node.words.end()) match(*one->second, next.rest, next.ended, out);
}

}  // namespace tutti::broker
