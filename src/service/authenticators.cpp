#include <unistd.h>

#include <algorithm>
#include <utility>

#include <tutti/app.hpp>

namespace tutti {
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
    constexpr std::string_view scheme = "bearer";
    const std::string_view header = credentials.authorization;
    if (header.size() < scheme.size() || (header.size() > scheme.size() && header[scheme.size()] != ' ')) return {};
    const bool bearer = std::equal(scheme.begin(), scheme.end(), header.begin(),
                                   [](char expected, char found) { return expected == (found >= 'A' && found <= 'Z' ? found + 32 : found); });
    if (!bearer) return {};
    const std::string_view given = header.substr(std::min(header.size(), scheme.size() + 1));
    const Identity* found = nullptr;
    for (const BearerToken& token : tokens_) {
      if (same_secret(token.token, given)) found = &token.identity;  // no early end: see above
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

}  // namespace

std::unique_ptr<Authenticator> bearer_tokens(std::vector<BearerToken> tokens) { return std::make_unique<BearerTokens>(std::move(tokens)); }
std::unique_ptr<Authenticator> local_peers(std::vector<LocalPeer> peers) { return std::make_unique<LocalPeers>(std::move(peers)); }

}  // namespace tutti
