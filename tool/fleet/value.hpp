// A node of the fleet file after interpolation. It remembers its file, so that what was merged still points at where it
// was written, and it is read by questions ("a whole number", "a duration") that refuse with place, key and value.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "settings/interpolation.hpp"
#include "settings/yaml.hpp"

namespace tutti::fleet {

struct Value {
  yaml::Form form = yaml::Form::scalar;
  bool null = false;
  std::string text = {};
  std::string place = {};  // "compose.yaml:3:7"
  std::vector<Value> items = {};
  std::vector<std::pair<std::string, Value>> entries = {};

  [[nodiscard]] const Value* find(std::string_view key) const;
  Value& at(const std::string& key);  // made if it is not there
};

// Interpolates values, never keys. A variable that is not set counts as empty and leaves a note.
[[nodiscard]] Value value_of(const yaml::Node& node, const std::string& file, const settings::Lookup& lookup,
                             std::vector<std::string>& notes);

[[noreturn]] void refuse(const Value& at, const std::string& what);
[[nodiscard]] std::string in_quotes(std::string_view text);

// `what` names the value in the message: "service "web": deploy.replicas". A null is an empty mapping.
const Value& mapping(const Value& value, const std::string& what);
const Value& sequence(const Value& value, const std::string& what);
[[nodiscard]] const std::string& scalar(const Value& value, const std::string& what);
[[nodiscard]] std::uint64_t number(const Value& value, const std::string& what, std::uint64_t least,
                                   std::uint64_t most);
[[nodiscard]] std::chrono::milliseconds duration(const Value& value, const std::string& what);
[[nodiscard]] bool truth(const Value& value, const std::string& what);
[[nodiscard]] std::vector<std::string> texts(const Value& value, const std::string& what);
// A list as it is; a line is cut as a shell would cut it, without expanding anything, as Compose does.
[[nodiscard]] std::vector<std::string> words(const Value& value, const std::string& what);

}  // namespace tutti::fleet
