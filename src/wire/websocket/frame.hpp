// Frames of RFC 6455 section 5: a head of 2 to 14 bytes, then the payload, which a client masks and a server does not.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::wire::websocket {

// Section 5.2; 3 to 7 and 11 to 15 are reserved.
enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

inline constexpr std::size_t control_bytes_max = 125;  // of a close, ping or pong, section 5.5

// Section 7.4.1 and the registry behind it.
namespace close_code {
inline constexpr std::uint16_t normal = 1000;
inline constexpr std::uint16_t going_away = 1001;
inline constexpr std::uint16_t protocol_error = 1002;
inline constexpr std::uint16_t unsupported_data = 1003;
inline constexpr std::uint16_t none = 1005;      // never sent: the other side gave no code
inline constexpr std::uint16_t abnormal = 1006;  // never sent: the connection broke
inline constexpr std::uint16_t invalid_data = 1007;
inline constexpr std::uint16_t policy_violation = 1008;
inline constexpr std::uint16_t too_big = 1009;
inline constexpr std::uint16_t internal_error = 1011;
inline constexpr std::uint16_t try_again_later = 1013;
}  // namespace close_code

// Whether a peer may send it: the registered ones that are not reserved, and 3000 to 4999.
[[nodiscard]] bool may_be_sent(std::uint16_t code) noexcept;

using MaskKey = std::array<std::uint8_t, 4>;

struct FrameRules {
  Opcode opcode = Opcode::text;
  bool last = true;                  // of its message
  bool compressed = false;           // RSV1: on the first frame of a compressed message (RFC 7692 section 6)
  std::optional<MaskKey> mask = {};  // what a client must set
};
// Head and payload.
void append_frame(std::string& out, const FrameRules& rules, std::string_view payload);

// A frame of its own. The code none() gives an empty one; a reason that is too long is cut between two characters.
void append_close(std::string& out, std::uint16_t code, std::string_view reason,
                  const std::optional<MaskKey>& mask = {});

// Masks, and unmasks: the same. `position` is that of the first byte in the frame's payload. `to` may be `from`.
void apply_mask(char* to, const char* from, std::size_t size, const MaskKey& key, std::uint64_t position) noexcept;

}  // namespace tutti::wire::websocket
