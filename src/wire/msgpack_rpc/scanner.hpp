// MessagePack has no length in front of a message, so the end is found by walking over it. The scanner does that
// once, however the message arrives: it remembers how far it is and skips texts and binaries by their lengths, so a
// large message that comes in many pieces is not walked again for each of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "wire/msgpack_rpc/pack.hpp"

namespace tutti::wire::msgpack_rpc {

struct ScanLimits {
  std::size_t message_bytes_max = 4 * 1024 * 1024;
};

class MessageScanner {
 public:
  enum class State : std::uint8_t { need_more, complete, refused };

  explicit MessageScanner(const ScanLimits& limits = {}) : limits_(limits) {}

  // `data` from the message's first byte on; again with the same bytes and more behind them. After `complete` the
  // message is the first bytes() of it, and the scanner stands at the next one after clear().
  [[nodiscard]] State scan(std::string_view data) noexcept;
  [[nodiscard]] std::size_t bytes() const noexcept { return at_; }
  // The stream cannot be followed any further: close the connection.
  [[nodiscard]] std::string_view fault() const noexcept { return fault_; }
  void clear() noexcept;

 private:
  State refuse(std::string_view fault) noexcept;

  ScanLimits limits_;
  std::array<std::uint64_t, Cursor::depth_max> left_;  // elements to come, by depth
  std::size_t depth_ = 0;
  std::size_t at_ = 0;  // walked so far; may be ahead of what has arrived
  bool complete_ = false;
  std::string_view fault_;
};

}  // namespace tutti::wire::msgpack_rpc
