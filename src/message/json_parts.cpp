#include "message/json_parts.hpp"

#include <cstddef>

#include <tutti/detail/reflect.hpp>

#include "message/json_reader.hpp"

namespace tutti::message {
namespace {

// One past the string whose opening quote is at `at`.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at + 1;
}

}  // namespace

std::string_view json_trimmed(std::string_view text) {
  constexpr std::string_view spaces = " \t\r\n";
  const std::size_t first = text.find_first_not_of(spaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(spaces) + 1 - first);
}

std::optional<std::string> json_string(std::string_view text) {
  std::string value;
  if (text.empty() || text.front() != '"') return std::nullopt;
  if (!read_json(detail::shape_of<std::string>(), &value, text).empty()) return std::nullopt;
  return value;
}

std::vector<JsonPart> json_parts(std::string_view text) {
  std::vector<JsonPart> parts;
  text = json_trimmed(text);
  if (text.size() < 2 || (text.front() != '{' && text.front() != '[')) return parts;
  text = text.substr(1, text.size() - 2);
  JsonPart part;
  std::size_t depth = 0, start = 0;
  const auto close_at = [&](std::size_t end) {
    part.text = json_trimmed(text.substr(start, end - start));
    if (!part.text.empty()) parts.push_back(std::move(part));
    part = {};
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    switch (text[at]) {
      case '"':
        at = end_of_string(text, at) - 1;
        break;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        --depth;
        break;
      case ':':
        if (depth != 0) break;
        part.name = json_string(json_trimmed(text.substr(start, at - start))).value_or("");
        start = at + 1;
        break;
      case ',':
        if (depth != 0) break;
        close_at(at);
        start = at + 1;
        break;
      default:
        break;
    }
  }
  close_at(text.size());
  return parts;
}

}  // namespace tutti::message
