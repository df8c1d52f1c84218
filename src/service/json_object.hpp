// Writing JSON documents that have no shape: OpenAPI, AsyncAPI. A value is its JSON text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "message/json_text.hpp"

namespace tutti::detail {

inline std::string json_text(std::string_view value) {
  std::string out;
  message::append_json_text(out, value);
  return out;
}

// A JSON object, member by member. An empty value leaves its member out.
class JsonObject {
 public:
  JsonObject& add(std::string_view name, const std::string& json) {
    if (json.empty()) return *this;
    if (!members_.empty()) members_ += ',';
    message::append_json_text(members_, name);
    members_ += ':' + json;
    return *this;
  }
  [[nodiscard]] std::string json() const { return "{" + members_ + "}"; }

 private:
  std::string members_;
};

inline std::string json_list(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const std::string& item : items) out += (out.size() > 1 ? "," : "") + item;
  return out + "]";
}

}  // namespace tutti::detail
