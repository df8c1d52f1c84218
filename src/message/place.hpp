// Where in a document a codec is: a chain of steps on the stack, made into text ("items[3].price", "names[\"de\"]")
// only if there is something to complain about.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tutti::message {

enum class Step : std::uint8_t { root, field, item, key };

struct Place {
  const Place* parent = nullptr;
  Step step = Step::root;
  std::size_t index = 0;       // item
  std::string_view name = {};  // field: wire name; key; root: a name to start from, mostly empty

  [[nodiscard]] Place field(std::string_view name_of_field) const { return {this, Step::field, 0, name_of_field}; }
  [[nodiscard]] Place item(std::size_t number) const { return {this, Step::item, number, {}}; }
  [[nodiscard]] Place key(std::string_view key_of_map) const { return {this, Step::key, 0, key_of_map}; }
};

[[nodiscard]] std::string path_of(const Place& place);
// "items[3]" and "price" make "items[3].price"; either may be empty.
[[nodiscard]] std::string joined_path(const std::string& outer, const std::string& inner);

}  // namespace tutti::message
