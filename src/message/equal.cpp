// See equal.hpp.
#include "message/equal.hpp"

#include <cmath>
#include <cstring>
#include <map>

#include <tutti/time.hpp>

#include "message/json_text.hpp"
#include "message/place.hpp"
#include "message/scalar.hpp"
#include "message/text_value.hpp"

namespace tutti::message {

namespace {

using detail::Kind;
using detail::Shape;

using Entries = std::map<std::string, const void*>;

Entries entries_of(const Shape& map, const void* value) {
  Entries entries;
  map.map->each(value, &entries, [](void* context, const std::string& key, const void* entry) {
    static_cast<Entries*>(context)->emplace(key, entry);
    return true;
  });
  return entries;
}

// Item i of a list, which for a vector<bool> has no address of its own.
const void* item_of(const Shape& list, const void* value, std::size_t i, bool& scratch) {
  if (list.list->append != nullptr) return static_cast<const char*>(list.list->data(value)) + i * list.element->size;
  scratch = list.list->get_bool(value, i);
  return &scratch;
}

class Comparison {
 public:
  explicit Comparison(std::size_t max) : max_(max) {}

  void compare(const Shape& shape, const void* actual, const void* expected, const Place& place) {
    if (found_.size() >= max_) return;
    switch (shape.kind) {
      case Kind::optional: {
        const bool has = shape.optional->has(actual);
        const bool wants = shape.optional->has(expected);
        if (has && wants) {
          return compare(*shape.element, shape.optional->get(actual), shape.optional->get(expected), place);
        }
        if (has) return add(place, printed(shape, actual), "nothing");
        if (wants) return add(place, "nothing", printed(shape, expected));
        return;
      }
      case Kind::live:
        return compare(*shape.element, shape.live->get(actual), shape.live->get(expected), place);
      case Kind::list: {
        const std::size_t count = shape.list->size(actual);
        const std::size_t wanted = shape.list->size(expected);
        for (std::size_t i = 0; i < count && i < wanted; ++i) {
          bool a = false;
          bool b = false;
          compare(*shape.element, item_of(shape, actual, i, a), item_of(shape, expected, i, b), place.item(i));
        }
        if (count != wanted) add(place, std::to_string(count) + " items", std::to_string(wanted) + " items");
        return;
      }
      case Kind::array:
        for (std::size_t i = 0; i < shape.count; ++i) {
          const std::size_t offset = i * shape.element->size;
          compare(*shape.element, static_cast<const char*>(actual) + offset,
                  static_cast<const char*>(expected) + offset, place.item(i));
        }
        return;
      case Kind::map:
        return compare_maps(shape, actual, expected, place);
      case Kind::record:
        for (const detail::Field& field : shape.fields) {
          compare(*field.shape, static_cast<const char*>(actual) + field.offset,
                  static_cast<const char*>(expected) + field.offset, place.field(field.wire_name));
        }
        return;
      case Kind::variant: {
        const std::size_t index = shape.variant->index(actual);
        const std::size_t wanted = shape.variant->index(expected);
        if (index != wanted) {
          return add(place.field("type"), std::string(shape.alternatives[index].tag),
                     std::string(shape.alternatives[wanted].tag));
        }
        return compare(*shape.alternatives[index].shape, shape.variant->get(actual), shape.variant->get(expected),
                       place);
      }
      default:
        if (!same_scalar(shape, actual, expected)) add(place, printed(shape, actual), printed(shape, expected));
    }
  }

  std::vector<std::string> take() { return std::move(found_); }

 private:
  void add(const Place& place, const std::string& actual, const std::string& expected) {
    if (found_.size() >= max_) return;
    std::string path = path_of(place);
    if (!path.empty()) path += ": ";
    found_.push_back(path + actual + ", expected " + expected);
  }

  void compare_maps(const Shape& shape, const void* actual, const void* expected, const Place& place) {
    const Entries have = entries_of(shape, actual);
    const Entries want = entries_of(shape, expected);
    for (const auto& [key, value] : have) {
      const auto other = want.find(key);
      if (other == want.end()) {
        add(place.key(key), printed(*shape.element, value), "nothing");
      } else {
        compare(*shape.element, value, other->second, place.key(key));
      }
    }
    for (const auto& [key, value] : want) {
      if (!have.contains(key)) add(place.key(key), "nothing", printed(*shape.element, value));
    }
  }

  static bool same_scalar(const Shape& shape, const void* a, const void* b) {
    if (is_signed(shape.kind)) return load_signed(shape, a) == load_signed(shape, b);
    if (is_unsigned(shape.kind)) return load_unsigned(shape, a) == load_unsigned(shape, b);
    switch (shape.kind) {
      case Kind::boolean:
        return *static_cast<const bool*>(a) == *static_cast<const bool*>(b);
      case Kind::float32:
      case Kind::float64: {
        const double x = load_float(shape, a);
        const double y = load_float(shape, b);
        return x == y || (std::isnan(x) && std::isnan(y));
      }
      case Kind::text:
        return *static_cast<const std::string*>(a) == *static_cast<const std::string*>(b);
      case Kind::bytes:
        return *static_cast<const std::vector<std::byte>*>(a) == *static_cast<const std::vector<std::byte>*>(b);
      case Kind::time:
        return *static_cast<const Time*>(a) == *static_cast<const Time*>(b);
      case Kind::duration:
        return shape.duration->nanoseconds(a) == shape.duration->nanoseconds(b);
      default:
        return shape.enumeration->get(a) == shape.enumeration->get(b);
    }
  }

  std::size_t max_;
  std::vector<std::string> found_;
};

void print(const Shape& shape, const void* value, std::string& out) {
  const auto spelled = [&] {
    std::string text;
    write_text(shape, value, text);
    append_json_text(out, text);
  };
  switch (shape.kind) {
    case Kind::text:
      if (shape.secret) {
        out += "\"***\"";
        return;
      }
      return spelled();
    case Kind::bytes:
    case Kind::time:
    case Kind::duration:
      return spelled();
    case Kind::enumeration:
      if (name_of_value(shape, shape.enumeration->get(value)).empty()) {
        out += std::to_string(shape.enumeration->get(value));
        return;
      }
      return spelled();
    case Kind::optional:
      if (shape.optional->has(value)) return print(*shape.element, shape.optional->get(value), out);
      out += "null";
      return;
    case Kind::live:
      return print(*shape.element, shape.live->get(value), out);
    case Kind::list:
    case Kind::array: {
      const bool list = shape.kind == Kind::list;
      const std::size_t count = list ? shape.list->size(value) : shape.count;
      out += '[';
      for (std::size_t i = 0; i < count; ++i) {
        bool scratch = false;
        if (i > 0) out += ", ";
        print(*shape.element,
              list ? item_of(shape, value, i, scratch) : static_cast<const char*>(value) + i * shape.element->size,
              out);
      }
      out += ']';
      return;
    }
    case Kind::map: {
      out += '{';
      bool first = true;
      for (const auto& [key, entry] : entries_of(shape, value)) {
        if (!first) out += ", ";
        first = false;
        append_json_text(out, key);
        out += ": ";
        print(*shape.element, entry, out);
      }
      out += '}';
      return;
    }
    case Kind::record: {
      out += shape.name;
      out += '{';
      bool first = true;
      for (const detail::Field& field : shape.fields) {
        const void* const content = static_cast<const char*>(value) + field.offset;
        if (field.shape->kind == Kind::optional && !field.shape->optional->has(content)) continue;
        if (!first) out += ", ";
        first = false;
        out += field.wire_name;
        out += ": ";
        print(*field.shape, content, out);
      }
      out += '}';
      return;
    }
    case Kind::variant:
      return print(*shape.alternatives[shape.variant->index(value)].shape, shape.variant->get(value), out);
    default:
      write_text(shape, value, out);
  }
}

}  // namespace

std::vector<std::string> differences(const Shape& shape, const void* actual, const void* expected, std::size_t max) {
  Comparison comparison(max);
  comparison.compare(shape, actual, expected, {});
  return comparison.take();
}

bool same(const Shape& shape, const void* a, const void* b) { return differences(shape, a, b, 1).empty(); }

std::string printed(const Shape& shape, const void* value) {
  std::string out;
  print(shape, value, out);
  return out;
}

void copy_value(const Shape& shape, const void* from, void* to) {
  switch (shape.kind) {
    case Kind::text:
      *static_cast<std::string*>(to) = *static_cast<const std::string*>(from);
      return;
    case Kind::bytes:
      *static_cast<std::vector<std::byte>*>(to) = *static_cast<const std::vector<std::byte>*>(from);
      return;
    case Kind::optional:
      shape.optional->reset(to);
      if (shape.optional->has(from)) copy_value(*shape.element, shape.optional->get(from), shape.optional->emplace(to));
      return;
    case Kind::list: {
      const std::size_t count = shape.list->size(from);
      shape.list->clear(to);
      shape.list->reserve(to, count);
      for (std::size_t i = 0; i < count; ++i) {
        if (shape.list->append == nullptr) {
          shape.list->append_bool(to, shape.list->get_bool(from, i));
        } else {
          const void* const item = static_cast<const char*>(shape.list->data(from)) + i * shape.element->size;
          copy_value(*shape.element, item, shape.list->append(to));
        }
      }
      return;
    }
    case Kind::array:
      for (std::size_t i = 0; i < shape.count; ++i) {
        const std::size_t offset = i * shape.element->size;
        copy_value(*shape.element, static_cast<const char*>(from) + offset, static_cast<char*>(to) + offset);
      }
      return;
    case Kind::map:
      shape.map->clear(to);
      for (const auto& [key, entry] : entries_of(shape, from)) {
        copy_value(*shape.element, entry, shape.map->emplace(to, key));
      }
      return;
    case Kind::record:
      for (const detail::Field& field : shape.fields) {
        copy_value(*field.shape, static_cast<const char*>(from) + field.offset, static_cast<char*>(to) + field.offset);
      }
      return;
    case Kind::variant: {
      const std::size_t index = shape.variant->index(from);
      copy_value(*shape.alternatives[index].shape, shape.variant->get(from), shape.variant->emplace(to, index));
      return;
    }
    case Kind::live: {
      struct Filling {
        const Shape* shape;
        const void* from;
      } filling{shape.element, shape.live->get(from)};
      shape.live->replace(to, &filling, [](void* context, void* fresh) {
        const auto& self = *static_cast<Filling*>(context);
        copy_value(*self.shape, self.from, fresh);
        return true;
      });
      return;
    }
    default:
      // Numbers, times, durations and enumerators are their bytes.
      std::memcpy(to, from, shape.size);
  }
}

}  // namespace tutti::message
