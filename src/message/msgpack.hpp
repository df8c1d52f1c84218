// MessagePack (github.com/msgpack/msgpack, spec.md) twice: values by their shape, and the two small tools that
// envelopes are made with (MessagePack-RPC frames, metadata).
//
// By shape: a record is a map by wire names, text is str, Bytes is bin, Time is the timestamp extension (type -1), a
// duration is an integer of nanoseconds, an enumerator is its name, a variant is its record with the entry "type".
// Integers may come in any width; a number field also takes an integer that it can hold exactly.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <tutti/detail/shape.hpp>
#include <tutti/violations.hpp>

#include "message/buffer.hpp"
#include "message/place.hpp"
#include "message/rules.hpp"
#include "message/swar.hpp"

namespace tutti::message {

// As read_json and write_json.
[[nodiscard]] Violations read_msgpack(const detail::Shape& shape, void* value, std::string_view bytes,
                                      const ReadRules& rules = {}, const Place& at = {});
[[nodiscard]] Violations write_msgpack(const detail::Shape& shape, const void* value, Buffer& out,
                                       const WriteRules& rules = {}, const Place& at = {});
[[nodiscard]] Violations write_msgpack(const detail::Shape& shape, const void* value, std::string& out,
                                       const WriteRules& rules = {}, const Place& at = {});

// Appends to a buffer; always the shortest form.
class MsgpackOut {
 public:
  explicit MsgpackOut(Buffer& out) : out_(out) {}

  void nil();
  void boolean(bool value);
  void integer(std::int64_t value);
  void unsigned_integer(std::uint64_t value);
  void float32(float value);
  void float64(double value);
  void text(std::string_view value);
  void binary(std::string_view value);
  void array(std::size_t count);  // then count values
  void map(std::size_t count);    // then count pairs
  void timestamp(std::int64_t nanoseconds);
  void extension(std::int8_t type, std::string_view value);
  // Bytes that are MessagePack already.
  void raw(std::string_view bytes) {
    char* const at = out_.ensure(bytes.size());
    swar::copy(at, bytes.data(), bytes.size());
    out_.set_end(at + bytes.size());
  }

 private:
  Buffer& out_;
};

// Reads from a span of bytes that outlives it. Each function takes one value and returns true, or takes nothing and
// returns false: then failure() says whether bytes are missing, or what is there is of another type or invalid.
class MsgpackCursor {
 public:
  enum class Type : std::uint8_t { nil, boolean, integer, float32, float64, text, binary, array, map, extension, none };
  enum class Failure : std::uint8_t { none, truncated, other_type, too_deep };

  explicit MsgpackCursor(std::string_view bytes)
      : begin_(bytes.data()), at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  // none: at the end, or the one byte that is never used (0xc1)
  [[nodiscard]] Type peek() const noexcept {
    return at_ == end_ ? Type::none : type_by_first_byte[static_cast<unsigned char>(*at_)];
  }
  [[nodiscard]] bool done() const noexcept { return at_ == end_; }
  [[nodiscard]] std::size_t position() const noexcept { return static_cast<std::size_t>(at_ - begin_); }
  [[nodiscard]] std::string_view rest() const noexcept { return {at_, static_cast<std::size_t>(end_ - at_)}; }
  [[nodiscard]] Failure failure() const noexcept { return failure_; }

  bool nil() noexcept;
  bool boolean(bool& value) noexcept;
  bool integer(std::int64_t& value) noexcept {  // false, other_type, for one that does not fit
    if (at_ == end_ || static_cast<signed char>(*at_) < -32) return long_integer(value);
    value = static_cast<signed char>(*at_++);
    return true;
  }
  bool unsigned_integer(std::uint64_t& value) noexcept;
  bool number(double& value) noexcept;           // float32, float64
  bool text(std::string_view& value) noexcept {  // not checked for UTF-8
    if (at_ == end_ || (static_cast<unsigned char>(*at_) & 0xE0) != 0xA0) return long_text(value);
    return take_sized(1, static_cast<unsigned char>(*at_) & 31U, value);
  }
  bool binary(std::string_view& value) noexcept;
  bool array(std::uint32_t& count) noexcept;
  bool map(std::uint32_t& count) noexcept;
  bool timestamp(std::int64_t& nanoseconds) noexcept;
  bool extension(std::int8_t& type, std::string_view& value) noexcept;
  // Takes these bytes if they are what comes next: a key that is expected.
  bool take_exactly(const swar::Pattern& bytes) noexcept {
    if (!bytes.starts(at_, left())) return false;
    at_ += bytes.size();
    return true;
  }
  // Passes over one whole value, nested at most depth_max levels deep, without recursion.
  bool skip(std::size_t depth_max = depth_limit) noexcept;
  // The same, and gives its bytes.
  bool raw(std::string_view& value, std::size_t depth_max = depth_limit) noexcept;

 private:
  [[nodiscard]] std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  bool refuse(Failure failure) noexcept {
    failure_ = failure;
    return false;
  }
  bool long_integer(std::int64_t& value) noexcept;
  bool long_text(std::string_view& value) noexcept;
  bool take_sized(std::size_t header, std::size_t size, std::string_view& value) noexcept {
    if (left() < header || left() - header < size) return refuse(Failure::truncated);
    value = {at_ + header, size};
    at_ += header + size;
    return true;
  }

  static const std::array<Type, 256> type_by_first_byte;

  const char* begin_;
  const char* at_;
  const char* end_;
  Failure failure_ = Failure::none;
};

}  // namespace tutti::message
