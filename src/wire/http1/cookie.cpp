#include "wire/http1/cookie.hpp"

#include "wire/http1/characters.hpp"

namespace tutti::wire::http1 {

bool next_cookie(std::string_view& rest, std::string_view& name, std::string_view& value) noexcept {
  while (!rest.empty()) {
    const std::size_t end = rest.find(';');
    const std::string_view pair = trim(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    name = trim(pair.substr(0, equals));
    value = trim(pair.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    if (is_token(name) && all(value, character::cookie)) return true;
  }
  return false;
}

std::optional<std::string_view> cookie_value(std::string_view field, std::string_view name) noexcept {
  std::string_view found;
  std::string_view value;
  while (next_cookie(field, found, value)) {
    if (found == name) return value;
  }
  return std::nullopt;
}

std::string_view append_set_cookie(std::string& out, const SetCookie& cookie) {
  const auto is_attribute = [](std::string_view text) {
    return is_field_value(text) && text.find(';') == std::string_view::npos;
  };
  if (!is_token(cookie.name)) return "the cookie's name is not a token";
  if (!all(cookie.value, character::cookie)) {
    return "the cookie's value has a character that is not allowed (space, quote, comma, semicolon, backslash, "
           "control)";
  }
  if (!is_attribute(cookie.path) || (!cookie.path.empty() && cookie.path[0] != '/')) {
    return "the cookie's path does not begin with '/' or has a semicolon or a control character";
  }
  if (!all(cookie.domain, character::host) || cookie.domain.find(';') != std::string_view::npos) {
    return "the cookie's domain is not a host name";
  }
  if (cookie.same_site == SameSite::none && cookie.carriage != Carriage::tls_only) {
    return "a cookie with same_site none must be tls_only: browsers drop it otherwise";
  }
  out.append(cookie.name).append("=").append(cookie.value);
  if (!cookie.path.empty()) out.append("; Path=").append(cookie.path);
  if (!cookie.domain.empty()) out.append("; Domain=").append(cookie.domain);
  if (cookie.max_age) out.append("; Max-Age=").append(std::to_string(cookie.max_age->count()));
  if (cookie.carriage == Carriage::tls_only) out.append("; Secure");
  if (cookie.scripts == Scripts::hidden) out.append("; HttpOnly");
  switch (cookie.same_site) {
    case SameSite::lax:
      out.append("; SameSite=Lax");
      break;
    case SameSite::strict:
      out.append("; SameSite=Strict");
      break;
    case SameSite::none:
      out.append("; SameSite=None");
      break;
  }
  return {};
}

}  // namespace tutti::wire::http1
