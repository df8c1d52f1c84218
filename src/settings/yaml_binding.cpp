#include "settings/yaml_binding.hpp"

#include <utility>

#include "message/report.hpp"
#include "settings/keys.hpp"
#include "settings/setting_text.hpp"

namespace tutti::settings {

using detail::Kind;
using detail::Shape;
using yaml::Form;
using yaml::Node;

void YamlBinding::bind(const Shape& shape, void* value, const Node& given, const std::string& key) {
  const Node* node = &given;
  Node replaced;
  if (parts_.lookup != nullptr && given.form == Form::scalar && given.text.find('$') != std::string::npos) {
    replaced = given;
    if (!interpolated(replaced, key)) return;
    node = &replaced;
  }
  parts_.set(key, yaml::to_string(parts_.file, node->at));
  const bool nothing = node->form == Form::scalar && yaml::type_of(*node) == yaml::Type::null;
  switch (shape.kind) {
    case Kind::live:
      return live(shape, value, *node, key);
    case Kind::optional: {
      if (nothing) return shape.optional->reset(value);
      const bool merge = shape.element->kind == Kind::record && shape.optional->has(value);
      return bind(*shape.element,
                  merge ? const_cast<void*>(shape.optional->get(value)) : shape.optional->emplace(value), *node, key);
    }
    case Kind::record:
      if (nothing) return;  // a section with all of its lines commented out
      if (node->form != Form::mapping) return refuse(*node, key, shape, expected_setting(shape));
      return record(shape, value, *node, key, {});
    case Kind::list:
      if (nothing) return shape.list->clear(value);
      return list(shape, value, *node, key);
    case Kind::array:
      return array(shape, value, *node, key);
    case Kind::map:
      if (nothing) return shape.map->clear(value);
      return map(shape, value, *node, key);
    case Kind::variant:
      return variant(shape, value, *node, key);
    default:
      if (node->form != Form::scalar || nothing) return refuse(*node, key, shape, expected_setting(shape));
      return text(shape, value, *node, key);
  }
}

void YamlBinding::record(const Shape& shape, void* value, const Node& node, const std::string& key,
                         std::string_view except) {
  for (const yaml::Entry& entry : node.entries) {
    if (!except.empty() && entry.key == except) continue;
    const detail::Field* found = nullptr;
    std::vector<std::string_view> names;
    for (const detail::Field& field : shape.fields) {
      names.push_back(field.wire_name);
      if (field.wire_name == entry.key) found = &field;
    }
    if (found != nullptr) {
      bind(*found->shape, static_cast<std::byte*>(value) + found->offset, entry.value, key + "." + entry.key);
      continue;
    }
    std::string what = "unknown key \"" + key + "." + entry.key + "\"";
    if (const auto near = nearest(entry.key, names); !near.empty()) {
      what += "; did you mean \"" + key + "." + std::string(near) + "\"";
    } else {
      what += "; expected " + expected_setting(shape);
    }
    problem(entry.at, what);
  }
}

void YamlBinding::list(const Shape& shape, void* value, const Node& node, const std::string& key) {
  if (node.form == Form::scalar && is_text(shape)) return text(shape, value, node, key);
  if (node.form != Form::sequence) return refuse(node, key, shape, expected_setting(shape));
  shape.list->clear(value);
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    void* at = shape.list->append != nullptr ? shape.list->append(value) : nullptr;  // null: vector<bool>
    bool boolean = false;
    bind(*shape.element, at == nullptr ? &boolean : at, node.items[i], key + "[" + std::to_string(i) + "]");
    if (at == nullptr) shape.list->append_bool(value, boolean);
  }
  if (node.items.size() < shape.length_min || node.items.size() > shape.length_max)
    problem(node.at, key + " has " + std::to_string(node.items.size()) + " items; expected " + expected_setting(shape));
}

void YamlBinding::array(const Shape& shape, void* value, const Node& node, const std::string& key) {
  if (node.form == Form::scalar && is_text(shape)) return text(shape, value, node, key);
  if (node.form != Form::sequence || node.items.size() != shape.count)
    return refuse(node, key, shape, expected_setting(shape));
  for (std::size_t i = 0; i < shape.count; ++i)
    bind(*shape.element, static_cast<std::byte*>(value) + i * shape.element->size, node.items[i],
         key + "[" + std::to_string(i) + "]");
}

void YamlBinding::map(const Shape& shape, void* value, const Node& node, const std::string& key) {
  if (node.form == Form::scalar && is_text(shape)) return text(shape, value, node, key);
  if (node.form != Form::mapping) return refuse(node, key, shape, expected_setting(shape));
  shape.map->clear(value);
  // The reader has refused duplicate keys, so that every entry is new.
  for (const yaml::Entry& entry : node.entries)
    bind(*shape.element, shape.map->emplace(value, entry.key), entry.value, key + "." + entry.key);
}

void YamlBinding::variant(const Shape& shape, void* value, const Node& node, const std::string& key) {
  const Node* type = node.find("type");
  if (node.form != Form::mapping || type == nullptr || type->form != Form::scalar)
    return refuse(node, key, shape, expected_setting(shape));
  for (std::size_t i = 0; i < shape.alternatives.size(); ++i) {
    if (shape.alternatives[i].tag != type->text) continue;
    return record(*shape.alternatives[i].shape, shape.variant->emplace(value, i), node, key, "type");
  }
  refuse(*type, key + ".type", shape, expected_setting(shape));
}

void YamlBinding::live(const Shape& shape, void* value, const Node& node, const std::string& key) {
  struct Fill {
    YamlBinding& self;
    const Shape& element;
    const Node& node;
    const std::string& key;
  } fill{*this, *shape.element, node, key};
  shape.live->replace(value, &fill, [](void* context, void* fresh) {
    const auto& f = *static_cast<Fill*>(context);
    const std::size_t before = f.self.parts_.problems.size();
    const Lookup* lookup = std::exchange(f.self.parts_.lookup, nullptr);  // done already for a scalar
    if (f.node.form != Form::scalar) f.self.parts_.lookup = lookup;
    f.self.bind(f.element, fresh, f.node, f.key);
    f.self.parts_.lookup = lookup;
    return f.self.parts_.problems.size() == before;
  });
}

void YamlBinding::text(const Shape& shape, void* value, const Node& node, const std::string& key) {
  if (const auto expected = read_setting(shape, value, node.text)) refuse(node, key, shape, *expected);
}

// What comes out of a variable stays what the scalar was, plain or quoted: "${PORT:-}" without a value is a null.
bool YamlBinding::interpolated(Node& scalar, const std::string& key) {
  Interpolated result = interpolate(scalar.text, *parts_.lookup);
  if (result.error.empty() && !result.unset.empty())
    result.error = "variable \"" + result.unset.front() + "\" is not set; set it, or give a default: ${" +
                   result.unset.front() + ":-...}";
  if (!result.error.empty()) {
    problem(scalar.at, key + ": " + result.error);
    return false;
  }
  scalar.text = std::move(result.text);
  return true;
}

void YamlBinding::refuse(const Node& node, const std::string& key, const Shape& shape, const std::string& expected) {
  std::string found(yaml::describe(node));
  if (node.form == Form::scalar && found != "nothing")
    found = is_secret(shape) ? "\"***\"" : message::quoted(node.text);
  problem(node.at, key + " is " + found + "; expected " + expected);
}

void YamlBinding::problem(yaml::Position at, const std::string& what) {
  parts_.problems.push_back(yaml::to_string(parts_.file, at) + ": " + what);
}

}  // namespace tutti::settings
