// Small files as a whole: read with a limit, and replaced so that a reader finds the old text or the new one.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace tutti::fleet {

inline constexpr std::size_t file_bytes_max = std::size_t{1} << 20;

// Throws Refusal that names the file; `place` (empty: none) is where it was asked for.
[[nodiscard]] std::string whole_text(const std::filesystem::path& file, const std::string& place);
// Empty, or why the file is still the one before: "compose.yaml: No space left on device".
[[nodiscard]] std::string replace_whole(const std::filesystem::path& file, std::string_view text);

}  // namespace tutti::fleet
