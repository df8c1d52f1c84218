// A value by its shape into MessagePack; see msgpack.hpp.
#include <bit>
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

class Writer {
 public:
  Writer(Buffer& out, const WriteRules& rules, Violations& violations)
      : out_(out), rules_(rules), report_(violations) {}

  void write(const Shape& shape, const void* value, const Place& place) {
    switch (shape.kind) {
      case Kind::boolean:
        return out_.boolean(*static_cast<const bool*>(value));
      case Kind::int8:
      case Kind::int16:
      case Kind::int32:
      case Kind::int64: {
        const std::int64_t number = load_signed(shape, value);
        if (shape.has_bounds && !fits_signed(shape, number)) report_.add(place, shape, std::to_string(number));
        return out_.integer(number);
      }
      case Kind::uint8:
      case Kind::uint16:
      case Kind::uint32:
      case Kind::uint64: {
        const std::uint64_t number = load_unsigned(shape, value);
        if (shape.has_bounds && !fits_unsigned(shape, number)) report_.add(place, shape, std::to_string(number));
        return out_.unsigned_integer(number);
      }
      case Kind::float32:
      case Kind::float64: {
        const double number = load_float(shape, value);
        if (!fits_float(shape, number)) {
          report_.add(place, shape,
                      std::isnan(number)   ? "not a number"
                      : std::isinf(number) ? "infinity"
                                           : std::to_string(number));
        }
        return shape.kind == Kind::float32 ? out_.float32(static_cast<float>(number)) : out_.float64(number);
      }
      case Kind::text:
        return write_text(shape, *static_cast<const std::string*>(value), place);
      case Kind::bytes: {
        const auto& bytes = *static_cast<const std::vector<std::byte>*>(value);
        return out_.binary({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
      }
      case Kind::time:
        return out_.timestamp(static_cast<const Time*>(value)->since_epoch.count());
      case Kind::duration:
        return out_.integer(shape.duration->nanoseconds(value));
      case Kind::enumeration: {
        const std::int64_t number = shape.enumeration->get(value);
        const std::string_view name = name_of_value(shape, number);
        if (name.empty()) report_.add(place, shape, std::to_string(number));
        return out_.text(name);
      }
      case Kind::optional:
        if (!shape.optional->has(value)) return out_.nil();
        return write(*shape.element, shape.optional->get(value), place);
      case Kind::list:
        return write_list(shape, value, place);
      case Kind::array:
        return write_items(*shape.element, value, shape.count, place);
      case Kind::map:
        return write_map(shape, value, place);
      case Kind::record:
        return write_record(shape, value, place, {});
      case Kind::variant: {
        const detail::Alternative& held = shape.alternatives[shape.variant->index(value)];
        return write_record(*held.shape, shape.variant->get(value), place, held.tag);
      }
      case Kind::live:
        return write(*shape.element, shape.live->get(value), place);
    }
  }

 private:
  void write_text(const Shape& shape, const std::string& text, const Place& place) {
    if (!utf8_valid(text)) {
      report_.add(place, "valid UTF-8", shape.secret ? "***" : quoted(text));
    } else {
      (void)check_text(shape, text, place, report_);  // complains by itself
    }
    out_.text(text);
  }

  bool enter(const Place& place) {
    if (++depth_ <= depth_limit) return true;
    report_.add(place, "at most " + std::to_string(depth_limit) + " levels of maps and arrays", "more");
    --depth_;
    return false;
  }

  [[gnu::noinline]] void write_record(const Shape& shape, const void* value, const Place& place, std::string_view tag) {
    if (!enter(place)) return;
    const RecordCodec& codec = codec_of(shape);
    std::uint64_t left_out = depth_ == 1 ? codec.outside(rules_.http_fields, rules_.bound) : 0;
    const std::size_t before = report_.total();
    for (std::uint64_t left = codec.optional & ~left_out; left != 0; left &= left - 1) {
      const auto i = static_cast<std::size_t>(std::countr_zero(left));
      const detail::Field& field = shape.fields[i];
      if (!field.shape->optional->has(static_cast<const char*>(value) + field.offset)) left_out |= left & (0 - left);
    }
    std::size_t count = shape.fields.size() + (tag.empty() ? 0 : 1);
    if (left_out != 0) count -= static_cast<std::size_t>(std::popcount(left_out));
    out_.map(count);
    if (!tag.empty()) {
      out_.text("type");
      out_.text(tag);
    }
    for (std::size_t i = 0; i < shape.fields.size(); ++i) {
      if ((left_out >> i & 1) != 0) continue;
      const detail::Field& field = shape.fields[i];
      out_.raw(codec.keys[i].msgpack.text());
      write(*field.shape, static_cast<const char*>(value) + field.offset, place.field(field.wire_name));
    }
    --depth_;
    if (shape.check != nullptr && report_.total() == before) report_.check(place, shape, value);
  }

  [[gnu::noinline]] void write_list(const Shape& shape, const void* value, const Place& place) {
    const std::size_t count = shape.list->size(value);
    (void)check_count(shape, count, place, report_);  // complains by itself
    if (shape.list->append != nullptr) return write_items(*shape.element, shape.list->data(value), count, place);
    if (!enter(place)) return;
    out_.array(count);
    for (std::size_t i = 0; i < count; ++i) out_.boolean(shape.list->get_bool(value, i));
    --depth_;
  }

  [[gnu::noinline]] void write_items(const Shape& element, const void* items, std::size_t count, const Place& place) {
    if (!enter(place)) return;
    out_.array(count);
    for (std::size_t i = 0; i < count; ++i) {
      write(element, static_cast<const char*>(items) + i * element.size, place.item(i));
    }
    --depth_;
  }

  [[gnu::noinline]] void write_map(const Shape& shape, const void* value, const Place& place) {
    if (!enter(place)) return;
    const std::size_t count = shape.map->size(value);
    (void)check_count(shape, count, place, report_);  // complains by itself
    struct Entries {
      Writer* writer;
      const Shape* element;
      const Place* place;
    } entries{this, shape.element, &place};
    out_.map(count);
    shape.map->each(value, &entries, [](void* context, const std::string& key, const void* entry) {
      auto& self = *static_cast<Entries*>(context);
      const Place here = self.place->key(key);
      if (!utf8_valid(key)) self.writer->report_.add(here, "valid UTF-8", quoted(key));
      self.writer->out_.text(key);
      self.writer->write(*self.element, entry, here);
      return true;
    });
    --depth_;
  }

  MsgpackOut out_;
  const WriteRules& rules_;
  Report report_;
  std::size_t depth_ = 0;
};

}  // namespace

Violations write_msgpack(const Shape& shape, const void* value, Buffer& out, const WriteRules& rules, const Place& at) {
  Violations violations;
  const std::size_t before = out.size();
  Writer(out, rules, violations).write(shape, value, at);
  if (!violations.empty()) out.truncate(before);
  return violations;
}

Violations write_msgpack(const Shape& shape, const void* value, std::string& out, const WriteRules& rules,
                         const Place& at) {
  Buffer buffer;
  Violations violations = write_msgpack(shape, value, buffer, rules, at);
  out.append(buffer.view());
  return violations;
}

}  // namespace tutti::message
