// Base64 of RFC 4648 section 4, strictly: padded, without line breaks, unused bits zero, so that each sequence of
// bytes has exactly one text.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace tutti::message {

[[nodiscard]] constexpr std::size_t base64_size(std::size_t bytes) noexcept { return (bytes + 2) / 3 * 4; }
// Writes base64_size(bytes.size()) characters at `at`; returns the end.
char* write_base64(char* at, std::span<const std::byte> bytes) noexcept;
// False, with `bytes` in any state, for text that is not strict base64.
[[nodiscard]] bool read_base64(std::string_view text, std::vector<std::byte>& bytes);

}  // namespace tutti::message
