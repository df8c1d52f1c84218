// Raw bytes in a message: base64 in JSON (RFC 4648 section 4, padded), bin in MessagePack.
#pragma once

#include <cstddef>
#include <vector>

namespace tutti {

using Bytes = std::vector<std::byte>;

}  // namespace tutti
