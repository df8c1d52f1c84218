// Media types ("text/html; charset=utf-8") and the choice among those that a client accepts with weights, RFC 9110
// sections 8.3 and 12.5.1.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tutti::wire::http1 {

// Views into the field's value. Compare with is(), which ignores case.
struct MediaType {
  std::string_view type;
  std::string_view subtype;
  std::string_view parameters;  // behind the first ';'

  [[nodiscard]] bool is(std::string_view full) const noexcept;  // "application/json"
  // Without quotes and escapes; nothing if it is not there.
  [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const;
};
[[nodiscard]] std::optional<MediaType> parse_media_type(std::string_view text) noexcept;
// application/json and everything that ends in "+json".
[[nodiscard]] bool is_json(const MediaType& media) noexcept;

// A weight (RFC 9110 section 12.4.2), "0.5", in thousandths; -1 if it is malformed.
[[nodiscard]] int weight_of(std::string_view text) noexcept;

// The index of what the client likes best among `offered` (the first of equals; an empty Accept takes the first);
// nothing: 406. A member that is malformed counts for nothing.
[[nodiscard]] std::optional<std::size_t> preferred(std::string_view accept,
                                                   std::span<const std::string_view> offered) noexcept;

// A value as in parameters and in Forwarded: a token, or a quoted string, whose quotes and escapes are taken off.
[[nodiscard]] std::optional<std::string> unquoted(std::string_view value);

}  // namespace tutti::wire::http1
