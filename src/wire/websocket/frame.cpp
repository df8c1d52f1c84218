#include "wire/websocket/frame.hpp"

#include <bit>
#include <cstring>

#include "message/swar.hpp"

namespace tutti::wire::websocket {

bool may_be_sent(std::uint16_t code) noexcept {
  if (code >= 3000) return code <= 4999;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

void append_frame(std::string& out, const FrameRules& rules, std::string_view payload) {
  std::array<char, 14> head;
  std::size_t size = 0;
  const auto put = [&](std::uint64_t byte) { head[size++] = static_cast<char>(byte); };
  put((rules.last ? 0x80u : 0u) | (rules.compressed ? 0x40u : 0u) | static_cast<unsigned>(rules.opcode));
  const std::uint64_t masked = rules.mask ? 0x80u : 0u;
  int length_bytes = 0;
  if (payload.size() < 126) {
    put(masked | payload.size());
  } else if (payload.size() <= 0xffff) {
    put(masked | 126u);
    length_bytes = 2;
  } else {
    put(masked | 127u);
    length_bytes = 8;
  }
  for (int shift = 8 * (length_bytes - 1); shift >= 0; shift -= 8) put(payload.size() >> shift & 0xff);
  if (rules.mask) {
    for (const std::uint8_t byte : *rules.mask) put(byte);
  }
  out.reserve(out.size() + size + payload.size());
  out.append(head.data(), size);
  out.append(payload);
  if (rules.mask) {
    char* const begin = out.data() + out.size() - payload.size();
    apply_mask(begin, begin, payload.size(), *rules.mask, 0);
  }
}

void append_close(std::string& out, std::uint16_t code, std::string_view reason, const std::optional<MaskKey>& mask) {
  std::string payload;
  if (code != close_code::none) {
    payload = {static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
    if (reason.size() > control_bytes_max - 2) {
      reason = reason.substr(0, control_bytes_max - 1);
      do {
        reason.remove_suffix(1);  // the byte behind the cut, which must not continue a character
      } while (!reason.empty() && (static_cast<unsigned char>(*(reason.data() + reason.size())) & 0xC0) == 0x80);
    }
    payload.append(reason);
  }
  append_frame(out, {.opcode = Opcode::close, .mask = mask}, payload);
}

void apply_mask(char* to, const char* from, std::size_t size, const MaskKey& key, std::uint64_t position) noexcept {
  std::uint32_t word;
  std::memcpy(&word, key.data(), sizeof word);
  word = std::rotr(word, static_cast<int>(8 * (position & 3)));
  const std::uint64_t twice = word | std::uint64_t{word} << 32;
  std::size_t at = 0;
  for (; at + 8 <= size; at += 8) {
    const std::uint64_t masked = message::swar::load(from + at) ^ twice;
    std::memcpy(to + at, &masked, sizeof masked);
  }
  for (; at < size; ++at) to[at] = static_cast<char>(from[at] ^ static_cast<char>(twice >> (8 * (at & 7)) & 0xff));
}

}  // namespace tutti::wire::websocket
