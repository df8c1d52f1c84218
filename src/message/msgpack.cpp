// The two tools of msgpack.hpp: the appending writer and the cursor. Numbers on this wire are big-endian.
#include "message/msgpack.hpp"

#include <bit>
#include <concepts>
#include <cstring>
#include <limits>

namespace tutti::message {

namespace {

// "Timestamp extension type" of the specification: seconds in 32 bits, nanoseconds and seconds in 64, or in 96.
constexpr std::int8_t timestamp_type = -1;
constexpr std::int64_t second = 1'000'000'000;

template <std::unsigned_integral T>
char* put(char* at, T number) noexcept {
  for (int shift = (static_cast<int>(sizeof(T)) - 1) * 8; shift >= 0; shift -= 8) {
    *at++ = static_cast<char>(static_cast<std::uint64_t>(number) >> shift);
  }
  return at;
}

template <std::unsigned_integral T>
T get(const char* at) noexcept {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) number = number << 8 | static_cast<unsigned char>(at[i]);
  return static_cast<T>(number);
}

template <std::unsigned_integral T>
void append(Buffer& out, unsigned char first, T number) {
  char* at = out.ensure(1 + sizeof(T));
  *at++ = static_cast<char>(first);
  out.set_end(put(at, number));
}

void append_sized(Buffer& out, std::size_t size, unsigned char of8, unsigned char of16, unsigned char of32) {
  if (size <= 0xFF && of8 != 0) {
    append(out, of8, static_cast<std::uint8_t>(size));
  } else if (size <= 0xFFFF) {
    append(out, of16, static_cast<std::uint16_t>(size));
  } else {
    append(out, of32, static_cast<std::uint32_t>(size));
  }
}

}  // namespace

void MsgpackOut::nil() { out_.append('\xC0'); }

void MsgpackOut::boolean(bool value) { out_.append(value ? '\xC3' : '\xC2'); }

void MsgpackOut::integer(std::int64_t value) {
  if (value >= 0) {
    unsigned_integer(static_cast<std::uint64_t>(value));
  } else if (value >= -32) {
    out_.append(static_cast<char>(value));
  } else if (value >= std::numeric_limits<std::int8_t>::min()) {
    append(out_, 0xD0, static_cast<std::uint8_t>(value));
  } else if (value >= std::numeric_limits<std::int16_t>::min()) {
    append(out_, 0xD1, static_cast<std::uint16_t>(value));
  } else if (value >= std::numeric_limits<std::int32_t>::min()) {
    append(out_, 0xD2, static_cast<std::uint32_t>(value));
  } else {
    append(out_, 0xD3, static_cast<std::uint64_t>(value));
  }
}

void MsgpackOut::unsigned_integer(std::uint64_t value) {
  if (value < 0x80) {
    out_.append(static_cast<char>(value));
  } else if (value <= 0xFF) {
    append(out_, 0xCC, static_cast<std::uint8_t>(value));
  } else if (value <= 0xFFFF) {
    append(out_, 0xCD, static_cast<std::uint16_t>(value));
  } else if (value <= 0xFFFFFFFF) {
    append(out_, 0xCE, static_cast<std::uint32_t>(value));
  } else {
    append(out_, 0xCF, value);
  }
}

void MsgpackOut::float32(float value) { append(out_, 0xCA, std::bit_cast<std::uint32_t>(value)); }

void MsgpackOut::float64(double value) { append(out_, 0xCB, std::bit_cast<std::uint64_t>(value)); }

void MsgpackOut::text(std::string_view value) {
  if (value.size() < 32) {
    out_.append(static_cast<char>(0xA0 | value.size()));
  } else {
    append_sized(out_, value.size(), 0xD9, 0xDA, 0xDB);
  }
  out_.append(value);
}

void MsgpackOut::binary(std::string_view value) {
  append_sized(out_, value.size(), 0xC4, 0xC5, 0xC6);
  out_.append(value);
}

void MsgpackOut::array(std::size_t count) {
  if (count < 16) {
    out_.append(static_cast<char>(0x90 | count));
  } else {
    append_sized(out_, count, 0, 0xDC, 0xDD);
  }
}

void MsgpackOut::map(std::size_t count) {
  if (count < 16) {
    out_.append(static_cast<char>(0x80 | count));
  } else {
    append_sized(out_, count, 0, 0xDE, 0xDF);
  }
}

void MsgpackOut::timestamp(std::int64_t nanoseconds) {
  std::int64_t seconds = nanoseconds / second;
  std::int64_t fraction = nanoseconds % second;
  if (fraction < 0) {
    fraction += second;
    --seconds;
  }
  char bytes[12];
  const char* end = bytes;
  if (seconds >= 0 && seconds >> 34 == 0) {
    const std::uint64_t both = static_cast<std::uint64_t>(fraction) << 34 | static_cast<std::uint64_t>(seconds);
    end = both <= 0xFFFFFFFF ? put(bytes, static_cast<std::uint32_t>(both)) : put(bytes, both);
  } else {
    end = put(put(bytes, static_cast<std::uint32_t>(fraction)), static_cast<std::uint64_t>(seconds));
  }
  extension(timestamp_type, {bytes, static_cast<std::size_t>(end - bytes)});
}

void MsgpackOut::extension(std::int8_t type, std::string_view value) {
  if (std::has_single_bit(value.size()) && value.size() <= 16) {
    out_.append(static_cast<char>(0xD4 + std::countr_zero(value.size())));
  } else {
    append_sized(out_, value.size(), 0xC7, 0xC8, 0xC9);
  }
  out_.append(static_cast<char>(type));
  out_.append(value);
}

namespace {

constexpr MsgpackCursor::Type type_of(unsigned first) {
  using Type = MsgpackCursor::Type;
  if (first < 0x80 || first >= 0xE0 || (first >= 0xCC && first <= 0xD3)) return Type::integer;
  if (first < 0x90) return Type::map;
  if (first < 0xA0) return Type::array;
  if (first < 0xC0) return Type::text;
  switch (first) {
    case 0xC0:
      return Type::nil;
    case 0xC2:
    case 0xC3:
      return Type::boolean;
    case 0xC4:
    case 0xC5:
    case 0xC6:
      return Type::binary;
    case 0xCA:
      return Type::float32;
    case 0xCB:
      return Type::float64;
    case 0xD9:
    case 0xDA:
    case 0xDB:
      return Type::text;
    case 0xDC:
    case 0xDD:
      return Type::array;
    case 0xDE:
    case 0xDF:
      return Type::map;
    case 0xC1:
      return Type::none;
    default:
      return Type::extension;
  }
}

}  // namespace

constexpr std::array<MsgpackCursor::Type, 256> MsgpackCursor::type_by_first_byte = [] {
  std::array<Type, 256> types{};
  for (unsigned first = 0; first < types.size(); ++first) types[first] = type_of(first);
  return types;
}();

bool MsgpackCursor::nil() noexcept {
  if (peek() != Type::nil) return refuse(done() ? Failure::truncated : Failure::other_type);
  ++at_;
  return true;
}

bool MsgpackCursor::boolean(bool& value) noexcept {
  if (peek() != Type::boolean) return refuse(done() ? Failure::truncated : Failure::other_type);
  value = *at_++ == '\xC3';
  return true;
}

bool MsgpackCursor::long_integer(std::int64_t& value) noexcept {
  if (peek() != Type::integer) return refuse(done() ? Failure::truncated : Failure::other_type);
  const auto first = static_cast<unsigned char>(*at_);
  const std::size_t size = std::size_t{1} << (first & 3);  // cc cd ce cf, d0 d1 d2 d3
  if (left() < 1 + size) return refuse(Failure::truncated);
  const char* const from = at_ + 1;
  switch (first) {
    case 0xD0:
      value = static_cast<std::int8_t>(*from);
      break;
    case 0xD1:
      value = static_cast<std::int16_t>(get<std::uint16_t>(from));
      break;
    case 0xD2:
      value = static_cast<std::int32_t>(get<std::uint32_t>(from));
      break;
    case 0xD3:
      value = static_cast<std::int64_t>(get<std::uint64_t>(from));
      break;
    default: {
      std::uint64_t number = 0;
      if (!unsigned_integer(number)) return false;
      if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        at_ = from - 1;
        return refuse(Failure::other_type);
      }
      value = static_cast<std::int64_t>(number);
      return true;
    }
  }
  at_ += 1 + size;
  return true;
}

bool MsgpackCursor::unsigned_integer(std::uint64_t& value) noexcept {
  if (peek() != Type::integer) return refuse(done() ? Failure::truncated : Failure::other_type);
  const auto first = static_cast<unsigned char>(*at_);
  std::size_t size = 0;
  switch (first) {
    case 0xCC:
    case 0xCD:
    case 0xCE:
    case 0xCF:
      size = std::size_t{1} << (first & 3);
      if (left() < 1 + size) return refuse(Failure::truncated);
      value = size == 1   ? get<std::uint8_t>(at_ + 1)
              : size == 2 ? get<std::uint16_t>(at_ + 1)
              : size == 4 ? get<std::uint32_t>(at_ + 1)
                          : get<std::uint64_t>(at_ + 1);
      at_ += 1 + size;
      return true;
    default: {
      const char* const start = at_;
      std::int64_t number = 0;
      if (!integer(number)) return false;
      if (number < 0) {
        at_ = start;
        return refuse(Failure::other_type);
      }
      value = static_cast<std::uint64_t>(number);
      return true;
    }
  }
}

bool MsgpackCursor::number(double& value) noexcept {
  const Type type = peek();
  if (type == Type::float32) {
    if (left() < 5) return refuse(Failure::truncated);
    value = static_cast<double>(std::bit_cast<float>(get<std::uint32_t>(at_ + 1)));
    at_ += 5;
    return true;
  }
  if (type != Type::float64) return refuse(done() ? Failure::truncated : Failure::other_type);
  if (left() < 9) return refuse(Failure::truncated);
  value = std::bit_cast<double>(get<std::uint64_t>(at_ + 1));
  at_ += 9;
  return true;
}

bool MsgpackCursor::long_text(std::string_view& value) noexcept {
  if (peek() != Type::text) return refuse(done() ? Failure::truncated : Failure::other_type);
  const auto first = static_cast<unsigned char>(*at_);
  const std::size_t width = std::size_t{1} << (first - 0xD9);
  if (left() < 1 + width) return refuse(Failure::truncated);
  const std::size_t size = width == 1   ? get<std::uint8_t>(at_ + 1)
                           : width == 2 ? get<std::uint16_t>(at_ + 1)
                                        : get<std::uint32_t>(at_ + 1);
  return take_sized(1 + width, size, value);
}

bool MsgpackCursor::binary(std::string_view& value) noexcept {
  if (peek() != Type::binary) return refuse(done() ? Failure::truncated : Failure::other_type);
  const std::size_t width = std::size_t{1} << (static_cast<unsigned char>(*at_) - 0xC4);
  if (left() < 1 + width) return refuse(Failure::truncated);
  const std::size_t size = width == 1   ? get<std::uint8_t>(at_ + 1)
                           : width == 2 ? get<std::uint16_t>(at_ + 1)
                                        : get<std::uint32_t>(at_ + 1);
  return take_sized(1 + width, size, value);
}

bool MsgpackCursor::array(std::uint32_t& count) noexcept {
  if (peek() != Type::array) return refuse(done() ? Failure::truncated : Failure::other_type);
  const auto first = static_cast<unsigned char>(*at_);
  const std::size_t width = first < 0xA0 ? 0 : first == 0xDC ? 2 : 4;
  if (left() < 1 + width) return refuse(Failure::truncated);
  count = width == 0 ? first & 15U : width == 2 ? get<std::uint16_t>(at_ + 1) : get<std::uint32_t>(at_ + 1);
  at_ += 1 + width;
  return true;
}

bool MsgpackCursor::map(std::uint32_t& count) noexcept {
  if (peek() != Type::map) return refuse(done() ? Failure::truncated : Failure::other_type);
  const auto first = static_cast<unsigned char>(*at_);
  const std::size_t width = first < 0x90 ? 0 : first == 0xDE ? 2 : 4;
  if (left() < 1 + width) return refuse(Failure::truncated);
  count = width == 0 ? first & 15U : width == 2 ? get<std::uint16_t>(at_ + 1) : get<std::uint32_t>(at_ + 1);
  at_ += 1 + width;
  return true;
}

bool MsgpackCursor::extension(std::int8_t& type, std::string_view& value) noexcept {
  if (peek() != Type::extension) return refuse(done() ? Failure::truncated : Failure::other_type);
  const auto first = static_cast<unsigned char>(*at_);
  std::size_t width = 0;
  std::size_t size = 0;
  if (first >= 0xD4) {
    size = std::size_t{1} << (first - 0xD4);
  } else {
    width = std::size_t{1} << (first - 0xC7);
    if (left() < 1 + width) return refuse(Failure::truncated);
    size = width == 1   ? get<std::uint8_t>(at_ + 1)
           : width == 2 ? get<std::uint16_t>(at_ + 1)
                        : get<std::uint32_t>(at_ + 1);
  }
  const char* const start = at_;
  if (!take_sized(2 + width, size, value)) return false;
  type = static_cast<std::int8_t>(start[1 + width]);
  return true;
}

bool MsgpackCursor::timestamp(std::int64_t& nanoseconds) noexcept {
  const char* const start = at_;
  std::int8_t type = 0;
  std::string_view value;
  if (!extension(type, value)) return false;
  std::int64_t seconds = 0;
  std::int64_t fraction = -1;
  if (type == timestamp_type && value.size() == 4) {
    seconds = get<std::uint32_t>(value.data());
    fraction = 0;
  } else if (type == timestamp_type && value.size() == 8) {
    const auto both = get<std::uint64_t>(value.data());
    seconds = static_cast<std::int64_t>(both & 0x3FFFFFFFF);
    fraction = static_cast<std::int64_t>(both >> 34);
  } else if (type == timestamp_type && value.size() == 12) {
    fraction = get<std::uint32_t>(value.data());
    seconds = static_cast<std::int64_t>(get<std::uint64_t>(value.data() + 4));
  }
  bool fits = fraction >= 0 && fraction < second;
  if (fits && seconds < 0 && fraction > 0) {
    ++seconds;
    fraction -= second;
  }
  if (!fits || __builtin_mul_overflow(seconds, second, &nanoseconds) ||
      __builtin_add_overflow(nanoseconds, fraction, &nanoseconds)) {
    at_ = start;
    return refuse(Failure::other_type);
  }
  return true;
}

bool MsgpackCursor::skip(std::size_t depth_max) noexcept {
  const char* const start = at_;
  std::uint64_t open[depth_limit];  // values still to come, by level
  std::size_t depth = 0;
  if (depth_max > depth_limit) depth_max = depth_limit;
  const auto fail = [this, start](Failure failure) {
    at_ = start;
    return refuse(failure);
  };
  while (true) {
    std::uint64_t inside = 0;
    std::uint32_t count = 0;
    std::string_view ignored;
    bool taken = false;
    bool container = false;
    switch (peek()) {
      case Type::nil:
        taken = nil();
        break;
      case Type::boolean: {
        bool value = false;
        taken = boolean(value);
        break;
      }
      case Type::integer: {
        // A width is all that matters here; uint64 fits no int64.
        const auto first = static_cast<unsigned char>(*at_);
        const std::size_t size = first < 0x80 || first >= 0xE0 ? 0 : std::size_t{1} << (first & 3);
        taken = take_sized(1 + size, 0, ignored);
        break;
      }
      case Type::float32:
      case Type::float64: {
        double value = 0;
        taken = number(value);
        break;
      }
      case Type::text:
        taken = text(ignored);
        break;
      case Type::binary:
        taken = binary(ignored);
        break;
      case Type::extension: {
        std::int8_t type = 0;
        taken = extension(type, ignored);
        break;
      }
      case Type::array:
        taken = array(count);
        container = true;
        inside = count;
        break;
      case Type::map:
        taken = map(count);
        container = true;
        inside = std::uint64_t{count} * 2;
        break;
      case Type::none:
        return fail(done() ? Failure::truncated : Failure::other_type);
    }
    if (!taken) return fail(failure_);
    if (container) {
      if (depth == depth_max) return fail(Failure::too_deep);
      if (inside > left()) return fail(Failure::truncated);  // each value has a byte at least
      open[depth++] = inside;
    }
    while (depth > 0 && open[depth - 1] == 0) --depth;
    if (depth == 0) return true;
    --open[depth - 1];
  }
}

bool MsgpackCursor::raw(std::string_view& value, std::size_t depth_max) noexcept {
  const char* const start = at_;
  if (!skip(depth_max)) return false;
  value = {start, static_cast<std::size_t>(at_ - start)};
  return true;
}

}  // namespace tutti::message
