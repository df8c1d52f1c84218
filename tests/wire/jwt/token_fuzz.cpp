// Tokens and sets of keys of strangers: read without a fault of ours, and a token's parts lie where they should.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "wire/jwt/keys.hpp"
#include "wire/jwt/token.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tutti::wire::jwt;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const Parsed parsed = parse_token(text); parsed.token) {
    if (!text.starts_with(parsed.token->signed_part)) std::abort();
    (void)text_claim(parsed.token->claims, "sub");
    (void)time_claim(parsed.token->claims, "exp");
    (void)list_claim(parsed.token->claims, "realm_access.roles");
  }
  const KeySet set = parse_keys(text);
  if (set.keys.empty() == set.fault.empty()) std::abort();
  return 0;
}
