// A set of keys in JSON (JWKS, RFC 7517): what an identity provider publishes. Public keys become DER
// (SubjectPublicKeyInfo, RFC 5280), the form that every cryptographic library reads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::wire::jwt {

// The algorithms that we check (RFC 7518 section 3.1, RFC 8037). Each belongs to one kind of key, so a token cannot
// have a public key taken for a secret.
enum class Algorithm : std::uint8_t { rs256, es256, eddsa, hs256 };

// "RS256", "ES256", "EdDSA", "HS256" exactly; false for every other, "none" among them.
[[nodiscard]] bool algorithm_of(std::string_view name, Algorithm& algorithm) noexcept;

struct Key {
  Algorithm algorithm;
  std::string id;     // `kid`; empty: none
  std::string bytes;  // DER of a public key; of HS256 the secret itself
};

struct KeySet {
  std::vector<Key> keys = {};
  std::string fault = {};  // why there are none at all
};

inline constexpr std::size_t keys_max = 100;
inline constexpr std::size_t rsa_bits_min = 2048;    // RFC 7518 section 3.3
inline constexpr std::size_t secret_bytes_min = 32;  // RFC 7518 section 3.2

// Keys of other kinds, for other uses, too short or malformed are left out; that none is left is a fault.
[[nodiscard]] KeySet parse_keys(std::string_view json);

// An ECDSA signature as tokens have it (r and s, 32 bytes each, RFC 7518 section 3.4) in DER; empty if it has another
// length.
[[nodiscard]] std::string ecdsa_der(std::string_view signature);

}  // namespace tutti::wire::jwt
