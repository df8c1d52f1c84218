// See json_writer.hpp.
#include "message/json_writer.hpp"

#include <charconv>
#include <cmath>
#include <iterator>

#include "message/base64.hpp"
#include "message/json_text.hpp"
#include "message/record_codec.hpp"
#include "message/report.hpp"
#include "message/scalar.hpp"
#include "message/swar.hpp"
#include "message/time_text.hpp"

namespace tutti::message {

namespace {

using detail::Kind;
using detail::Shape;

constexpr std::uint64_t powers_of_ten_whole[] = {1, 10, 100, 1'000, 10'000, 100'000, 1'000'000};
constexpr std::size_t number_text_max = 32;  // bytes: the longest double is 24, the longest integer 20

class Writer {
 public:
  Writer(Buffer& out, const WriteRules& rules, Violations& violations)
      : out_(out), rules_(rules), report_(violations) {}

  void write(const Shape& shape, const void* value, const Place& place) {
    switch (shape.kind) {
      case Kind::text:
        return write_text(shape, *static_cast<const std::string*>(value), place);
      case Kind::int8:
      case Kind::int16:
      case Kind::int32:
      case Kind::int64: {
        const std::int64_t number = load_signed(shape, value);
        if (shape.has_bounds && !fits_signed(shape, number)) report_.add(place, shape, std::to_string(number));
        return write_number(number);
      }
      case Kind::uint8:
      case Kind::uint16:
      case Kind::uint32:
      case Kind::uint64: {
        const std::uint64_t number = load_unsigned(shape, value);
        if (shape.has_bounds && !fits_unsigned(shape, number)) report_.add(place, shape, std::to_string(number));
        return write_number(number);
      }
      case Kind::boolean:
        return out_.append(*static_cast<const bool*>(value) ? "true" : "false");
      case Kind::float32:
      case Kind::float64:
        return write_float(shape, value, place);
      case Kind::record:
        return write_record(shape, value, place, {});
      case Kind::list:
        return write_list(shape, value, place);
      case Kind::optional:
        if (!shape.optional->has(value)) return out_.append("null");
        return write(*shape.element, shape.optional->get(value), place);
      case Kind::bytes:
      case Kind::time:
      case Kind::duration:
      case Kind::enumeration:
        return write_spelled(shape, value, place);
      case Kind::map:
        return write_map(shape, value, place);
      case Kind::array:
        return write_items(*shape.element, value, shape.count, place);
      case Kind::variant: {
        const detail::Alternative& held = shape.alternatives[shape.variant->index(value)];
        return write_record(*held.shape, shape.variant->get(value), place, held.tag);
      }
      case Kind::live:
        return write(*shape.element, shape.live->get(value), place);
    }
  }

 private:
  void write_number(auto number) {
    char* const at = out_.ensure(number_text_max);
    out_.set_end(std::to_chars(at, at + number_text_max, number).ptr);
  }

  void write_text(const Shape& shape, const std::string& text, const Place& place) {
    if (!write_json_text(out_, text)) {
      report_.add(place, "valid UTF-8", shape.secret ? "***" : quoted(text));
    } else {
      (void)check_text(shape, text, place, report_);  // complains by itself
    }
  }

  [[gnu::noinline]] void write_float(const Shape& shape, const void* value, const Place& place) {
    const double number = load_float(shape, value);
    if (!fits_float(shape, number)) {
      report_.add(place, shape,
                  std::isnan(number)   ? "not a number"
                  : std::isinf(number) ? "infinity"
                                       : std::to_string(number));
      return;
    }
    if (shape.kind == Kind::float32) return write_number(static_cast<float>(number));
    if (!write_decimal(number)) write_number(number);
  }

  // Prices, percentages, counts: at most 15 digits, a few of them behind the point. There is one such text at most that
  // reads back as this number, so it is what std::to_chars would find by a far longer way. False: it is not that kind.
  bool write_decimal(double number) {
    constexpr double powers_of_ten[] = {1, 10, 100, 1e3, 1e4, 1e5, 1e6};
    constexpr double digits_max = 1e15;
    const double positive = std::abs(number);
    if (!(positive >= 1e-3 && positive < 1e9)) return false;  // others may be shorter with an exponent
    for (std::size_t places = 0; places < std::size(powers_of_ten); ++places) {
      const double scaled = positive * powers_of_ten[places];
      if (scaled >= digits_max) return false;
      const auto whole = static_cast<std::uint64_t>(scaled + 0.5);
      if (static_cast<double>(whole) / powers_of_ten[places] != positive) continue;
      if (places == 0 && whole >= 100'000 && whole % 10 == 0) return false;  // so may these
      char* at = out_.ensure(number_text_max);
      if (number < 0) *at++ = '-';
      write_places(at, whole, places);
      return true;
    }
    return false;
  }

  void write_places(char* at, std::uint64_t whole, std::size_t places) {
    const std::uint64_t divisor = powers_of_ten_whole[places];
    at = std::to_chars(at, at + number_text_max, whole / divisor).ptr;
    if (places != 0) {
      std::uint64_t rest = whole % divisor;
      *at = '.';
      for (std::size_t i = places; i > 0; --i, rest /= 10) at[i] = static_cast<char>('0' + rest % 10);
      at += places + 1;
    }
    out_.set_end(at);
  }

  [[gnu::noinline]] void write_spelled(const Shape& shape, const void* value, const Place& place) {
    if (shape.kind == Kind::bytes) {
      const auto& bytes = *static_cast<const std::vector<std::byte>*>(value);
      char* at = out_.ensure(base64_size(bytes.size()) + 2);
      *at++ = '"';
      at = write_base64(at, bytes);
      *at++ = '"';
      return out_.set_end(at);
    }
    if (shape.kind == Kind::enumeration) {
      const std::int64_t number = shape.enumeration->get(value);
      const std::string_view name = name_of_value(shape, number);
      if (name.empty()) report_.add(place, shape, std::to_string(number));
      out_.append('"');
      out_.append(name);  // an identifier of C++: nothing to escape
      return out_.append('"');
    }
    char* at = out_.ensure(time_text_max + duration_text_max);
    *at++ = '"';
    at = shape.kind == Kind::time ? write_time(at, *static_cast<const Time*>(value))
                                  : write_duration(at, shape.duration->nanoseconds(value));
    *at++ = '"';
    out_.set_end(at);
  }

  // Levels are limited as for readers: what could not be read back does not leave, and the stack stays small.
  bool enter(const Place& place) {
    if (++depth_ <= depth_limit) return true;
    report_.add(place, "at most " + std::to_string(depth_limit) + " levels of objects and lists", "more");
    --depth_;
    return false;
  }

  [[gnu::noinline]] void write_record(const Shape& shape, const void* value, const Place& place, std::string_view tag) {
    if (!enter(place)) return;
    const RecordCodec& codec = codec_of(shape);
    const std::uint64_t outside = depth_ == 1 ? codec.outside(rules_.http_fields, rules_.bound) : 0;
    const std::size_t before = report_.total();
    bool first = true;
    out_.append('{');
    if (!tag.empty()) {
      out_.append("\"type\":");
      (void)write_json_text(out_, tag);  // a C++ name is valid
      first = false;
    }
    for (std::size_t i = 0; i < shape.fields.size(); ++i) {
      const detail::Field& field = shape.fields[i];
      if ((outside >> i & 1) != 0) continue;
      const void* const content = static_cast<const char*>(value) + field.offset;
      if ((codec.optional >> i & 1) != 0 && !field.shape->optional->has(content)) continue;
      const std::string& key = codec.keys[i].json.text();
      char* at = out_.ensure(key.size() + 1);
      if (!first) *at++ = ',';
      swar::copy(at, key.data(), key.size());
      out_.set_end(at + key.size());
      first = false;
      write(*field.shape, content, place.field(field.wire_name));
    }
    out_.append('}');
    --depth_;
    if (shape.check != nullptr && report_.total() == before) report_.check(place, shape, value);
  }

  [[gnu::noinline]] void write_list(const Shape& shape, const void* value, const Place& place) {
    const std::size_t count = shape.list->size(value);
    (void)check_count(shape, count, place, report_);  // complains by itself
    if (shape.list->append != nullptr) return write_items(*shape.element, shape.list->data(value), count, place);
    if (!enter(place)) return;
    out_.append('[');
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) out_.append(',');
      out_.append(shape.list->get_bool(value, i) ? "true" : "false");
    }
    out_.append(']');
    --depth_;
  }

  [[gnu::noinline]] void write_items(const Shape& element, const void* items, std::size_t count, const Place& place) {
    if (!enter(place)) return;
    out_.append('[');
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) out_.append(',');
      write(element, static_cast<const char*>(items) + i * element.size, place.item(i));
    }
    out_.append(']');
    --depth_;
  }

  [[gnu::noinline]] void write_map(const Shape& shape, const void* value, const Place& place) {
    if (!enter(place)) return;
    (void)check_count(shape, shape.map->size(value), place, report_);  // complains by itself
    struct Entries {
      Writer* writer;
      const Shape* element;
      const Place* place;
      bool first = true;
    } entries{this, shape.element, &place};
    out_.append('{');
    shape.map->each(value, &entries, [](void* context, const std::string& key, const void* entry) {
      auto& self = *static_cast<Entries*>(context);
      if (!self.first) self.writer->out_.append(',');
      self.first = false;
      const Place here = self.place->key(key);
      if (!write_json_text(self.writer->out_, key)) self.writer->report_.add(here, "valid UTF-8", quoted(key));
      self.writer->out_.append(':');
      self.writer->write(*self.element, entry, here);
      return true;
    });
    out_.append('}');
    --depth_;
  }

  Buffer& out_;
  const WriteRules& rules_;
  Report report_;
  std::size_t depth_ = 0;
};

constexpr std::size_t scratch_kept_max = 256 * 1024;  // bytes kept per thread between calls

}  // namespace

Violations write_json(const Shape& shape, const void* value, Buffer& out, const WriteRules& rules, const Place& at) {
  Violations violations;
  const std::size_t before = out.size();
  Writer(out, rules, violations).write(shape, value, at);
  if (!violations.empty()) out.truncate(before);
  return violations;
}

Violations write_json(const Shape& shape, const void* value, std::string& out, const WriteRules& rules,
                      const Place& at) {
  // A copy of the bytes is cheaper than to let the string write zeros first. Nothing waits between here and the return.
  thread_local Buffer scratch;
  scratch.clear();
  Violations violations = write_json(shape, value, scratch, rules, at);
  out.append(scratch.view());
  if (scratch.capacity() > scratch_kept_max) scratch = Buffer();
  return violations;
}

}  // namespace tutti::message
