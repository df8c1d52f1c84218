#include "net/signature.hpp"

#include <dlfcn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/x509.h>

#include <array>
#include <string>
#include <utility>

#include <tutti/error.hpp>

namespace tutti::net {
namespace {

// As in tls.cpp: not linked, so that who checks no signature does not pay for it. Names are OpenSSL's own.
struct Crypto {
#define TUTTI_CRYPTO(name) decltype(&::name) name = load<decltype(&::name)>(#name)
  void* library = open();
  TUTTI_CRYPTO(d2i_PUBKEY);
  TUTTI_CRYPTO(EVP_PKEY_free);
  TUTTI_CRYPTO(EVP_MD_CTX_new);
  TUTTI_CRYPTO(EVP_MD_CTX_free);
  TUTTI_CRYPTO(EVP_DigestVerifyInit);
  TUTTI_CRYPTO(EVP_DigestVerify);
  TUTTI_CRYPTO(EVP_sha256);
  TUTTI_CRYPTO(HMAC);
  TUTTI_CRYPTO(CRYPTO_memcmp);
  TUTTI_CRYPTO(ERR_clear_error);
#undef TUTTI_CRYPTO

 private:
  static void* open() {
    void* const opened = ::dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);
    if (!opened)
      throw Error(Code::failed_precondition,
                  std::string("signatures are to be checked, but OpenSSL 3 cannot be loaded (") + ::dlerror() +
                      "); install the package libssl3");
    return opened;
  }
  template <class F>
  F load(const char* name) {
    void* const found = ::dlsym(library, name);
    if (!found) throw Error(Code::failed_precondition, std::string("OpenSSL has no ") + name + "; version 3 is needed");
    return reinterpret_cast<F>(found);
  }
};

const Crypto& crypto() {
  static const Crypto loaded;
  return loaded;
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

struct FreeKey {
  void operator()(EVP_PKEY* key) const { crypto().EVP_PKEY_free(key); }
};
struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { crypto().EVP_MD_CTX_free(context); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeKey>;

class Key final : public PublicKey {
 public:
  Key(SignatureKind kind, KeyPtr key) : kind_(kind), key_(std::move(key)) {}

  bool verifies(std::string_view text, std::string_view signature) const override {
    const std::unique_ptr<EVP_MD_CTX, FreeContext> context(crypto().EVP_MD_CTX_new());
    const EVP_MD* const digest = kind_ == SignatureKind::ed25519 ? nullptr : crypto().EVP_sha256();
    const bool fits =
        context && crypto().EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key_.get()) == 1 &&
        crypto().EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text), text.size()) ==
            1;
    crypto().ERR_clear_error();
    return fits;
  }

 private:
  SignatureKind kind_;
  KeyPtr key_;
};

}  // namespace

std::unique_ptr<PublicKey> make_public_key(SignatureKind kind, std::string_view der) {
  const unsigned char* at = bytes_of(der);
  KeyPtr key(crypto().d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  crypto().ERR_clear_error();
  if (!key) return nullptr;
  return std::make_unique<Key>(kind, std::move(key));
}

bool hmac_sha256_verifies(std::string_view secret, std::string_view text, std::string_view signature) {
  std::array<unsigned char, 32> expected;
  unsigned int size = expected.size();
  if (signature.size() != expected.size()) return false;
  if (!crypto().HMAC(crypto().EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes_of(text), text.size(),
                     expected.data(), &size))
    return false;
  return crypto().CRYPTO_memcmp(expected.data(), signature.data(), expected.size()) == 0;
}

}  // namespace tutti::net
