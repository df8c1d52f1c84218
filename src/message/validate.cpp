// See validate.hpp.
#include "message/validate.hpp"

#include <cmath>

#include "message/report.hpp"
#include "message/rules.hpp"
#include "message/scalar.hpp"
#include "message/utf8.hpp"

namespace tutti::message {

namespace {

using detail::Kind;
using detail::Shape;

class Validator {
 public:
  explicit Validator(Violations& violations) : report_(violations) {}

  void look(const Shape& shape, const void* value, const Place& place) {
    switch (shape.kind) {
      case Kind::boolean:
      case Kind::bytes:
      case Kind::time:
      case Kind::duration:
        return;
      case Kind::text:
        return look_at_text(shape, *static_cast<const std::string*>(value), place);
      case Kind::int8:
      case Kind::int16:
      case Kind::int32:
      case Kind::int64: {
        const std::int64_t number = load_signed(shape, value);
        if (!fits_signed(shape, number)) report_.add(place, shape, std::to_string(number));
        return;
      }
      case Kind::uint8:
      case Kind::uint16:
      case Kind::uint32:
      case Kind::uint64: {
        const std::uint64_t number = load_unsigned(shape, value);
        if (!fits_unsigned(shape, number)) report_.add(place, shape, std::to_string(number));
        return;
      }
      case Kind::float32:
      case Kind::float64: {
        const double number = load_float(shape, value);
        if (fits_float(shape, number)) return;
        report_.add(place, shape,
                    std::isnan(number)   ? "not a number"
                    : std::isinf(number) ? "infinity"
                                         : std::to_string(number));
        return;
      }
      case Kind::enumeration: {
        const std::int64_t number = shape.enumeration->get(value);
        if (name_of_value(shape, number).empty()) report_.add(place, shape, std::to_string(number));
        return;
      }
      case Kind::optional:
        if (shape.optional->has(value)) look(*shape.element, shape.optional->get(value), place);
        return;
      case Kind::live:
        return look(*shape.element, shape.live->get(value), place);
      case Kind::list: {
        const std::size_t count = shape.list->size(value);
        (void)check_count(shape, count, place, report_);  // complains by itself
        if (shape.list->append != nullptr) look_at_items(*shape.element, shape.list->data(value), count, place);
        return;
      }
      case Kind::array:
        return look_at_items(*shape.element, value, shape.count, place);
      case Kind::map:
        return look_at_map(shape, value, place);
      case Kind::record:
        return look_at_record(shape, value, place);
      case Kind::variant:
        return look_at_record(*shape.alternatives[shape.variant->index(value)].shape, shape.variant->get(value), place);
    }
  }

 private:
  void look_at_text(const Shape& shape, const std::string& text, const Place& place) {
    if (!utf8_valid(text)) {
      report_.add(place, "valid UTF-8", shape.secret ? "***" : quoted(text));
    } else {
      (void)check_text(shape, text, place, report_);  // complains by itself
    }
  }

  bool enter(const Place& place) {
    if (++depth_ <= depth_limit) return true;
    report_.add(place, "at most " + std::to_string(depth_limit) + " levels of objects and lists", "more");
    --depth_;
    return false;
  }

  void look_at_items(const Shape& element, const void* items, std::size_t count, const Place& place) {
    if (!enter(place)) return;
    for (std::size_t i = 0; i < count; ++i) {
      look(element, static_cast<const char*>(items) + i * element.size, place.item(i));
    }
    --depth_;
  }

  void look_at_map(const Shape& shape, const void* value, const Place& place) {
    if (!enter(place)) return;
    (void)check_count(shape, shape.map->size(value), place, report_);  // complains by itself
    struct Entries {
      Validator* validator;
      const Shape* element;
      const Place* place;
    } entries{this, shape.element, &place};
    shape.map->each(value, &entries, [](void* context, const std::string& key, const void* entry) {
      auto& self = *static_cast<Entries*>(context);
      const Place here = self.place->key(key);
      if (!utf8_valid(key)) self.validator->report_.add(here, "valid UTF-8", quoted(key));
      self.validator->look(*self.element, entry, here);
      return true;
    });
    --depth_;
  }

  void look_at_record(const Shape& shape, const void* value, const Place& place) {
    if (!enter(place)) return;
    const std::size_t before = report_.total();
    for (const detail::Field& field : shape.fields) {
      look(*field.shape, static_cast<const char*>(value) + field.offset, place.field(field.wire_name));
    }
    --depth_;
    if (shape.check != nullptr && report_.total() == before) report_.check(place, shape, value);
  }

  Report report_;
  std::size_t depth_ = 0;
};

}  // namespace

Violations validate(const Shape& shape, const void* value, const Place& at) {
  Violations violations;
  Validator(violations).look(shape, value, at);
  return violations;
}

}  // namespace tutti::message
