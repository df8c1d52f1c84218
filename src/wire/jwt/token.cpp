#include "wire/jwt/token.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <set>

#include "message/base64.hpp"
#include "message/json_parts.hpp"
#include "message/json_reader.hpp"

namespace tutti::wire::jwt {
namespace {

Parsed bad(std::string_view fault) { return {.fault = fault}; }

// An object in which no member comes twice: two readers might take another one each.
bool is_plain_object(std::string_view json) {
  if (!message::json_trimmed(json).starts_with('{') || !message::check_json(json).empty()) return false;
  std::set<std::string> names;
  return std::ranges::all_of(message::json_parts(json),
                             [&names](const message::JsonPart& part) { return names.insert(part.name).second; });
}

std::string_view member(std::string_view object, std::string_view name) {
  if (!object.starts_with('{')) return {};
  for (const message::JsonPart& part : message::json_parts(object)) {
    if (part.name == name) return part.text;
  }
  return {};
}

}  // namespace

std::optional<std::string> read_base64url(std::string_view text) {
  std::string padded(text);
  for (char& c : padded) {
    if (c == '+' || c == '/' || c == '=') return std::nullopt;
    if (c == '-') c = '+';
    if (c == '_') c = '/';
  }
  padded.append((4 - padded.size() % 4) % 4, '=');
  std::vector<std::byte> bytes;
  if (!message::read_base64(padded, bytes)) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

Parsed parse_token(std::string_view text) {
  if (text.size() > token_bytes_max) return bad("the token is too long");
  const std::size_t first = text.find('.');
  const std::size_t second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos || text.find('.', second + 1) != std::string_view::npos)
    return bad("the token has not three parts");
  const auto header = read_base64url(text.substr(0, first));
  auto claims = read_base64url(text.substr(first + 1, second - first - 1));
  auto signature = read_base64url(text.substr(second + 1));
  if (!header || !claims || !signature) return bad("a part of the token is no base64url");
  if (!is_plain_object(*header)) return bad("the header of the token is no JSON object");
  if (!is_plain_object(*claims)) return bad("the claims of the token are no JSON object");
  if (!claim(*header, "crit").empty()) return bad("the token asks for an extension that is not known here");
  const auto algorithm = text_claim(*header, "alg");
  if (!algorithm) return bad("the token names no algorithm");
  Token token{.algorithm = *algorithm,
              .key_id = text_claim(*header, "kid").value_or(""),
              .signed_part = text.substr(0, second),
              .signature = *std::move(signature),
              .claims = *std::move(claims)};
  return {.token = std::move(token)};
}

std::string_view claim(std::string_view object, std::string_view path) {
  object = message::json_trimmed(object);
  if (const std::string_view whole = member(object, path); !whole.empty()) return whole;
  const std::size_t dot = path.find('.');
  if (dot == std::string_view::npos) return {};
  const std::string_view inner = member(object, path.substr(0, dot));
  return inner.empty() ? inner : claim(inner, path.substr(dot + 1));
}

std::optional<std::string> text_claim(std::string_view object, std::string_view path) {
  return message::json_string(claim(object, path));
}

std::optional<double> time_claim(std::string_view object, std::string_view path) {
  const std::string_view text = claim(object, path);
  double seconds = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return seconds;
}

std::optional<std::vector<std::string>> list_claim(std::string_view object, std::string_view path) {
  const std::string_view text = claim(object, path);
  if (const auto one = message::json_string(text)) return std::vector<std::string>{*one};
  if (!text.starts_with('[')) return std::nullopt;
  std::vector<std::string> list;
  for (const message::JsonPart& item : message::json_parts(text)) {
    auto value = message::json_string(item.text);
    if (!value) return std::nullopt;
    list.push_back(*std::move(value));
  }
  return list;
}

}  // namespace tutti::wire::jwt
