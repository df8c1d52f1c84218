// Cookies (RFC 6265): the request's Cookie field read, the response's Set-Cookie written.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::wire::http1 {

// Takes the next pair off a Cookie field ("a=1; b=2"); quotes around a value are taken off. False at the end.
// Pairs without a name or with characters that are not allowed are skipped.
[[nodiscard]] bool next_cookie(std::string_view& rest, std::string_view& name, std::string_view& value) noexcept;
[[nodiscard]] std::optional<std::string_view> cookie_value(std::string_view field, std::string_view name) noexcept;

enum class SameSite { lax, strict, none };
enum class Scripts { hidden, readable };  // HttpOnly or not
enum class Carriage { any, tls_only };    // Secure

struct SetCookie {
  std::string_view name = {};
  std::string_view value = {};
  std::string_view path = "/";
  std::string_view domain = {};                      // empty: this host only
  std::optional<std::chrono::seconds> max_age = {};  // nothing: until the browser closes; 0: delete it
  SameSite same_site = SameSite::lax;                // none demands tls_only: refused otherwise
  Scripts scripts = Scripts::hidden;
  Carriage carriage = Carriage::any;
};
// Appends the field's value. Otherwise what is wrong with it, and nothing is appended.
[[nodiscard]] std::string_view append_set_cookie(std::string& out, const SetCookie& cookie);

}  // namespace tutti::wire::http1
