#include "wire/jwt/keys.hpp"

#include <array>
#include <bit>
#include <optional>
#include <utility>

#include "message/json_parts.hpp"
#include "message/json_reader.hpp"
#include "wire/jwt/token.hpp"

namespace tutti::wire::jwt {
namespace {

constexpr std::array<std::pair<std::string_view, Algorithm>, 4> names = {{{"RS256", Algorithm::rs256},
                                                                          {"ES256", Algorithm::es256},
                                                                          {"EdDSA", Algorithm::eddsa},
                                                                          {"HS256", Algorithm::hs256}}};

// ITU-T X.690 section 8: a tag, the length, the content.
std::string der(unsigned char tag, std::string_view content) {
  std::string out(1, static_cast<char>(tag));
  if (content.size() < 0x80) {
    out.push_back(static_cast<char>(content.size()));
  } else if (content.size() < 0x100) {
    out.append({static_cast<char>(0x81), static_cast<char>(content.size())});
  } else {
    out.append(
        {static_cast<char>(0x82), static_cast<char>(content.size() >> 8), static_cast<char>(content.size() & 0xff)});
  }
  return out.append(content);
}
constexpr unsigned char integer_tag = 0x02;
constexpr unsigned char bit_string_tag = 0x03;
constexpr unsigned char sequence_tag = 0x30;

std::string_view without_zeros(std::string_view number) {
  while (number.size() > 1 && number.front() == '\0') number.remove_prefix(1);
  return number;
}
// Not negative: the highest bit of its first byte is clear.
std::string der_integer(std::string_view number) {
  number = without_zeros(number);
  const bool high = !number.empty() && (static_cast<unsigned char>(number.front()) & 0x80) != 0;
  return der(integer_tag, (high ? std::string(1, '\0') : std::string()) + std::string(number));
}
std::string der_public_key(std::string_view algorithm, std::string_view key) {
  return der(sequence_tag, std::string(algorithm) + der(bit_string_tag, std::string(1, '\0') + std::string(key)));
}

// AlgorithmIdentifier of RFC 3279 section 2.3.1 (rsaEncryption, NULL), RFC 5480 (id-ecPublicKey, prime256v1), RFC 8410
// (id-Ed25519).
using namespace std::string_view_literals;
constexpr std::string_view rsa = "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"sv;
constexpr std::string_view p256 =
    "\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"sv;
constexpr std::string_view ed25519 = "\x30\x05\x06\x03\x2b\x65\x70"sv;

std::size_t bits_of(std::string_view number) {
  number = without_zeros(number);
  return number.empty() ? 0
                        : number.size() * 8 -
                              static_cast<std::size_t>(std::countl_zero(static_cast<unsigned char>(number.front())));
}

std::string bytes_of(std::string_view key, std::string_view name) {
  const auto text = text_claim(key, name);
  return text ? read_base64url(*text).value_or("") : "";
}

// RFC 7518 section 6, RFC 8037 section 2. Nothing: a kind or a size that we do not check.
std::optional<Key> key_of(std::string_view json) {
  const std::string kind = text_claim(json, "kty").value_or("");
  const std::string curve = text_claim(json, "crv").value_or("");
  Key key{.algorithm = Algorithm::rs256, .id = text_claim(json, "kid").value_or(""), .bytes = {}};
  if (kind == "RSA") {
    const std::string modulus = bytes_of(json, "n");
    const std::string exponent = bytes_of(json, "e");
    if (bits_of(modulus) < rsa_bits_min || modulus.size() > 2048 || exponent.empty() || exponent.size() > 8)
      return std::nullopt;
    key.bytes = der_public_key(rsa, der(sequence_tag, der_integer(modulus) + der_integer(exponent)));
  } else if (kind == "EC" && curve == "P-256") {
    const std::string x = bytes_of(json, "x");
    const std::string y = bytes_of(json, "y");
    if (x.size() != 32 || y.size() != 32) return std::nullopt;
    key.algorithm = Algorithm::es256;
    key.bytes = der_public_key(p256, "\x04" + x + y);
  } else if (kind == "OKP" && curve == "Ed25519") {
    const std::string x = bytes_of(json, "x");
    if (x.size() != 32) return std::nullopt;
    key.algorithm = Algorithm::eddsa;
    key.bytes = der_public_key(ed25519, x);
  } else if (kind == "oct") {
    key.algorithm = Algorithm::hs256;
    key.bytes = bytes_of(json, "k");
    if (key.bytes.size() < secret_bytes_min) return std::nullopt;
  } else {
    return std::nullopt;
  }
  const auto use = text_claim(json, "use");
  if (use && *use != "sig") return std::nullopt;
  const auto bound = text_claim(json, "alg");
  Algorithm named{};
  if (bound && (!algorithm_of(*bound, named) || named != key.algorithm)) return std::nullopt;
  return key;
}

}  // namespace

bool algorithm_of(std::string_view name, Algorithm& algorithm) noexcept {
  for (const auto& [known, value] : names) {
    if (name != known) continue;
    algorithm = value;
    return true;
  }
  return false;
}

KeySet parse_keys(std::string_view json) {
  if (!message::json_trimmed(json).starts_with('{') || !message::check_json(json).empty())
    return {.fault = "it is no JSON object"};
  const std::string_view list = claim(json, "keys");
  if (!list.starts_with('[')) return {.fault = "it has no list \"keys\" (RFC 7517)"};
  KeySet set;
  for (const message::JsonPart& item : message::json_parts(list)) {
    if (set.keys.size() == keys_max) break;
    if (!item.text.starts_with('{')) continue;
    if (auto key = key_of(item.text)) set.keys.push_back(*std::move(key));
  }
  if (set.keys.empty())
    set.fault = "it has no key for RS256 (2048 bits or more), ES256, EdDSA (Ed25519) or HS256 (32 bytes or more)";
  return set;
}

std::string ecdsa_der(std::string_view signature) {
  if (signature.size() != 64) return {};
  return der(sequence_tag, der_integer(signature.substr(0, 32)) + der_integer(signature.substr(32)));
}

}  // namespace tutti::wire::jwt
