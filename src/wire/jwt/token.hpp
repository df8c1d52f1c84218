// JSON Web Tokens in their compact form (RFC 7515 section 7.1, RFC 7519): three parts in base64url, header, claims and
// signature. What is read here is not yet believed: the signature is checked by who has the keys.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::wire::jwt {

inline constexpr std::size_t token_bytes_max = 16 * 1024;

struct Token {
  std::string algorithm;         // `alg`, as sent: "RS256"
  std::string key_id;            // `kid`; empty: none
  std::string_view signed_part;  // of the text: what the signature is over
  std::string signature;         // bytes
  std::string claims;            // JSON, an object
};

struct Parsed {
  std::optional<Token> token = {};
  std::string_view fault = {};  // why there is none
};

// Strict: no padding, no unused bits, no member twice, no `crit` (RFC 7515 section 4.1.11: we understand no extension).
// The token refers to `text`.
[[nodiscard]] Parsed parse_token(std::string_view text);

// Base64url without padding (RFC 7515 section 2); nothing if it is malformed.
[[nodiscard]] std::optional<std::string> read_base64url(std::string_view text);

// The JSON of a member of a JSON object that check_json() has accepted; of a member of a member by
// "realm_access.roles", unless the whole name is a member. Empty: it is not there.
[[nodiscard]] std::string_view claim(std::string_view object, std::string_view path);
// Its text; nothing if it is no string.
[[nodiscard]] std::optional<std::string> text_claim(std::string_view object, std::string_view path);
// Seconds since 1970 (RFC 7519 section 2, NumericDate); nothing if it is no number.
[[nodiscard]] std::optional<double> time_claim(std::string_view object, std::string_view path);
// A string, or the strings of a list; nothing if it is neither.
[[nodiscard]] std::optional<std::vector<std::string>> list_claim(std::string_view object, std::string_view path);

}  // namespace tutti::wire::jwt
