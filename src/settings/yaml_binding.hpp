// A YAML tree into a record. A record's fields are set one by one over what is there; a list or map is replaced.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <tutti/detail/shape.hpp>

#include "settings/interpolation.hpp"
#include "settings/yaml.hpp"

namespace tutti::settings {

class YamlBinding {
 public:
  struct Parts {
    std::string_view file;  // for messages
    const Lookup* lookup;   // of ${NAME}; null: a dollar is a dollar
    std::vector<std::string>& problems;
    // Told for every key that is set, with its place ("settings.yaml:3:7").
    std::function<void(const std::string& key, std::string place)> set;
  };
  explicit YamlBinding(Parts parts) : parts_(std::move(parts)) {}

  void bind(const detail::Shape& shape, void* value, const yaml::Node& node, const std::string& key);

 private:
  void record(const detail::Shape& shape, void* value, const yaml::Node& node, const std::string& key,
              std::string_view except);
  void list(const detail::Shape& shape, void* value, const yaml::Node& node, const std::string& key);
  void array(const detail::Shape& shape, void* value, const yaml::Node& node, const std::string& key);
  void map(const detail::Shape& shape, void* value, const yaml::Node& node, const std::string& key);
  void variant(const detail::Shape& shape, void* value, const yaml::Node& node, const std::string& key);
  void live(const detail::Shape& shape, void* value, const yaml::Node& node, const std::string& key);
  void text(const detail::Shape& shape, void* value, const yaml::Node& node, const std::string& key);
  bool interpolated(yaml::Node& scalar, const std::string& key);
  void refuse(const yaml::Node& node, const std::string& key, const detail::Shape& shape, const std::string& expected);
  void problem(yaml::Position at, const std::string& what);

  Parts parts_;
};

}  // namespace tutti::settings
