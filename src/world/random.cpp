// What every source of randomness gives beyond its 64 bits: ranges without bias, fractions, identifiers.
#include <tutti/random.hpp>

#include <cstring>

namespace tutti {

void Random::fill(std::span<std::byte> out) {
  while (!out.empty()) {
    const std::uint64_t word = next();
    const std::size_t bytes = out.size() < sizeof word ? out.size() : sizeof word;
    std::memcpy(out.data(), &word, bytes);
    out = out.subspan(bytes);
  }
}

std::uint64_t Random::below(std::uint64_t bound) {
  __extension__ using Wide = unsigned __int128;
  // The upper half of a 64 x 64 bit product is in range; products whose lower half falls into the remainder of 2^64
  // by `bound` are drawn again, so that every value has equally many (Lemire, "Fast Random Integer Generation in an
  // Interval", 2019).
  const std::uint64_t remainder = (0 - bound) % bound;
  while (true) {
    const Wide product = Wide{next()} * bound;
    if (static_cast<std::uint64_t>(product) >= remainder) return static_cast<std::uint64_t>(product >> 64);
  }
}

double Random::unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

std::string Random::id() {
  static constexpr char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
  const std::uint64_t high = next();
  const std::uint64_t low = next();
  // 26 characters of 5 bits hold 130: the first one carries only the uppermost 3 of the 128.
  std::string text(26, '0');
  for (int i = 0; i < 26; ++i) {
    const int shift = 125 - 5 * i;
    std::uint64_t bits = 0;
    if (shift >= 64) {
      bits = high >> (shift - 64);
    } else if (shift > 59) {
      bits = (high << (64 - shift)) | (low >> shift);
    } else {
      bits = low >> shift;
    }
    text[static_cast<std::size_t>(i)] = alphabet[bits & 31];
  }
  return text;
}

}  // namespace tutti
