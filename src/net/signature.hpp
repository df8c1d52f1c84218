// Whether a signature fits, by OpenSSL, which is loaded when the first one is checked.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace tutti::net {

enum class SignatureKind : std::uint8_t { rsa_sha256 /* PKCS #1 v1.5 */, ecdsa_sha256 /* signature in DER */, ed25519 };

// A public key that is ready for use. Not for several threads at once.
class PublicKey {
 public:
  virtual ~PublicKey() = default;
  [[nodiscard]] virtual bool verifies(std::string_view text, std::string_view signature) const = 0;
};

// Of DER (SubjectPublicKeyInfo). Null if OpenSSL does not take it. Throws tutti::Error(failed_precondition) if OpenSSL
// is not there.
[[nodiscard]] std::unique_ptr<PublicKey> make_public_key(SignatureKind kind, std::string_view der);

// HMAC with SHA-256 (RFC 2104), compared in constant time. Throws as above.
[[nodiscard]] bool hmac_sha256_verifies(std::string_view secret, std::string_view text, std::string_view signature);

}  // namespace tutti::net
