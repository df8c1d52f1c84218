// See json_reader.hpp. Two kinds of trouble: a value that does not fit the shape is complained about, passed over, and
// reading goes on, so that one answer names all that is wrong; text that is not JSON ends the reading at once (the
// functions that return bool return false then). Functions that recurse keep their frames small: they run on fibers.
#include "message/json_reader.hpp"

#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <string>

#include "message/base64.hpp"
#include "message/record_codec.hpp"
#include "message/report.hpp"
#include "message/scalar.hpp"
#include "message/swar.hpp"
#include "message/time_text.hpp"
#include "message/utf8.hpp"

namespace tutti::message {

namespace {

using detail::Kind;
using detail::Shape;

constexpr std::string_view tag_key = "type";

constexpr double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

// A string as it stands between its quotes.
struct Text {
  std::string_view raw;
  bool escaped = false;
  bool ascii = true;
};

struct Number {
  std::string_view raw;
  std::uint64_t digits = 0;  // the value without sign, point and exponent, if fits
  bool fits = true;          // digits holds all of them
  bool negative = false;
  bool whole = true;          // neither point nor exponent
  std::int32_t exponent = 0;  // of ten, as digits is to be scaled; saturates
};

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// The two loops that every byte goes through have their own pointers: members would be stored for each byte.

// Behind the plain characters of a string: at a quote, a backslash, a control character or the end. `seen` collects
// bits.
const char* skip_plain(const char* at, const char* end, std::uint64_t& seen) noexcept {
  std::uint64_t bits = seen;
  while (end - at >= 8) {
    const std::uint64_t word = swar::load(at);
    const std::uint64_t special = swar::json_special(word);
    if (special != 0) {
      const std::size_t plain = swar::first(special);
      if (plain != 0) bits |= word << (8 * (8 - plain));
      seen = bits;
      return at + plain;
    }
    bits |= word;
    at += 8;
  }
  for (; at != end; ++at) {
    const auto c = static_cast<unsigned char>(*at);
    if (c == '"' || c == '\\' || c < 0x20) break;
    bits |= c;
  }
  seen = bits;
  return at;
}

const char* take_digits(const char* at, const char* end, std::uint64_t& digits) noexcept {
  std::uint64_t number = digits;
  for (; at != end && is_digit(*at); ++at) number = number * 10 + static_cast<std::uint64_t>(*at - '0');
  digits = number;
  return at;
}

int hex_digit(char c) noexcept {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Four hex digits at `at`; the escapes were checked before.
char32_t code_unit(const char* at) noexcept {
  return static_cast<char32_t>(hex_digit(at[0]) << 12 | hex_digit(at[1]) << 8 | hex_digit(at[2]) << 4 |
                               hex_digit(at[3]));
}

bool is_high_surrogate(char32_t unit) noexcept { return unit >= 0xD800 && unit < 0xDC00; }
bool is_low_surrogate(char32_t unit) noexcept { return unit >= 0xDC00 && unit < 0xE000; }

// Appends the text with its escapes resolved; false for half a surrogate pair, which no UTF-8 can hold.
bool append_unescaped(std::string& out, std::string_view raw) {
  const char* at = raw.data();
  const char* const end = at + raw.size();
  while (at != end) {
    const auto* const slash = static_cast<const char*>(std::memchr(at, '\\', static_cast<std::size_t>(end - at)));
    if (slash == nullptr) {
      out.append(at, end);
      return true;
    }
    out.append(at, slash);
    at = slash + 2;
    switch (slash[1]) {
      case 'n':
        out += '\n';
        break;
      case 't':
        out += '\t';
        break;
      case 'r':
        out += '\r';
        break;
      case 'b':
        out += '\b';
        break;
      case 'f':
        out += '\f';
        break;
      case 'u': {
        char32_t unit = code_unit(at);
        at += 4;
        if (is_low_surrogate(unit)) return false;
        if (is_high_surrogate(unit)) {
          if (end - at < 6 || at[0] != '\\' || at[1] != 'u') return false;
          const char32_t low = code_unit(at + 2);
          if (!is_low_surrogate(low)) return false;
          unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
          at += 6;
        }
        char bytes[4];
        out.append(bytes, write_utf8(bytes, unit));
        break;
      }
      default:
        out += slash[1];
    }
  }
  return true;
}

class Reader {
 public:
  Reader(std::string_view text, const ReadRules& rules, Violations& violations)
      : at_(text.data()), end_(text.data() + text.size()), begin_(text.data()), rules_(rules), report_(violations) {}

  void document(const Shape* shape, void* value, const Place& place) {
    skip_space();
    if (at_ == end_) {
      if (shape != nullptr) {
        report_.add(place, *shape, "nothing");
      } else {
        report_.add(place, "valid JSON", "nothing");
      }
      return;
    }
    if (!(shape != nullptr ? read(*shape, value, place) : pass(place))) return;
    skip_space();
    if (at_ != end_) malformed(place, "after the document's end");
  }

 private:
  void skip_space() noexcept {
    // One comparison where there is none, which is the rule between programs.
    if (at_ != end_ && static_cast<unsigned char>(*at_) <= ' ') skip_spaces();
  }
  [[gnu::noinline]] void skip_spaces() noexcept {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  bool take_key(const swar::Pattern& key) noexcept {
    if (!key.starts(at_, static_cast<std::size_t>(end_ - at_))) return false;
    at_ += key.size();
    return true;
  }
  [[nodiscard]] bool ahead(char c) const noexcept { return at_ != end_ && *at_ == c; }
  bool take(char c) noexcept {
    if (!ahead(c)) return false;
    ++at_;
    return true;
  }

  [[gnu::noinline]] bool malformed(const Place& place, std::string_view where) {
    std::string found =
        at_ == end_ ? "the end of the text" : quoted(std::string_view(at_, end_ - at_ < 12 ? end_ - at_ : 12));
    found += " at byte " + std::to_string(at_ - begin_) + ' ';
    found += where;
    report_.add(place, "valid JSON", found);
    return false;
  }

  bool enter(const Place& place) {
    const std::size_t limit = rules_.depth_max < depth_limit ? rules_.depth_max : depth_limit;
    if (++depth_ <= limit) return true;
    report_.add(place, "at most " + std::to_string(limit) + " levels of objects and lists", "more");
    return false;
  }

  // Scans ----------------------------------------------------------------------------------------------------------

  // From the opening quote to behind the closing one. Escapes and control characters are checked, UTF-8 is not.
  [[gnu::always_inline]] bool scan_text(Text& text, const Place& place) {
    const char* const start = ++at_;
    std::uint64_t seen = 0;
    while (true) {
      at_ = skip_plain(at_, end_, seen);
      if (at_ == end_) return malformed(place, "inside a string");
      const char c = *at_;
      if (c == '"') {
        text.raw = {start, static_cast<std::size_t>(at_ - start)};
        text.ascii = (seen & swar::high_bits) == 0;
        ++at_;
        return true;
      }
      if (c == '\\') {
        text.escaped = true;
        if (!scan_escape(place)) return false;
      } else {
        return malformed(place, "inside a string, where control characters must be escaped");
      }
    }
  }

  bool scan_escape(const Place& place) {
    if (end_ - at_ < 2) return malformed(place, "inside a string");
    switch (at_[1]) {
      case '"':
      case '\\':
      case '/':
      case 'b':
      case 'f':
      case 'n':
      case 'r':
      case 't':
        at_ += 2;
        return true;
      case 'u':
        if (end_ - at_ >= 6 && hex_digit(at_[2]) >= 0 && hex_digit(at_[3]) >= 0 && hex_digit(at_[4]) >= 0 &&
            hex_digit(at_[5]) >= 0) {
          at_ += 6;
          return true;
        }
        break;
      default:
        break;
    }
    return malformed(place, "where an escape should be");
  }

  // Inlined where a number is wanted: then it never is in memory.
  [[gnu::always_inline]] bool scan_number(Number& number, const Place& place) {
    const char* const start = at_;
    number.negative = take('-');
    if (at_ == end_ || !is_digit(*at_)) return malformed(place, "where a value should be");
    const char* const first = at_;
    std::uint64_t digits = 0;
    if (*at_ == '0') {
      ++at_;
    } else {
      at_ = take_digits(at_, end_, digits);
    }
    std::ptrdiff_t count = at_ - first;
    if (at_ != end_ && is_digit(*at_)) return malformed(place, "where a number has a zero in front");
    if (take('.')) {
      number.whole = false;
      const char* const point = at_;
      at_ = take_digits(at_, end_, digits);
      if (at_ == point) return malformed(place, "where a digit should be");
      count += at_ - point;
      number.exponent = static_cast<std::int32_t>(point - at_);
    }
    if (at_ != end_ && (*at_ | 0x20) == 'e') {
      number.whole = false;
      std::int32_t exponent = 0;
      if (!scan_exponent(exponent, place)) return false;
      number.exponent += exponent;
    }
    number.raw = {start, static_cast<std::size_t>(at_ - start)};
    number.digits = digits;
    if (count > 19) {
      const auto again = counted_again({first, static_cast<std::size_t>(at_ - first)});
      number.fits = again.has_value();
      number.digits = again.value_or(0);
    }
    return true;
  }

  [[gnu::noinline]] bool scan_exponent(std::int32_t& result, const Place& place) {
    ++at_;
    const bool down = ahead('-');
    if (down || ahead('+')) ++at_;
    if (at_ == end_ || !is_digit(*at_)) return malformed(place, "where a digit should be");
    std::int32_t exponent = 0;
    for (; at_ != end_ && is_digit(*at_); ++at_) {
      if (exponent < 100'000'000) exponent = exponent * 10 + (*at_ - '0');
    }
    result = down ? -exponent : exponent;
    return true;
  }

  // More than 19 digits may have left 64 bits: count again with an eye on it.
  [[gnu::noinline]] static std::optional<std::uint64_t> counted_again(std::string_view text) {
    std::uint64_t digits = 0;
    for (const char c : text) {
      if (c == '.') continue;
      if (!is_digit(c)) break;
      if (__builtin_mul_overflow(digits, std::uint64_t{10}, &digits) ||
          __builtin_add_overflow(digits, static_cast<std::uint64_t>(c - '0'), &digits)) {
        return std::nullopt;
      }
    }
    return digits;
  }

  template <std::size_t Size>
  bool scan_word(const char (&word)[Size], const Place& place) {
    constexpr std::size_t size = Size - 1;
    if (static_cast<std::size_t>(end_ - at_) < size || std::memcmp(at_, word, size) != 0) {
      return malformed(place, "where a value should be");
    }
    at_ += size;
    return true;
  }

  // The text with escapes resolved, valid UTF-8 or complained about. Escaped text lives in `scratch`.
  enum class Resolved : std::uint8_t { fine, bad };
  Resolved resolve(Text text, std::string& scratch, std::string_view& out, const Place& place,
                   const Shape* shape = nullptr) {
    if (!text.ascii && !utf8_valid(text.raw)) {
      report_.add(place, "valid UTF-8", shape != nullptr && shape->secret ? "***" : quoted(text.raw));
      return Resolved::bad;
    }
    out = text.raw;
    if (!text.escaped) return Resolved::fine;
    scratch.clear();
    if (!append_unescaped(scratch, text.raw)) {
      report_.add(place, "valid UTF-8",
                  (shape != nullptr && shape->secret ? "***" : quoted(text.raw)) + " with half a surrogate pair");
      return Resolved::bad;
    }
    out = scratch;
    return Resolved::fine;
  }

  [[gnu::noinline]] bool pass_number(const Place& place) {
    Number number;
    return scan_number(number, place);
  }

  [[gnu::noinline]] bool pass_text(const Place& place) {
    Text text;
    if (!scan_text(text, place)) return false;
    if (text.escaped || !text.ascii) {
      std::string_view ignored;
      (void)resolve(text, scratch_, ignored, place);  // complains by itself
    }
    return true;
  }

  // Passes over one value, checked but not kept. Without recursion: bit i of `objects` says what level i is.
  bool pass(const Place& place) {
    const std::size_t outer = depth_;
    std::uint64_t objects = 0;
    while (true) {
      if (at_ == end_) return malformed(place, "where a value should be");
      bool opened = false;
      switch (*at_) {
        case '{':
        case '[': {
          const bool object = *at_ == '{';
          if (!enter(place)) return false;
          ++at_;
          skip_space();
          if (take(object ? '}' : ']')) {
            --depth_;
          } else {
            objects = objects << 1 | (object ? 1U : 0U);
            opened = true;
          }
          break;
        }
        case '"':
          if (!pass_text(place)) return false;
          break;
        case 't':
          if (!scan_word("true", place)) return false;
          break;
        case 'f':
          if (!scan_word("false", place)) return false;
          break;
        case 'n':
          if (!scan_word("null", place)) return false;
          break;
        default:
          if (!pass_number(place)) return false;
      }
      while (!opened) {
        if (depth_ == outer) return true;
        skip_space();
        if (take(',')) {
          skip_space();
          break;
        }
        if (!take((objects & 1) != 0 ? '}' : ']')) {
          return malformed(place, (objects & 1) != 0 ? "where a comma or } should be" : "where a comma or ] should be");
        }
        objects >>= 1;
        --depth_;
      }
      if ((objects & 1) != 0) {
        if (!ahead('"')) return malformed(place, "where a key should be");
        if (!pass_text(place)) return false;
        skip_space();
        if (!take(':')) return malformed(place, "where a colon should be");
        skip_space();
      }
    }
  }

  // Complaints -----------------------------------------------------------------------------------------------------

  // Passes over a value that does not fit and says so.
  [[gnu::noinline]] bool wrong(const Shape& shape, const Place& place) {
    const char* const start = at_;
    const std::size_t before = report_.total();
    if (!pass(place)) return false;
    if (report_.total() != before) return true;  // already said what is wrong inside
    if (*start == '{') {
      report_.add(place, shape, "an object");
    } else if (*start == '[') {
      report_.add(place, shape, "a list");
    } else {
      report_.add(place, shape, clipped({start, static_cast<std::size_t>(at_ - start)}));
    }
    return true;
  }
  [[gnu::noinline]] bool misfit(const Shape& shape, const Place& place, std::string_view raw) {
    report_.add(place, shape, clipped(raw));
    return true;
  }

  // Values ---------------------------------------------------------------------------------------------------------

  bool read(const Shape& shape, void* value, const Place& place) {
    if (at_ == end_) return malformed(place, "where a value should be");
    switch (shape.kind) {
      case Kind::text:
        return read_text(shape, value, place);
      case Kind::int8:
      case Kind::int16:
      case Kind::int32:
      case Kind::int64:
      case Kind::uint8:
      case Kind::uint16:
      case Kind::uint32:
      case Kind::uint64:
        return read_integer(shape, value, place);
      case Kind::boolean: {
        const bool yes = *at_ == 't';
        if (!yes && *at_ != 'f') return wrong(shape, place);
        *static_cast<bool*>(value) = yes;
        return yes ? scan_word("true", place) : scan_word("false", place);
      }
      case Kind::float32:
      case Kind::float64:
        return read_float(shape, value, place);
      case Kind::record:
        return read_record(shape, value, place, Tag::none);
      case Kind::list:
        return read_list(shape, value, place);
      case Kind::optional:
        if (*at_ == 'n') {
          shape.optional->reset(value);
          return scan_word("null", place);
        }
        return read(*shape.element, shape.optional->emplace(value), place);
      case Kind::bytes:
      case Kind::time:
      case Kind::duration:
      case Kind::enumeration:
        return read_spelled(shape, value, place);
      case Kind::map:
        return read_map(shape, value, place);
      case Kind::array:
        return read_array(shape, value, place);
      case Kind::variant:
        return read_variant(shape, value, place);
      case Kind::live:
        return read_live(shape, value, place);
    }
    return false;
  }

  [[gnu::noinline]] bool read_text(const Shape& shape, void* value, const Place& place) {
    if (*at_ != '"') return wrong(shape, place);
    Text text;
    if (!scan_text(text, place)) return false;
    auto& string = *static_cast<std::string*>(value);
    std::string_view resolved = text.raw;
    if ((text.escaped || !text.ascii) && resolve(text, string, resolved, place, &shape) == Resolved::bad) return true;
    if (!text.escaped) string.assign(resolved);
    (void)check_text(shape, string, place, report_);  // complains by itself
    return true;
  }

  [[gnu::noinline]] bool read_integer(const Shape& shape, void* value, const Place& place) {
    const char c = *at_;
    if (c == '"') return read_spelled_integer(shape, value, place);
    if (c != '-' && !is_digit(c)) return wrong(shape, place);
    Number number;
    if (!scan_number(number, place)) return false;
    if (!number.whole || !number.fits || !store_integer(shape, value, number.negative, number.digits)) {
      return misfit(shape, place, number.raw);
    }
    return true;
  }

  // JavaScript cannot hold 64 bits in a number, so many send them as text.
  bool read_spelled_integer(const Shape& shape, void* value, const Place& place) {
    if (shape.kind != Kind::int64 && shape.kind != Kind::uint64) return wrong(shape, place);
    Text text;
    if (!scan_text(text, place)) return false;
    std::string_view digits = text.raw;
    const bool negative = digits.starts_with('-');
    if (negative) digits.remove_prefix(1);
    std::uint64_t number = 0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const bool decimal = result.ec == std::errc() && result.ptr == digits.data() + digits.size() &&
                         (digits.size() == 1 || digits.front() != '0');
    if (!decimal || !store_integer(shape, value, negative, number)) {
      return misfit(shape, place, quoted(text.raw));
    }
    return true;
  }

  static bool store_integer(const Shape& shape, void* value, bool negative, std::uint64_t digits) {
    constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (is_unsigned(shape.kind)) return (!negative || digits == 0) && store_unsigned(shape, value, digits);
    if (digits > largest + (negative ? 1 : 0)) return false;
    return store_signed(shape, value, static_cast<std::int64_t>(negative ? 0 - digits : digits));
  }

  [[gnu::noinline]] bool read_float(const Shape& shape, void* value, const Place& place) {
    if (*at_ != '-' && !is_digit(*at_)) return wrong(shape, place);
    Number number;
    if (!scan_number(number, place)) return false;
    double result = 0;
    // Both factors are exact here, so the one rounding is the right one (Clinger 1990).
    if (shape.kind == Kind::float64 && number.fits && number.digits < (std::uint64_t{1} << 53) &&
        number.exponent >= -22 && number.exponent <= 22) {
      result = static_cast<double>(number.digits);
      result = number.exponent < 0 ? result / powers_of_ten[-number.exponent] : result * powers_of_ten[number.exponent];
      if (number.negative) result = -result;
    } else if (!exact_float(shape, number.raw, result)) {
      return misfit(shape, place, number.raw);
    }
    if (!store_float(shape, value, result)) return misfit(shape, place, number.raw);
    return true;
  }

  // False if it is too large. A float is read as a float: rounding to double first could round twice.
  static bool exact_float(const Shape& shape, std::string_view raw, double& result) {
    const char* const end = raw.data() + raw.size();
    std::errc error{};
    if (shape.kind == Kind::float32) {
      float narrow = 0;
      error = std::from_chars(raw.data(), end, narrow).ec;
      result = static_cast<double>(narrow);
    } else {
      error = std::from_chars(raw.data(), end, result).ec;
    }
    if (error == std::errc()) return true;
    // Out of range is also what is too small: that is zero.
    const std::size_t exponent = raw.find_first_of("eE");
    const std::string_view mantissa = raw.substr(0, exponent);
    const bool small = exponent != std::string_view::npos ? raw.find('-', exponent) != std::string_view::npos
                                                          : mantissa.starts_with("0.") || mantissa.starts_with("-0.");
    result = raw.front() == '-' ? -0.0 : 0.0;
    return small || mantissa.find_first_not_of("-0.") == std::string_view::npos;
  }

  // Kinds that are strings on the wire and something else in memory.
  [[gnu::noinline]] bool read_spelled(const Shape& shape, void* value, const Place& place) {
    if (*at_ != '"') return wrong(shape, place);
    Text text;
    if (!scan_text(text, place)) return false;
    std::string_view resolved;
    if (resolve(text, scratch_, resolved, place) == Resolved::bad) return true;
    bool fits = false;
    if (shape.kind == Kind::enumeration) {
      const auto number = value_of_name(shape, resolved);
      fits = number.has_value();
      if (fits) shape.enumeration->set(value, *number);
    } else if (shape.kind == Kind::time) {
      const auto time = parse_time(resolved);
      fits = time.has_value();
      if (fits) *static_cast<Time*>(value) = *time;
    } else if (shape.kind == Kind::duration) {
      const auto nanoseconds = parse_duration(resolved);
      fits = nanoseconds.has_value() && shape.duration->set(value, *nanoseconds);
    } else {
      fits = read_base64(resolved, *static_cast<std::vector<std::byte>*>(value));
    }
    if (!fits) report_.add(place, shape, quoted(resolved));
    return true;
  }

  // Whether "type" is the variant's tag and no field.
  enum class Tag : std::uint8_t { none, present };

  [[gnu::noinline]] bool read_record(const Shape& shape, void* value, const Place& place, Tag tag) {
    if (*at_ != '{') return wrong(shape, place);
    if (!enter(place)) return false;
    const RecordCodec& codec = codec_of(shape);
    const std::uint64_t outside = depth_ == 1 ? codec.outside(rules_.http_fields, rules_.bound) : 0;
    const std::size_t before = report_.total();
    std::uint64_t seen = outside;
    std::size_t next = 0;
    ++at_;
    skip_space();
    if (!take('}')) {
      while (true) {
        if (next < codec.keys.size() && take_key(codec.keys[next].json)) {
          skip_space();
          if (!read_field(shape, next, seen, outside, value, place)) return false;
          ++next;
        } else if (!read_other(shape, codec, next, seen, outside, value, place, tag)) {
          return false;
        }
        skip_space();
        if (take(',')) {
          skip_space();
          continue;
        }
        if (take('}')) break;
        return malformed(place, "where a comma or } should be");
      }
    }
    --depth_;
    const std::uint64_t missing = codec.required & ~seen;
    if (missing != 0) complain_missing(shape, missing, place);
    if (shape.check != nullptr && report_.total() == before) report_.check(place, shape, value);
    return true;
  }

  bool read_field(const Shape& shape, std::size_t index, std::uint64_t& seen, std::uint64_t outside, void* value,
                  const Place& place) {
    const std::uint64_t bit = std::uint64_t{1} << index;
    const detail::Field& field = shape.fields[index];
    if ((seen & bit) != 0) return pass_unwanted(field.wire_name, (outside & bit) != 0, place);
    seen |= bit;
    return read(*field.shape, static_cast<char*>(value) + field.offset, place.field(field.wire_name));
  }

  // A key that is not the expected one: another field, the tag, or unknown.
  [[gnu::noinline]] bool read_other(const Shape& shape, const RecordCodec& codec, std::size_t& next,
                                    std::uint64_t& seen, std::uint64_t outside, void* value, const Place& place,
                                    Tag& tag) {
    if (!ahead('"')) return malformed(place, "where a key should be");
    Text text;
    if (!scan_text(text, place)) return false;
    std::string_view key;
    const bool readable = resolve(text, scratch_, key, place) == Resolved::fine;
    const std::size_t index = readable ? codec.find(shape, key) : RecordCodec::not_found;
    const bool is_tag = tag == Tag::present && readable && key == tag_key;
    skip_space();
    if (!take(':')) return malformed(place, "where a colon should be");
    skip_space();
    if (is_tag) {
      tag = Tag::none;
      return pass(place);
    }
    if (index != RecordCodec::not_found) {
      next = index + 1;
      return read_field(shape, index, seen, outside, value, place);
    }
    if (!readable || rules_.unknown == Unknown::ignore) return pass(place);
    const std::string name(key);  // passing over the value may use the scratch
    return pass_unwanted(name, true, place);
  }

  // The value of a field that the record does not take from here, or had already.
  [[gnu::noinline]] bool pass_unwanted(std::string_view name, bool unknown, const Place& place) {
    if (unknown) {
      if (rules_.unknown == Unknown::refuse) report_.add(place.field(name), "no such field", "one");
    } else {
      report_.add(place.field(name), "the field once", "it again");
    }
    return pass(place.field(name));
  }

  [[gnu::noinline]] void complain_missing(const Shape& shape, std::uint64_t missing, const Place& place) {
    for (std::size_t i = 0; i < shape.fields.size(); ++i) {
      if ((missing >> i & 1) != 0) {
        report_.add(place.field(shape.fields[i].wire_name), expected_of(*shape.fields[i].shape), "nothing");
      }
    }
  }

  [[gnu::noinline]] bool read_list(const Shape& shape, void* value, const Place& place) {
    if (*at_ != '[') return wrong(shape, place);
    if (!enter(place)) return false;
    ++at_;
    const detail::ListOps& list = *shape.list;
    list.clear(value);  // an initialiser's items are replaced, not added to
    std::size_t count = 0;
    skip_space();
    if (!take(']')) {
      while (true) {
        const Place here = place.item(count);
        if (count >= shape.length_max) {
          if (!pass(here)) return false;  // counted, not kept
        } else if (list.append == nullptr) {
          bool item = false;
          if (!read(*shape.element, &item, here)) return false;
          list.append_bool(value, item);
        } else if (!read(*shape.element, list.append(value), here)) {
          return false;
        }
        ++count;
        skip_space();
        if (take(',')) {
          skip_space();
          continue;
        }
        if (take(']')) break;
        return malformed(place, "where a comma or ] should be");
      }
    }
    --depth_;
    (void)check_count(shape, count, place, report_);  // complains by itself
    return true;
  }

  [[gnu::noinline]] bool read_array(const Shape& shape, void* value, const Place& place) {
    if (*at_ != '[') return wrong(shape, place);
    if (!enter(place)) return false;
    ++at_;
    std::size_t count = 0;
    skip_space();
    if (!take(']')) {
      while (true) {
        const Place here = place.item(count);
        if (count < shape.count) {
          if (!read(*shape.element, static_cast<char*>(value) + count * shape.element->size, here)) return false;
        } else if (!pass(here)) {
          return false;
        }
        ++count;
        skip_space();
        if (take(',')) {
          skip_space();
          continue;
        }
        if (take(']')) break;
        return malformed(place, "where a comma or ] should be");
      }
    }
    --depth_;
    if (count != shape.count) report_.add(place, shape, std::to_string(count) + (count == 1 ? " item" : " items"));
    return true;
  }

  [[gnu::noinline]] bool read_map(const Shape& shape, void* value, const Place& place) {
    if (*at_ != '{') return wrong(shape, place);
    if (!enter(place)) return false;
    ++at_;
    shape.map->clear(value);
    std::size_t count = 0;
    std::string scratch;  // its own: the entry's path needs the key while the value is read
    skip_space();
    if (!take('}')) {
      while (true) {
        if (!ahead('"')) return malformed(place, "where a key should be");
        Text text;
        if (!scan_text(text, place)) return false;
        std::string_view key;
        const bool readable = resolve(text, scratch, key, place) == Resolved::fine;
        skip_space();
        if (!take(':')) return malformed(place, "where a colon should be");
        skip_space();
        const Place here = place.key(key);
        void* const entry = readable ? shape.map->emplace(value, key) : nullptr;
        if (entry == nullptr) {
          if (readable) report_.add(here, "the key once", "it again");
          if (!pass(here)) return false;
        } else if (!read(*shape.element, entry, here)) {
          return false;
        }
        ++count;
        skip_space();
        if (take(',')) {
          skip_space();
          continue;
        }
        if (take('}')) break;
        return malformed(place, "where a comma or } should be");
      }
    }
    --depth_;
    (void)check_count(shape, count, place, report_);  // complains by itself
    return true;
  }

  // The tag may stand anywhere: it is looked for first, then the record is read from the start.
  [[gnu::noinline]] bool read_variant(const Shape& shape, void* value, const Place& place) {
    if (*at_ != '{') return wrong(shape, place);
    const char* const start = at_;
    std::size_t index = shape.alternatives.size();
    const Found found = find_tag(shape, index, place);
    if (found == Found::malformed) return false;
    at_ = start;
    if (found == Found::refused) return pass(place);
    return read_record(*shape.alternatives[index].shape, shape.variant->emplace(value, index), place, Tag::present);
  }

  enum class Found : std::uint8_t { tag, refused, malformed };

  Found find_tag(const Shape& shape, std::size_t& index, const Place& place) {
    // What is passed over before the tag is read again later: its complaints are not made twice.
    Violations passed;
    Reader ahead_of_tag(*this, passed);
    while (true) {
      ++ahead_of_tag.at_;  // the brace or a comma
      ahead_of_tag.skip_space();
      if (ahead_of_tag.ahead('}')) break;
      Text text;
      if (!ahead_of_tag.ahead('"') || !ahead_of_tag.scan_text(text, place)) return found_malformed(place);
      std::string_view key;
      const bool is_tag = ahead_of_tag.resolve(text, scratch_, key, place) == Resolved::fine && key == tag_key;
      ahead_of_tag.skip_space();
      if (!ahead_of_tag.take(':')) return found_malformed(place);
      ahead_of_tag.skip_space();
      if (is_tag) return tag_at(ahead_of_tag, shape, index, place);
      if (!ahead_of_tag.pass(place)) return found_malformed(place);
      ahead_of_tag.skip_space();
      if (!ahead_of_tag.ahead(',')) break;
    }
    report_.add(place.field(tag_key), expected_tag(shape), "nothing");
    return Found::refused;
  }

  Found tag_at(Reader& reader, const Shape& shape, std::size_t& index, const Place& place) {
    const char* const start = reader.at_;
    if (!reader.ahead('"')) {
      if (!reader.pass(place)) return found_malformed(place);
      report_.add(place.field(tag_key), expected_tag(shape),
                  clipped({start, static_cast<std::size_t>(reader.at_ - start)}));
      return Found::refused;
    }
    Text text;
    if (!reader.scan_text(text, place)) return found_malformed(place);
    std::string_view tag;
    if (reader.resolve(text, scratch_, tag, place) == Resolved::fine) {
      for (index = 0; index < shape.alternatives.size(); ++index) {
        if (shape.alternatives[index].tag == tag) return Found::tag;
      }
    }
    report_.add(place.field(tag_key), expected_tag(shape), quoted(tag));
    return Found::refused;
  }

  // Passing over the object from its start finds the same fault and says where it is.
  Found found_malformed(const Place& place) { return pass(place) ? Found::refused : Found::malformed; }

  static std::string expected_tag(const Shape& shape) {
    constexpr std::string_view before = "an object whose type is ";
    return expected_of(shape).substr(before.size());
  }

  [[gnu::noinline]] bool read_live(const Shape& shape, void* value, const Place& place) {
    struct Filling {
      Reader* reader;
      const Shape* shape;
      const Place* place;
      bool go_on = true;
    } filling{this, shape.element, &place};
    shape.live->replace(value, &filling, [](void* context, void* fresh) {
      auto& self = *static_cast<Filling*>(context);
      const std::size_t before = self.reader->report_.total();
      self.go_on = self.reader->read(*self.shape, fresh, *self.place);
      return self.go_on && self.reader->report_.total() == before;
    });
    return filling.go_on;
  }

  // A second reader at the same place with complaints of its own.
  Reader(const Reader& other, Violations& violations)
      : at_(other.at_),
        end_(other.end_),
        begin_(other.begin_),
        rules_(other.rules_),
        report_(violations),
        depth_(other.depth_ + 1) {}

  const char* at_;
  const char* end_;
  const char* begin_;
  const ReadRules& rules_;
  Report report_;
  std::size_t depth_ = 0;
  std::string scratch_;  // for one text with escapes at a time
};

Violations read_or_check(const Shape* shape, void* value, std::string_view text, const ReadRules& rules,
                         const Place& place) {
  Violations violations;
  if (text.size() > rules.bytes_max) {
    violations.add(path_of(place), "at most " + std::to_string(rules.bytes_max) + " bytes",
                   std::to_string(text.size()) + " bytes");
    return violations;
  }
  Reader(text, rules, violations).document(shape, value, place);
  return violations;
}

}  // namespace

Violations read_json(const Shape& shape, void* value, std::string_view text, const ReadRules& rules, const Place& at) {
  return read_or_check(&shape, value, text, rules, at);
}

Violations check_json(std::string_view text, const ReadRules& rules) {
  return read_or_check(nullptr, nullptr, text, rules, {});
}

}  // namespace tutti::message
