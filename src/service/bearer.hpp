// "Authorization: Bearer <token>" (RFC 6750 section 2.1).
#pragma once

#include <optional>
#include <string_view>

namespace tutti::detail {

// The token; nothing for another scheme or no header. The scheme is of any case (RFC 9110 section 11.1).
[[nodiscard]] std::optional<std::string_view> bearer_of(std::string_view authorization) noexcept;

}  // namespace tutti::detail
