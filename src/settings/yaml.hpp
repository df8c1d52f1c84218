// The one YAML reader of tutti: settings and the fleet file come through here. It turns a text into a tree in which
// every node and every key knows its line and column, so that whoever reads the tree can point at the mistake.
//
// It reads one document of YAML 1.2 under the core schema, as far as people write it in configuration: block and flow
// collections, all five scalar styles, anchors, aliases and merge keys ("<<"). What it does not read it refuses with
// line and column, and never guesses: further documents, custom tags, keys that are no text, duplicate keys, invalid
// UTF-8 and control characters. yes, no, on and off are text, as YAML 1.2 says. Which library is underneath, and how
// it was chosen: docs/adr/0010-yaml-reader.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::yaml {

// Both from 1; columns count code points. 0:0 is "nowhere".
struct Position {
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  friend constexpr auto operator<=>(const Position&, const Position&) = default;
};

enum class Form : std::uint8_t { scalar, sequence, mapping };
enum class Style : std::uint8_t {
  plain,   // its text decides the type: see type_of
  quoted,  // '..', "..", |, > or tagged !!str: always text
};

struct Entry;

// What an alias stands for keeps the positions of the place where it was written.
struct Node {
  Form form = Form::scalar;
  Style style = Style::plain;
  Position at = {};
  std::string text = {};       // scalar: unescaped and folded; empty and plain is null
  std::vector<Node> items;     // sequence
  std::vector<Entry> entries;  // mapping, as written; what a merge key brought stands behind

  // The value under a key of a mapping; null if it is not there. Lives as long as this node is not changed.
  [[nodiscard]] const Node* find(std::string_view key) const noexcept;
};

struct Entry {
  std::string key;
  Position at;  // of the key
  Node value;
};

enum class Type : std::uint8_t { null, boolean, integer, real, text };

// What a scalar means under the core schema (YAML 1.2.2 section 10.3.2).
[[nodiscard]] Type type_of(const Node& scalar) noexcept;

// "a whole number", "a list", ...: what was found, for messages.
[[nodiscard]] std::string_view describe(const Node& node) noexcept;

struct Limits {
  std::size_t bytes_max = std::size_t{1} << 20;           // of the text
  std::size_t depth_max = 64;                             // of nested collections
  std::size_t nodes_max = 100'000;                        // after aliases and merges are expanded
  std::size_t expanded_bytes_max = std::size_t{8} << 20;  // of all scalars and keys, after the same
};

// Whether the lines of a flow collection or a quoted text must be indented deeper than the key that they stand under,
// as YAML says. Most readers do not mind, Compose's among them, so fleet files are written with "]" below its key.
enum class FlowLines : std::uint8_t { indented, anywhere };

struct Problem {
  Position at;
  std::string what;  // "key "a" is written twice (first in line 2); remove one of them"
};

struct Document {
  Node root;  // an empty text is a null
  std::optional<Problem> problem;
};

// Pure, and safe on any input; problem is set if and only if the text is refused, and root is then empty.
[[nodiscard]] Document read(std::string_view text, const Limits& limits = {},
                            FlowLines flow_lines = FlowLines::indented);

// "compose.yaml:3:7: what"
[[nodiscard]] std::string to_string(std::string_view file, const Problem& problem);
[[nodiscard]] std::string to_string(std::string_view file, Position at);

}  // namespace tutti::yaml
