// MessagePack into a value by its shape; see msgpack.hpp. As with JSON, what does not fit the shape is complained about
// and passed over; bytes that are no MessagePack end the reading (false).
#include <charconv>
#include <cmath>

#include <tutti/time.hpp>

#include "message/msgpack.hpp"
#include "message/record_codec.hpp"
#include "message/report.hpp"
#include "message/scalar.hpp"
#include "message/utf8.hpp"

namespace tutti::message {

namespace {

using detail::Kind;
using detail::Shape;
using Type = MsgpackCursor::Type;

constexpr std::string_view tag_key = "type";

class Reader {
 public:
  Reader(std::string_view bytes, const ReadRules& rules, Violations& violations)
      : bytes_(bytes), cursor_(bytes), rules_(rules), report_(violations) {}

  void document(const Shape& shape, void* value, const Place& place) {
    if (bytes_.empty()) return report_.add(place, shape, "nothing");
    if (!read(shape, value, place)) return;
    if (!cursor_.done()) {
      report_.add(place, "the end", std::to_string(cursor_.rest().size()) + " bytes more");
    }
  }

 private:
  [[nodiscard]] std::size_t levels_max() const {
    return rules_.depth_max < depth_limit ? rules_.depth_max : depth_limit;
  }

  [[gnu::noinline]] bool malformed(const Place& place) {
    switch (cursor_.failure()) {
      case MsgpackCursor::Failure::too_deep:
        report_.add(place, "at most " + std::to_string(levels_max()) + " levels of maps and arrays", "more");
        break;
      case MsgpackCursor::Failure::truncated:
        report_.add(place, "valid MessagePack", "the end of the bytes inside a value");
        break;
      default:
        report_.add(place, "valid MessagePack", "an invalid byte at " + std::to_string(cursor_.position()));
    }
    return false;
  }

  bool enter(const Place& place) {
    if (++depth_ <= levels_max()) return true;
    report_.add(place, "at most " + std::to_string(levels_max()) + " levels of maps and arrays", "more");
    return false;
  }

  bool pass(const Place& place) {
    if (cursor_.skip(levels_max() - depth_)) return true;
    return malformed(place);
  }

  // How the next value reads in a complaint.
  std::string found() const {
    MsgpackCursor cursor = cursor_;
    std::string_view text;
    std::int64_t number = 0;
    std::uint64_t unsigned_number = 0;
    double real = 0;
    bool yes = false;
    switch (cursor.peek()) {
      case Type::nil:
        return "nil";
      case Type::boolean:
        return cursor.boolean(yes) && yes ? "true" : "false";
      case Type::integer:
        if (cursor.integer(number)) return std::to_string(number);
        return cursor.unsigned_integer(unsigned_number) ? std::to_string(unsigned_number) : "a number";
      case Type::float32:
      case Type::float64: {
        if (!cursor.number(real)) return "a number";
        if (std::isnan(real)) return "not a number";
        if (std::isinf(real)) return "infinity";
        char digits[32];
        return {digits, std::to_chars(digits, digits + sizeof digits, real).ptr};
      }
      case Type::text:
        return cursor.text(text) ? quoted(text) : "a text";
      case Type::binary:
        return "bytes";
      case Type::array:
        return "an array";
      case Type::map:
        return "a map";
      case Type::extension:
        return "an extension";
      case Type::none:
        break;
    }
    return "nothing";
  }

  // The wire's own words where JSON's would mislead.
  static std::string expected(const Shape& shape) {
    switch (shape.kind) {
      case Kind::bytes:
        return "bytes (bin)";
      case Kind::time:
        return "a timestamp (extension -1)";
      case Kind::duration:
        return "a whole number of nanoseconds that fits the field";
      default:
        return expected_of(shape);
    }
  }

  [[gnu::noinline]] bool wrong(const Shape& shape, const Place& place) {
    const std::string what = shape.secret ? "***" : found();
    if (!pass(place)) return false;
    report_.add(place, expected(shape), what);
    return true;
  }

  bool read(const Shape& shape, void* value, const Place& place) {
    switch (shape.kind) {
      case Kind::boolean:
        return cursor_.boolean(*static_cast<bool*>(value)) || wrong(shape, place);
      case Kind::int8:
      case Kind::int16:
      case Kind::int32:
      case Kind::int64: {
        const MsgpackCursor start = cursor_;
        std::int64_t number = 0;
        if (cursor_.integer(number) && store_signed(shape, value, number)) return true;
        cursor_ = start;
        return wrong(shape, place);
      }
      case Kind::uint8:
      case Kind::uint16:
      case Kind::uint32:
      case Kind::uint64: {
        const MsgpackCursor start = cursor_;
        std::uint64_t number = 0;
        if (cursor_.unsigned_integer(number) && store_unsigned(shape, value, number)) return true;
        cursor_ = start;
        return wrong(shape, place);
      }
      case Kind::float32:
      case Kind::float64:
        return read_float(shape, value, place);
      case Kind::text:
        return read_text(shape, value, place);
      case Kind::bytes:
      case Kind::time:
      case Kind::duration:
      case Kind::enumeration:
        return read_other_scalar(shape, value, place);
      case Kind::optional:
        if (cursor_.peek() == Type::nil) {
          shape.optional->reset(value);
          return cursor_.nil();
        }
        return read(*shape.element, shape.optional->emplace(value), place);
      case Kind::list:
        return read_list(shape, value, place);
      case Kind::array:
        return read_array(shape, value, place);
      case Kind::map:
        return read_map(shape, value, place);
      case Kind::record:
        return read_record(shape, value, place, Tag::none);
      case Kind::variant:
        return read_variant(shape, value, place);
      case Kind::live:
        return read_live(shape, value, place);
    }
    return false;
  }

  [[gnu::noinline]] bool read_float(const Shape& shape, void* value, const Place& place) {
    const MsgpackCursor start = cursor_;
    double number = 0;
    std::int64_t whole = 0;
    bool fits = cursor_.number(number);
    if (!fits && cursor_.integer(whole)) {
      const std::int64_t exact = shape.kind == Kind::float32 ? std::int64_t{1} << 24 : std::int64_t{1} << 53;
      fits = whole >= -exact && whole <= exact;
      number = static_cast<double>(whole);
    }
    if (fits && store_float(shape, value, number)) return true;
    cursor_ = start;
    return wrong(shape, place);
  }

  // Takes a text; false with nothing taken if it is none. Invalid UTF-8 is complained about and leaves it empty.
  enum class Taken : std::uint8_t { text, invalid, nothing };
  Taken take_text(std::string_view& text, const Place& place, const Shape* shape = nullptr) {
    if (!cursor_.text(text)) return Taken::nothing;
    if (utf8_valid(text)) return Taken::text;
    report_.add(place, "valid UTF-8", shape != nullptr && shape->secret ? "***" : quoted(text));
    return Taken::invalid;
  }

  [[gnu::noinline]] bool read_text(const Shape& shape, void* value, const Place& place) {
    std::string_view text;
    const Taken taken = take_text(text, place, &shape);
    if (taken == Taken::nothing) return wrong(shape, place);
    if (taken == Taken::invalid) return true;
    static_cast<std::string*>(value)->assign(text);
    (void)check_text(shape, text, place, report_);  // complains by itself
    return true;
  }

  [[gnu::noinline]] bool read_other_scalar(const Shape& shape, void* value, const Place& place) {
    const MsgpackCursor start = cursor_;
    bool fits = false;
    if (shape.kind == Kind::bytes) {
      std::string_view bytes;
      fits = cursor_.binary(bytes);
      const auto* const data = reinterpret_cast<const std::byte*>(bytes.data());
      if (fits) static_cast<std::vector<std::byte>*>(value)->assign(data, data + bytes.size());
    } else if (shape.kind == Kind::time) {
      std::int64_t nanoseconds = 0;
      fits = cursor_.timestamp(nanoseconds);
      if (fits) static_cast<Time*>(value)->since_epoch = std::chrono::nanoseconds(nanoseconds);
    } else if (shape.kind == Kind::duration) {
      std::int64_t nanoseconds = 0;
      fits = cursor_.integer(nanoseconds) && shape.duration->set(value, nanoseconds);
    } else {
      std::string_view name;
      if (cursor_.text(name)) {
        const auto number = value_of_name(shape, name);
        fits = number.has_value();
        if (fits) shape.enumeration->set(value, *number);
      }
    }
    if (fits) return true;
    cursor_ = start;
    return wrong(shape, place);
  }

  // Opens an array or map whose claimed count can be true: a value has a byte at least.
  bool open(bool took, std::uint64_t values, const Place& place) {
    if (!took) return malformed(place);
    if (values > cursor_.rest().size()) {
      report_.add(place, "valid MessagePack", "the end of the bytes inside a value");
      return false;
    }
    return enter(place);
  }

  [[gnu::noinline]] bool read_list(const Shape& shape, void* value, const Place& place) {
    if (cursor_.peek() != Type::array) return wrong(shape, place);
    std::uint32_t count = 0;
    if (const bool took = cursor_.array(count); !open(took, count, place)) return false;
    const detail::ListOps& list = *shape.list;
    list.clear(value);
    for (std::uint32_t i = 0; i < count; ++i) {
      const Place here = place.item(i);
      if (i >= shape.length_max) {
        if (!pass(here)) return false;  // counted, not kept
      } else if (list.append == nullptr) {
        bool item = false;
        if (!read(*shape.element, &item, here)) return false;
        list.append_bool(value, item);
      } else if (!read(*shape.element, list.append(value), here)) {
        return false;
      }
    }
    --depth_;
    (void)check_count(shape, count, place, report_);  // complains by itself
    return true;
  }

  [[gnu::noinline]] bool read_array(const Shape& shape, void* value, const Place& place) {
    if (cursor_.peek() != Type::array) return wrong(shape, place);
    std::uint32_t count = 0;
    if (const bool took = cursor_.array(count); !open(took, count, place)) return false;
    for (std::uint32_t i = 0; i < count; ++i) {
      const Place here = place.item(i);
      if (i < shape.count) {
        if (!read(*shape.element, static_cast<char*>(value) + i * shape.element->size, here)) return false;
      } else if (!pass(here)) {
        return false;
      }
    }
    --depth_;
    if (count != shape.count) report_.add(place, shape, std::to_string(count) + (count == 1 ? " item" : " items"));
    return true;
  }

  [[gnu::noinline]] bool read_map(const Shape& shape, void* value, const Place& place) {
    if (cursor_.peek() != Type::map) return wrong(shape, place);
    std::uint32_t count = 0;
    if (const bool took = cursor_.map(count); !open(took, std::uint64_t{count} * 2, place)) return false;
    shape.map->clear(value);
    for (std::uint32_t i = 0; i < count; ++i) {
      std::string_view key;
      const Taken taken = take_text(key, place);
      if (taken == Taken::nothing) {
        const std::string what = found();
        if (!pass(place)) return false;
        report_.add(place, "a text as key", what);
      }
      const Place here = place.key(key);
      void* const entry = taken == Taken::text ? shape.map->emplace(value, key) : nullptr;
      if (entry == nullptr) {
        if (taken == Taken::text) report_.add(here, "the key once", "it again");
        if (!pass(here)) return false;
      } else if (!read(*shape.element, entry, here)) {
        return false;
      }
    }
    --depth_;
    (void)check_count(shape, count, place, report_);  // complains by itself
    return true;
  }

  enum class Tag : std::uint8_t { none, present };

  [[gnu::noinline]] bool read_record(const Shape& shape, void* value, const Place& place, Tag tag) {
    if (cursor_.peek() != Type::map) return wrong(shape, place);
    std::uint32_t count = 0;
    if (const bool took = cursor_.map(count); !open(took, std::uint64_t{count} * 2, place)) return false;
    const RecordCodec& codec = codec_of(shape);
    const std::uint64_t outside = depth_ == 1 ? codec.outside(rules_.http_fields, rules_.bound) : 0;
    const std::size_t before = report_.total();
    std::uint64_t seen = outside;
    std::size_t next = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      if (next < codec.keys.size() && cursor_.take_exactly(codec.keys[next].msgpack)) {
        if (!read_field(shape, next, seen, outside, value, place)) return false;
        ++next;
      } else if (!read_other(shape, codec, next, seen, outside, value, place, tag)) {
        return false;
      }
    }
    --depth_;
    const std::uint64_t missing = codec.required & ~seen;
    for (std::size_t i = 0; missing != 0 && i < shape.fields.size(); ++i) {
      if ((missing >> i & 1) != 0) {
        report_.add(place.field(shape.fields[i].wire_name), expected(*shape.fields[i].shape), "nothing");
      }
    }
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

  [[gnu::noinline]] bool read_other(const Shape& shape, const RecordCodec& codec, std::size_t& next,
                                    std::uint64_t& seen, std::uint64_t outside, void* value, const Place& place,
                                    Tag& tag) {
    std::string_view key;
    const Taken taken = take_text(key, place);
    if (taken == Taken::nothing) {
      const std::string what = found();
      if (!pass(place)) return false;
      report_.add(place, "a text as key", what);
      return pass(place);
    }
    if (taken == Taken::invalid) return pass(place);
    if (tag == Tag::present && key == tag_key) {
      tag = Tag::none;
      return pass(place);
    }
    const std::size_t index = codec.find(shape, key);
    if (index == RecordCodec::not_found) return pass_unwanted(key, true, place);
    next = index + 1;
    return read_field(shape, index, seen, outside, value, place);
  }

  bool pass_unwanted(std::string_view name, bool unknown, const Place& place) {
    if (!unknown) {
      report_.add(place.field(name), "the field once", "it again");
    } else if (rules_.unknown == Unknown::refuse) {
      report_.add(place.field(name), "no such field", "one");
    }
    return pass(place.field(name));
  }

  [[gnu::noinline]] bool read_variant(const Shape& shape, void* value, const Place& place) {
    if (cursor_.peek() != Type::map) return wrong(shape, place);
    constexpr std::string_view before = "an object whose type is ";
    MsgpackCursor ahead = cursor_;
    std::uint32_t count = 0;
    if (!ahead.map(count)) return pass(place);
    std::string what = "nothing";
    for (std::uint32_t i = 0; i < count; ++i) {
      std::string_view key;
      std::string_view tag;
      if (!(ahead.text(key) || ahead.skip(levels_max()))) return pass(place);
      if (key == tag_key && ahead.peek() == Type::text && ahead.text(tag)) {
        for (std::size_t index = 0; index < shape.alternatives.size(); ++index) {
          if (shape.alternatives[index].tag != tag) continue;
          const Shape& held = *shape.alternatives[index].shape;
          return read_record(held, shape.variant->emplace(value, index), place, Tag::present);
        }
        what = quoted(tag);
        break;
      }
      if (!ahead.skip(levels_max())) return pass(place);
    }
    if (!pass(place)) return false;
    report_.add(place.field(tag_key), expected_of(shape).substr(before.size()), what);
    return true;
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

  std::string_view bytes_;
  MsgpackCursor cursor_;
  const ReadRules& rules_;
  Report report_;
  std::size_t depth_ = 0;
};

}  // namespace

Violations read_msgpack(const Shape& shape, void* value, std::string_view bytes, const ReadRules& rules,
                        const Place& at) {
  Violations violations;
  if (bytes.size() > rules.bytes_max) {
    violations.add(path_of(at), "at most " + std::to_string(rules.bytes_max) + " bytes",
                   std::to_string(bytes.size()) + " bytes");
    return violations;
  }
  Reader(bytes, rules, violations).document(shape, value, at);
  return violations;
}

}  // namespace tutti::message
