#include <tutti/jwt.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <optional>
#include <utility>

#include <tutti/mutex.hpp>

#include "net/signature.hpp"
#include "service/bearer.hpp"
#include "service/composition.hpp"
#include "service/environment.hpp"
#include "service/host.hpp"
#include "wire/jwt/keys.hpp"
#include "wire/jwt/token.hpp"

namespace tutti {
namespace {

using wire::jwt::Algorithm;

constexpr std::size_t keys_bytes_max = 1024 * 1024;
constexpr std::chrono::nanoseconds file_looked_at_every = std::chrono::seconds(1);
constexpr std::chrono::nanoseconds fetch_deadline = std::chrono::seconds(5);

[[noreturn]] void refuse(const std::string& why) { throw Error(Code::failed_precondition, "jwt_tokens: " + why); }
[[noreturn]] void deny(const std::string& why) { throw Error(Code::unauthenticated, why); }

struct ReadyKey {
  Algorithm algorithm;
  std::string id;
  std::string secret;                          // of HS256
  std::unique_ptr<net::PublicKey> key;         // of the others
};
using Keys = std::vector<ReadyKey>;

// Throws tutti::Error(failed_precondition) with what is wrong with `json`.
Keys ready_keys(std::string_view json, const std::string& where) {
  wire::jwt::KeySet set = wire::jwt::parse_keys(json);
  if (!set.fault.empty()) refuse("\"" + where + "\" is no set of keys: " + set.fault);
  Keys keys;
  for (wire::jwt::Key& key : set.keys) {
    ReadyKey ready{.algorithm = key.algorithm, .id = std::move(key.id), .secret = {}, .key = nullptr};
    if (key.algorithm == Algorithm::hs256) {
      ready.secret = std::move(key.bytes);
    } else {
      const auto kind = key.algorithm == Algorithm::rs256 ? net::SignatureKind::rsa_sha256 : key.algorithm == Algorithm::es256 ? net::SignatureKind::ecdsa_sha256 : net::SignatureKind::ed25519;
      ready.key = net::make_public_key(kind, key.bytes);
      if (!ready.key) continue;  // a point that is not on its curve
    }
    keys.push_back(std::move(ready));
  }
  if (keys.empty()) refuse("\"" + where + "\" has no key that OpenSSL takes");
  return keys;
}

// Where keys come from. `current` may wait; the keys live until the next call.
class KeySource {
 public:
  virtual ~KeySource() = default;
  virtual const Keys& current() = 0;
  // A token names a key that is not there: true if they were fetched anew.
  virtual bool look_again() = 0;
};

class KeyFile final : public KeySource {
 public:
  KeyFile(std::string path, world::Files& files, Clock& clock, const Logger& log) : path_(std::move(path)), files_(files), clock_(clock), log_(log) { load(); }

  const Keys& current() override {
    if (clock_.instant() >= look_at_) (void)look_again();
    return keys_;
  }
  bool look_again() override {
    look_at_ = clock_.instant() + file_looked_at_every;
    const auto status = files_.status(path_);
    if (status && status->modified == seen_.modified && status->identity == seen_.identity && status->size == seen_.size) return false;
    try {
      load();
      return true;
    } catch (const Error& error) {
      if (status) seen_ = *status;  // told once for each change
      log_.error("the keys of tokens stay as they were", {{"error.message", error.what()}});
      return false;
    }
  }

 private:
  void load() {
    const auto status = files_.status(path_);
    int error = 0;
    const auto json = files_.read_all(path_, keys_bytes_max, error);
    if (!status || !json) refuse("the file of keys \"" + path_ + "\" cannot be read: " + std::strerror(error == 0 ? ENOENT : error));
    keys_ = ready_keys(*json, path_);
    seen_ = *status;
  }

  std::string path_;
  world::Files& files_;
  Clock& clock_;
  const Logger& log_;
  Keys keys_;
  world::FileStatus seen_;
  Instant look_at_;
};

class KeyAddress final : public KeySource {
 public:
  KeyAddress(const JwtRules& rules, HttpClient& client, Clock& clock, const Logger& log)
      : url_(rules.keys), kept_(rules.keys_kept), pause_(rules.fetch_pause), client_(client), clock_(clock), log_(log) {}

  const Keys& current() override {
    // Of many requests at once the first fetches; the others go on with the keys that are there, or wait for the first ones.
    std::unique_lock only_one(mutex_, std::defer_lock);
    if (!keys_) {
      only_one.lock();
    } else if (clock_.instant() < fetched_ + kept_ || !only_one.try_lock()) {
      return *keys_;
    }
    if (!keys_ || clock_.instant() >= fetched_ + kept_) (void)fetch();
    if (!keys_) throw Error(Code::unavailable, "the keys that tokens are checked with cannot be fetched; try again later");
    return *keys_;
  }
  bool look_again() override {
    const std::unique_lock only_one(mutex_);
    return fetch();
  }

 private:
  // True if there are new keys. At most once in `pause_`.
  bool fetch() {
    if (tried_ && clock_.instant() < *tried_ + pause_) return false;
    tried_ = clock_.instant();
    try {
      const HttpReply reply = client_.send({.url = url_, .headers = {{"accept", "application/json"}}, .deadline = fetch_deadline, .body_bytes_max = keys_bytes_max});
      if (reply.status != 200) throw Error(Code::unavailable, "\"" + url_ + "\" answers " + std::to_string(reply.status));
      keys_ = ready_keys(reply.body, url_);
      fetched_ = clock_.instant();
      return true;
    } catch (const Error& error) {
      if (error.code() == Code::cancelled) {  // this request alone ends: the next one tries
        tried_.reset();
        throw;
      }
      log_.error("the keys of tokens cannot be fetched", {{"url.full", url_}, {"error.message", error.what()}});
      return false;
    }
  }

  std::string url_;
  std::chrono::nanoseconds kept_;
  std::chrono::nanoseconds pause_;
  HttpClient& client_;
  Clock& clock_;
  const Logger& log_;
  Mutex mutex_;
  std::optional<Keys> keys_;
  Instant fetched_;
  std::optional<Instant> tried_;
};

class JwtTokens final : public Authenticator {
 public:
  JwtTokens(JwtRules rules, std::unique_ptr<KeySource> keys, Clock& clock) : rules_(std::move(rules)), keys_(std::move(keys)), clock_(clock) {
    for (const std::string& name : rules_.algorithms) {
      Algorithm algorithm{};
      if (!wire::jwt::algorithm_of(name, algorithm)) refuse("the algorithm \"" + name + "\" is not known; expected RS256, ES256, EdDSA or HS256");
      allowed_.push_back(algorithm);
    }
  }

  std::optional<Identity> authenticate(const Credentials& credentials) const override {
    const auto text = detail::bearer_of(credentials.authorization);
    if (!text) return std::nullopt;
    const wire::jwt::Parsed parsed = wire::jwt::parse_token(*text);
    if (!parsed.token) deny(std::string(parsed.fault));
    const wire::jwt::Token& token = *parsed.token;
    Algorithm algorithm{};
    if (!wire::jwt::algorithm_of(token.algorithm, algorithm) || std::ranges::find(allowed_, algorithm) == allowed_.end()) {
      deny("the token's algorithm is not accepted here");
    }
    check_signature(token, algorithm);
    check_claims(token.claims);
    return identity_of(token.claims);
  }

 private:
  // A key that is asked for by name is the one; without a name each key of the algorithm may be.
  void check_signature(const wire::jwt::Token& token, Algorithm algorithm) const {
    const std::string signature = algorithm == Algorithm::es256 ? wire::jwt::ecdsa_der(token.signature) : token.signature;
    bool known = false;
    const auto fits = [&](const Keys& keys) {
      for (const ReadyKey& key : keys) {
        if (key.algorithm != algorithm || (!token.key_id.empty() && key.id != token.key_id)) continue;
        known = true;
        if (key.key ? key.key->verifies(token.signed_part, signature) : net::hmac_sha256_verifies(key.secret, token.signed_part, signature)) return true;
      }
      return false;
    };
    if (fits(keys_->current())) return;
    if (!known && keys_->look_again() && fits(keys_->current())) return;
    deny(known ? "the token's signature is wrong" : "the token is signed with a key that is not known here");
  }

  void check_claims(std::string_view claims) const {
    const double now = std::chrono::duration<double>(clock_.now().since_epoch).count();
    const auto leeway = static_cast<double>(rules_.leeway.count());
    const auto expires = wire::jwt::time_claim(claims, "exp");
    if (!expires) deny("the token does not say when it expires (exp)");
    if (now >= *expires + leeway) deny("the token has expired");
    for (const auto& [name, why] : {std::pair("nbf", "the token is not valid yet (nbf)"), std::pair("iat", "the token is from the future (iat)")}) {
      if (wire::jwt::claim(claims, name).empty()) continue;
      const auto from = wire::jwt::time_claim(claims, name);
      if (!from || now + leeway < *from) deny(why);
    }
    if (wire::jwt::text_claim(claims, "iss") != rules_.issuer) deny("the token is from another issuer (iss)");
    const auto audiences = wire::jwt::list_claim(claims, "aud");
    if (!audiences || std::ranges::find(*audiences, rules_.audience) == audiences->end()) deny("the token is for another audience (aud)");
  }

  Identity identity_of(std::string_view claims) const {
    Identity identity{.name = wire::jwt::text_claim(claims, rules_.name_claim).value_or("")};
    if (identity.name.empty() || identity.anonymous()) deny("the token does not say who asks (" + rules_.name_claim + ")");
    for (const std::string& words : wire::jwt::list_claim(claims, rules_.permissions_claim).value_or(std::vector<std::string>())) {
      for (std::size_t at = 0; at < words.size();) {
        const std::size_t end = std::min(words.find(' ', at), words.size());
        if (end > at) permit(words.substr(at, end - at), identity.permissions);
        at = end + 1;
      }
    }
    return identity;
  }

  void permit(const std::string& word, std::vector<std::string>& permissions) const {
    if (rules_.permissions.empty()) return permissions.push_back(word);
    const auto found = rules_.permissions.find(word);
    if (found != rules_.permissions.end()) permissions.insert(permissions.end(), found->second.begin(), found->second.end());
  }

  JwtRules rules_;
  std::unique_ptr<KeySource> keys_;
  Clock& clock_;
  std::vector<Algorithm> allowed_;
};

// Over plain HTTP anybody on the way could put in a key: only this machine is believed without TLS.
bool is_trustworthy(std::string_view url) {
  if (url.starts_with("https://")) return true;
  for (const std::string_view local : {"http://127.0.0.1", "http://[::1]", "http://localhost"}) {
    if (url.starts_with(local) && (url.size() == local.size() || url[local.size()] == ':' || url[local.size()] == '/')) return true;
  }
  return false;
}

}  // namespace

std::unique_ptr<Authenticator> jwt_tokens(App& app, JwtRules rules) {
  if (rules.issuer.empty() || rules.audience.empty()) refuse("issuer and audience are needed: without them a token for any other service would be good here");
  if (rules.keys.empty()) refuse("keys is empty; give the path of a JWKS file or an https:// address");
  if (rules.algorithms.empty()) refuse("algorithms is empty; every token would be refused");
  std::unique_ptr<KeySource> keys;
  if (rules.keys.find("://") == std::string::npos) {
    keys = std::make_unique<KeyFile>(rules.keys, app.composition().host().environment().world().files(), app.clock(), app.log());
  } else if (is_trustworthy(rules.keys)) {
    keys = std::make_unique<KeyAddress>(rules, app.http_client(), app.clock(), app.log());
  } else {
    refuse("keys come from \"" + rules.keys + "\"; expected https:// (http:// from this machine only), or the path of a file");
  }
  return std::make_unique<JwtTokens>(std::move(rules), std::move(keys), app.clock());
}

}  // namespace tutti
