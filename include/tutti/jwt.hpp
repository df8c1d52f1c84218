// Who asks, told by a signed token of an identity provider (JWT, RFC 7519), sent as "Authorization: Bearer <token>".
//
//   app.authenticate(tutti::jwt_tokens(app, {.issuer = "https://login.example", .audience = "payments", .keys = "https://login.example/jwks.json"}));
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <tutti/app.hpp>

namespace tutti {

struct JwtRules {
  std::string issuer;    // `iss` must be this
  std::string audience;  // `aud` must be this, or a list with it: a token for another service is not for us
  std::string keys;      // a JWKS (RFC 7517): the path of a file, which is read again when it changes, or an https:// address
  // Of RS256, ES256, EdDSA and HS256. HS256 is off unless named: its secret can also make tokens.
  std::vector<std::string> algorithms = {"RS256", "ES256", "EdDSA"};
  std::string name_claim = "sub";  // becomes Identity::name
  // Becomes Identity::permissions: words with spaces between them, or a list; "realm_access.roles" is a member of a member.
  std::string permissions_claim = "scope";
  // What each of those words permits; empty: itself. Words that are not here permit nothing.
  std::map<std::string, std::vector<std::string>> permissions = {};
  std::chrono::seconds leeway = std::chrono::seconds(60);  // between the clocks, for `exp`, `nbf` and `iat`
  std::chrono::nanoseconds keys_kept = std::chrono::minutes(10);  // of an address; then they are fetched again
  std::chrono::nanoseconds fetch_pause = std::chrono::seconds(10);  // at least, between two fetches: an unknown key asks for one
};

// For one composition. A token that is wrong is answered `unauthenticated` with the reason; without an Authorization header, or with
// one that is not Bearer, this says nothing. While keys cannot be fetched those that are known hold on; without any it is
// `unavailable`. Throws tutti::Error(failed_precondition) for rules that cannot work and for a file that is not there or has no key.
[[nodiscard]] std::unique_ptr<Authenticator> jwt_tokens(App& app, JwtRules rules);

}  // namespace tutti
