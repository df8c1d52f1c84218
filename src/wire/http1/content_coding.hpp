// Content codings (RFC 9110 sections 8.4 and 12.5.3): whether a client takes gzip, whether it is worth it, and gzip
// itself (RFC 1952, by zlib).
#pragma once

#include <string>
#include <string_view>

namespace tutti::wire::http1 {

// Whether the value of Accept-Encoding takes gzip at least as gladly as the plain bytes. An empty value takes none.
[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding) noexcept;

// Text in the widest sense: JSON, JavaScript, XML, SVG, fonts and programs that are not compressed by themselves.
// Pictures, films and archives are not.
[[nodiscard]] bool is_compressible(std::string_view content_type) noexcept;

// Throws std::bad_alloc.
[[nodiscard]] std::string gzip(std::string_view bytes);

}  // namespace tutti::wire::http1
