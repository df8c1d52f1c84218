#include "broker/journal/sum.hpp"

#include <array>
#include <cstddef>
#include <cstring>

namespace tutti::broker::journal {
namespace {

constexpr std::uint32_t polynomial = 0x82F63B78;  // its bits in reverse
constexpr std::size_t stride = 8;                 // bytes that are looked up at once

using Tables = std::array<std::array<std::uint32_t, 256>, stride>;

constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t sum = byte;
    for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1) ^ ((sum & 1) != 0 ? polynomial : 0);
    tables[0][byte] = sum;
  }
  for (std::size_t i = 1; i < stride; ++i) {
    for (std::size_t byte = 0; byte < 256; ++byte)
      tables[i][byte] = (tables[i - 1][byte] >> 8) ^ tables[0][tables[i - 1][byte] & 0xFF];
  }
  return tables;
}
constexpr Tables tables = make_tables();

std::uint32_t add_byte(std::uint32_t sum, char byte) noexcept {
  return (sum >> 8) ^ tables[0][(sum ^ static_cast<unsigned char>(byte)) & 0xFF];
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t sum_by_instruction(std::string_view bytes) noexcept {
  std::uint64_t sum = 0xFFFF'FFFF;
  for (; bytes.size() >= sizeof(std::uint64_t); bytes.remove_prefix(sizeof(std::uint64_t))) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);
    sum = __builtin_ia32_crc32di(sum, word);
  }
  auto rest = static_cast<std::uint32_t>(sum);
  for (const char byte : bytes) rest = __builtin_ia32_crc32qi(rest, static_cast<unsigned char>(byte));
  return ~rest;
}
const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
#endif

}  // namespace

std::uint32_t sum_by_table(std::string_view bytes) noexcept {
  std::uint32_t sum = 0xFFFF'FFFF;
  for (; bytes.size() >= stride; bytes.remove_prefix(stride)) {
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < stride; ++i) {
      const auto byte = static_cast<unsigned char>(bytes[i]);
      const std::uint32_t mixed = i < sizeof sum ? byte ^ ((sum >> (8 * i)) & 0xFF) : byte;
      next ^= tables[stride - 1 - i][mixed];
    }
    sum = next;
  }
  for (const char byte : bytes) sum = add_byte(sum, byte);
  return ~sum;
}

std::uint32_t sum_of(std::string_view bytes) noexcept {
#if defined(__x86_64__)
  if (has_instruction) return sum_by_instruction(bytes);
#endif
  return sum_by_table(bytes);
}

}  // namespace tutti::broker::journal
