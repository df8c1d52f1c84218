#include <unistd.h>

#include <algorithm>
#include <utility>

#include <tutti/app.hpp>
#include <tutti/certificates.hpp>

#include "service/bearer.hpp"

namespace tutti {

std::optional<std::string_view> detail::bearer_of(std::string_view authorization) noexcept {
  constexpr std::string_view scheme = "bearer";
  if (authorization.size() < scheme.size() || (authorization.size() > scheme.size() && authorization[scheme.size()] != ' ')) return std::nullopt;
  const bool bearer = std::equal(scheme.begin(), scheme.end(), authorization.begin(),
                                 [](char expected, char found) { return expected == (found >= 'A' && found <= 'Z' ? found + 32 : found); });
  if (!bearer) return std::nullopt;
  return authorization.substr(std::min(authorization.size(), scheme.size() + 1));
}

namespace {

// Looks at every byte whatever the first difference: the time says nothing about how much was right. The length may show.
bool same_secret(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<unsigned char>(difference | (static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i])));
  }
  return difference == 0;
}

class BearerTokens final : public Authenticator {
 public:
  explicit BearerTokens(std::vector<BearerToken> tokens) : tokens_(std::move(tokens)) {
    for (const BearerToken& token : tokens_) {
      if (token.token.size() < 16) {
        throw Error(Code::failed_precondition, "the bearer token of \"" + token.identity.name + "\" is shorter than 16 characters; use a long random one");
      }
    }
  }

  std::optional<Identity> authenticate(const Credentials& credentials) const override {
    const auto given = detail::bearer_of(credentials.authorization);
    if (!given) return {};
    const Identity* found = nullptr;
    for (const BearerToken& token : tokens_) {
      if (same_secret(token.token, *given)) found = &token.identity;  // no early end: see above
    }
    if (!found) throw Error(Code::unauthenticated, "the bearer token is not known here");
    return *found;
  }

 private:
  std::vector<BearerToken> tokens_;
};

class LocalPeers final : public Authenticator {
 public:
  explicit LocalPeers(std::vector<LocalPeer> peers) : peers_(std::move(peers)) {
    if (peers_.empty()) peers_.push_back({::geteuid(), {.name = "local", .permissions = {"*"}}});
  }

  std::optional<Identity> authenticate(const Credentials& credentials) const override {
    if (!credentials.peer_user) return {};
    for (const LocalPeer& peer : peers_) {
      if (peer.user == *credentials.peer_user) return peer.identity;
    }
    return {};
  }

 private:
  std::vector<LocalPeer> peers_;
};

class CertificatePeers final : public Authenticator {
 public:
  explicit CertificatePeers(std::vector<CertificatePeer> peers) : peers_(std::move(peers)) {}

  std::optional<Identity> authenticate(const Credentials& credentials) const override {
    if (credentials.certificate_name.empty()) return {};
    for (const CertificatePeer& peer : peers_) {
      if (peer.name == credentials.certificate_name) return peer.identity;
    }
    throw Error(Code::unauthenticated, "the certificate of \"" + std::string(credentials.certificate_name) + "\" is not known here");
  }

 private:
  std::vector<CertificatePeer> peers_;
};

}  // namespace

std::unique_ptr<Authenticator> bearer_tokens(std::vector<BearerToken> tokens) { return std::make_unique<BearerTokens>(std::move(tokens)); }
std::unique_ptr<Authenticator> certificate_peers(std::vector<CertificatePeer> peers) { return std::make_unique<CertificatePeers>(std::move(peers)); }
std::unique_ptr<Authenticator> local_peers(std::vector<LocalPeer> peers) { return std::make_unique<LocalPeers>(std::move(peers)); }

}  // namespace tutti
