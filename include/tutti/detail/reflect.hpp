// Finds the fields of a plain struct and makes its Shape (detail/shape.hpp). How: Binding (bindings.hpp) takes
// an object that is never defined apart into pointers to its fields; a pointer's type is the field's type, and its
// text as a template argument ends in the field's name. What needs a real object (offsets, which field has an
// initialiser) is found once per type at run time by src/message/shape.cpp.
//
// What cannot be a message is refused here, each by one static_assert in words of the user; the compiler's
// "in instantiation of" lines name the struct (Owner) and the field (Member).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <tutti/describe.hpp>
#include <tutti/detail/bindings.hpp>
#include <tutti/detail/names.hpp>
#include <tutti/detail/shape.hpp>
#include <tutti/items.hpp>
#include <tutti/range.hpp>
#include <tutti/text.hpp>
#include <tutti/time.hpp>

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#pragma clang diagnostic ignored "-Wundefined-internal"
#endif

namespace tutti::detail {

template <class T>
struct As {};

// A Shape with what its completion at run time needs. Every Shape that shape_of returns is one.
struct Node : Shape {
  Field* own_fields = nullptr;                                  // the same fields, writable
  void (*addresses)(void* record, const void** out) = nullptr;  // of the fields of a record
  void (*leave)(void* at) = nullptr;              // default-initialises: writes only what has an initialiser
  bool (*given)(const void* value) = nullptr;     // live: whether it has an initialiser
  mutable std::atomic<std::uint8_t> progress{0};  // 0 fresh, 1 being completed, 2 ready

  template <class T, class Fill>
  constexpr Node(As<T>, Kind of_kind, Fill fill)
      : Shape{of_kind,
              {},
              sizeof(T),
              alignof(T),
              [](void* at) { ::new (at) T{}; },
              [](void* at) noexcept { static_cast<T*>(at)->~T(); },
              [](void* to, void* from) { ::new (to) T(std::move(*static_cast<T*>(from))); }} {
    fill(*this);
  }
};

// Completes a shape and all that it refers to; safe from several threads. (src/message/shape.cpp)
void complete(const Node& node);

template <class T>
struct Maker;

template <class T>
inline constinit Node node = Maker<T>::make();

template <class T>
const Shape& shape_of() {
  if (node<T>.progress.load(std::memory_order_acquire) != 2) complete(node<T>);
  return node<T>;
}

// ---- what a field may be ------------------------------------------------------------------------------

template <class T>
constexpr bool is_record = std::is_class_v<T>&& std::is_aggregate_v<T>;

template <class T>
constexpr bool is_any_of(As<T>) {
  return false;
}
template <class T, class First, class... Rest>
constexpr bool is_any_of(As<T>, As<First>, As<Rest>... rest) {
  return std::is_same_v<T, First> || is_any_of(As<T>{}, rest...);
}

template <class T>
constexpr bool is_character = is_any_of(As<T>{}, As<char>{}, As<wchar_t>{}, As<char8_t>{}, As<char16_t>{},
                                        As<char32_t>{});

template <class T>
constexpr bool is_number = (std::is_integral_v<T> && sizeof(T) <= 8 && !is_character<T>) ||
                           is_any_of(As<T>{}, As<float>{}, As<double>{});

template <class T>
constexpr bool is_scoped_enum() {
  if constexpr (std::is_enum_v<T>) return !std::is_convertible_v<T, std::underlying_type_t<T>>;
  return false;
}

template <class T>
constexpr bool starts_with(std::string_view prefix) {
  return type_text<T>().substr(0, prefix.size()) == prefix;
}

// Whether a field may have this type. A record counts without a look at its fields: each is asked for itself.
template <class T>
constexpr bool supported = std::is_same_v<T, std::remove_cvref_t<T>>&& Maker<T>::supported;

// Says why a type is not supported. One assertion per reason; the first that holds speaks.
template <class T>
constexpr void refuse() {
  if constexpr (requires { Maker<T>::refuse_parts(); }) {
    Maker<T>::refuse_parts();
  } else if constexpr (std::is_pointer_v<T> || std::is_member_pointer_v<T> || std::is_null_pointer_v<T>) {
    static_assert(!sizeof(T*),
                  "tutti: a field of a message may not be a pointer; hold the value, or std::optional of it");
  } else if constexpr (std::is_reference_v<T>) {
    static_assert(!sizeof(T), "tutti: a field of a message may not be a reference; hold the value");
  } else if constexpr (std::is_array_v<T>) {
    static_assert(!sizeof(T*), "tutti: a field of a message may not be a C array; use std::array or std::vector");
  } else if constexpr (std::is_const_v<T> || std::is_volatile_v<T>) {
    static_assert(!sizeof(T*), "tutti: a field of a message may not be const: it is filled from what arrives");
  } else if constexpr (is_character<T>) {
    static_assert(!sizeof(T*),
                  "tutti: a field of a message may not be a character; use std::string, or std::int8_t for a number");
  } else if constexpr (std::is_arithmetic_v<T>) {
    static_assert(!sizeof(T*),
                  "tutti: this number type has no counterpart on the wire; use up to 64 bits, float or double");
  } else if constexpr (std::is_enum_v<T>) {
    static_assert(!sizeof(T*),
                  "tutti: an enumeration in a message must be an enum class: it travels by the names of its values");
  } else if constexpr (std::is_union_v<T>) {
    static_assert(!sizeof(T*), "tutti: a field of a message may not be a union; use std::variant of structs");
  } else if constexpr (starts_with<T>("std::basic_string_view<")) {
    static_assert(!sizeof(T*),
                  "tutti: a field of a message may not be a string_view: it would point nowhere; use std::string");
  } else if constexpr (starts_with<T>("std::shared_ptr<") || starts_with<T>("std::unique_ptr<") ||
                       starts_with<T>("std::weak_ptr<")) {
    static_assert(!sizeof(T*),
                  "tutti: a field of a message may not be a smart pointer; hold the value, or std::optional or "
                  "std::vector of it");
  } else if constexpr (starts_with<T>("std::unordered_map<") || starts_with<T>("std::map<") ||
                       starts_with<T>("std::multimap<")) {
    static_assert(!sizeof(T*),
                  "tutti: a map in a message must be std::map<std::string, T>: keys are text and its order is fixed");
  } else if constexpr (starts_with<T>("std::chrono::time_point<")) {
    static_assert(!sizeof(T*), "tutti: a point in time in a message must be tutti::Time");
  } else if constexpr (starts_with<T>("std::variant<")) {
    static_assert(!sizeof(T*),
                  "tutti: a variant in a message must be of plain structs with different names: the name tells them "
                  "apart on the wire");
  } else if constexpr (starts_with<T>("std::")) {
    static_assert(!sizeof(T*),
                  "tutti: this standard type cannot be a field of a message; see the list of field types in the guide");
  } else {
    static_assert(!sizeof(T*),
                  "tutti: messages and their parts must be plain structs: this type has a constructor, a private "
                  "member or a virtual function");
  }
}

// ---- numbers, text, time ------------------------------------------------------------------------------

template <class T>
constexpr Kind number_kind() {
  if constexpr (std::is_same_v<T, bool>) {
    return Kind::boolean;
  } else if constexpr (std::is_floating_point_v<T>) {
    return sizeof(T) == 4 ? Kind::float32 : Kind::float64;
  } else {
    constexpr Kind kinds[2][4] = {{Kind::int8, Kind::int16, Kind::int32, Kind::int64},
                                  {Kind::uint8, Kind::uint16, Kind::uint32, Kind::uint64}};
    return kinds[std::is_unsigned_v<T>][sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3];
  }
}

template <class T>
struct Record;

template <class E>
struct Enumeration {
  static constexpr std::size_t count = EnumRange<E>::sizes.names;
  static_assert(count > 0, "tutti: an enumeration in a message needs values from -16 to 255; this one has none there");
  static_assert(!enum_leaves_range<E>(),
                "tutti: an enumeration in a message may only have values from -16 to 255; this one has others");

  struct Names {
    char text[EnumRange<E>::sizes.characters + 1] = {};
    struct Place {
      std::int64_t value;
      std::size_t begin, size;
    } places[count + 1] = {};
  };
  static constexpr Names kept = [] {
    Names names;
    std::size_t place = 0;
    std::size_t end = 0;
    each_enumerator(EnumRange<E>::list, type_text<E>().size(), [&](std::size_t index, std::string_view name) {
      names.places[place++] = {EnumRange<E>::first + static_cast<std::int64_t>(index), end, name.size()};
      for (const char c : name) names.text[end++] = c;
    });
    return names;
  }();
  struct Table {
    EnumName names[count + 1] = {};
  };
  static constexpr Table table = [] {
    Table made;
    for (std::size_t i = 0; i < count; ++i) {
      made.names[i] = {std::string_view(kept.text + kept.places[i].begin, kept.places[i].size), kept.places[i].value};
    }
    return made;
  }();
  static constexpr EnumOps ops = {
      [](const void* value) { return static_cast<std::int64_t>(*static_cast<const E*>(value)); },
      [](void* value, std::int64_t number) { *static_cast<E*>(value) = static_cast<E>(number); },
  };
};

template <class T>
concept HasCheck = requires(const T& value, Violations& violations) {
  check(value, violations);
};

template <class T>
concept Described = requires {
  describe(Of<T>{});
};

// Everything that is not a specialisation below: numbers, enumerations and records.
template <class T>
struct Maker {
  static constexpr bool supported = std::is_same_v<T, bool> || is_number<T> || is_scoped_enum<T>() || is_record<T>;
  static constexpr Kind kind = [] {
    if constexpr (is_record<T>) {
      return Kind::record;
    } else if constexpr (std::is_enum_v<T>) {
      return Kind::enumeration;
    } else {
      return number_kind<T>();
    }
  }();

  static constexpr Node make() {
    return Node(As<T>{}, kind, [](Node& n) {
      if constexpr (is_record<T>) {
        Record<T>::fill(n);
      } else if constexpr (std::is_enum_v<T>) {
        n.name = TypeName<T>::value;
        n.names = {Enumeration<T>::table.names, Enumeration<T>::count};
        n.enumeration = &Enumeration<T>::ops;
      }
      if constexpr (Described<T>) n.about = describe(Of<T>{}).text;
      if constexpr (HasCheck<T>) {
        n.check = [](const void* value, Violations& violations) { check(*static_cast<const T*>(value), violations); };
      }
    });
  }
};

template <class T, T Min, T Max>
struct Maker<Range<T, Min, Max>> {
  static constexpr bool supported = is_number<T>;
  static constexpr Kind kind = number_kind<T>();
  static constexpr void refuse_parts() { refuse<T>(); }

  static constexpr Node make() {
    return Node(As<Range<T, Min, Max>>{}, kind, [](Node& n) {
      n.has_bounds = true;
      if constexpr (std::is_floating_point_v<T>) {
        n.float_min = Min;
        n.float_max = Max;
      } else if constexpr (std::is_unsigned_v<T> && sizeof(T) == 8) {
        n.unsigned_min = Min;
        n.unsigned_max = Max;
      } else {
        n.min = static_cast<std::int64_t>(Min);
        n.max = static_cast<std::int64_t>(Max);
        if constexpr (std::is_unsigned_v<T>) {
          n.unsigned_min = Min;
          n.unsigned_max = Max;
        }
      }
    });
  }
};

template <class T>
struct TextMaker {
  static constexpr bool supported = true;
  static constexpr Kind kind = Kind::text;

  static constexpr Node make() {
    return Node(As<T>{}, kind, [](Node& n) {
      if constexpr (requires { T::length_min; }) {
        n.length_min = T::length_min;
        n.length_max = T::length_max;
      }
      if constexpr (requires { T::expression; }) n.pattern = T::expression;
      n.secret = std::is_same_v<T, Secret>;
    });
  }
};
template <>
struct Maker<std::string> : TextMaker<std::string> {};
template <std::size_t Min, std::size_t Max>
struct Maker<Text<Min, Max>> : TextMaker<Text<Min, Max>> {};
template <Literal Expression>
struct Maker<Pattern<Expression>> : TextMaker<Pattern<Expression>> {};
template <>
struct Maker<Secret> : TextMaker<Secret> {};

template <>
struct Maker<Time> {
  static constexpr bool supported = true;
  static constexpr Kind kind = Kind::time;
  static constexpr Node make() {
    return Node(As<Time>{}, kind, [](Node&) {});
  }
};

// (src/message/shape.cpp) num/den: seconds per tick.
std::int64_t nanoseconds_of_ticks(std::int64_t ticks, std::intmax_t num, std::intmax_t den);
bool ticks_of_nanoseconds(std::int64_t nanoseconds, std::intmax_t num, std::intmax_t den, std::int64_t min,
                          std::int64_t max, std::int64_t& ticks);
std::int64_t nanoseconds_of_seconds(double seconds);

template <class Rep, class Period>
struct Maker<std::chrono::duration<Rep, Period>> {
  using Duration = std::chrono::duration<Rep, Period>;
  static constexpr bool supported = is_number<Rep> && !(std::is_unsigned_v<Rep> && sizeof(Rep) == 8);
  static constexpr Kind kind = Kind::duration;
  static constexpr void refuse_parts() {
    static_assert(!sizeof(Rep*),
                  "tutti: a duration in a message counts in signed integers of up to 64 bits, in float or in double");
  }

  static constexpr DurationOps ops = {
      [](const void* duration) -> std::int64_t {
        const Rep count = static_cast<const Duration*>(duration)->count();
        if constexpr (std::is_floating_point_v<Rep>) {
          return nanoseconds_of_seconds(static_cast<double>(count) * Period::num / Period::den);
        } else {
          return nanoseconds_of_ticks(count, Period::num, Period::den);
        }
      },
      [](void* duration, std::int64_t nanoseconds) {
        if constexpr (std::is_floating_point_v<Rep>) {
          *static_cast<Duration*>(duration) =
              Duration(static_cast<Rep>(static_cast<double>(nanoseconds) / 1e9 * Period::den / Period::num));
          return true;
        } else {
          std::int64_t ticks = 0;
          if (!ticks_of_nanoseconds(nanoseconds, Period::num, Period::den, std::numeric_limits<Rep>::min(),
                                    std::numeric_limits<Rep>::max(), ticks)) {
            return false;
          }
          *static_cast<Duration*>(duration) = Duration(static_cast<Rep>(ticks));
          return true;
        }
      },
  };
  static constexpr Node make() {
    return Node(As<Duration>{}, kind, [](Node& n) { n.duration = &ops; });
  }
};

// ---- containers ---------------------------------------------------------------------------------------

template <class T>
struct Maker<std::optional<T>> {
  using Optional = std::optional<T>;
  static constexpr bool supported = detail::supported<T>;
  static constexpr Kind kind = Kind::optional;
  static constexpr void refuse_parts() { refuse<T>(); }

  static constexpr OptionalOps ops = {
      [](const void* optional) { return static_cast<const Optional*>(optional)->has_value(); },
      [](const void* optional) -> const void* { return &**static_cast<const Optional*>(optional); },
      [](void* optional) -> void* { return &static_cast<Optional*>(optional)->emplace(); },
      [](void* optional) { static_cast<Optional*>(optional)->reset(); },
  };
  static constexpr Node make() {
    return Node(As<Optional>{}, kind, [](Node& n) {
      n.element = &node<T>;
      n.optional = &ops;
    });
  }
};

template <class T, class Vector>
struct ListMaker {
  static constexpr bool supported = detail::supported<T>;
  static constexpr Kind kind = Kind::list;
  static constexpr void refuse_parts() { refuse<T>(); }

  static Vector& at(void* list) { return *static_cast<Vector*>(list); }
  static const Vector& at(const void* list) { return *static_cast<const Vector*>(list); }

  static constexpr ListOps ops = [] {
    ListOps made = {};
    made.size = [](const void* list) { return at(list).size(); };
    made.clear = [](void* list) { at(list).clear(); };
    made.pop = [](void* list) { at(list).pop_back(); };
    made.reserve = [](void* list, std::size_t count) { at(list).reserve(count); };
    if constexpr (std::is_same_v<T, bool>) {
      made.get_bool = [](const void* list, std::size_t index) -> bool { return at(list)[index]; };
      made.append_bool = [](void* list, bool value) { at(list).push_back(value); };
    } else {
      made.data = [](const void* list) -> const void* { return at(list).data(); };
      made.append = [](void* list) -> void* { return &at(list).emplace_back(); };
    }
    return made;
  }();
  static constexpr Node make() {
    return Node(As<Vector>{}, kind, [](Node& n) {
      n.element = &node<T>;
      n.list = &ops;
      if constexpr (requires { Vector::items_min; }) {
        n.length_min = Vector::items_min;
        n.length_max = Vector::items_max;
      }
    });
  }
};
template <class T>
struct Maker<std::vector<T>> : ListMaker<T, std::vector<T>> {};
template <class T, std::size_t Min, std::size_t Max>
struct Maker<Items<T, Min, Max>> : ListMaker<T, Items<T, Min, Max>> {};

template <>
struct Maker<std::vector<std::byte>> {
  static constexpr bool supported = true;
  static constexpr Kind kind = Kind::bytes;
  static constexpr Node make() {
    return Node(As<std::vector<std::byte>>{}, kind, [](Node&) {});
  }
};

template <class T, class Compare, class Allocator>
struct Maker<std::map<std::string, T, Compare, Allocator>> {
  using Map = std::map<std::string, T, Compare, Allocator>;
  static constexpr bool supported = detail::supported<T>;
  static constexpr Kind kind = Kind::map;
  static constexpr void refuse_parts() { refuse<T>(); }

  static constexpr MapOps ops = {
      [](const void* map) { return static_cast<const Map*>(map)->size(); },
      [](const void* map, void* context, bool (*visit)(void*, const std::string&, const void*)) {
        for (const auto& [key, value] : *static_cast<const Map*>(map)) {
          if (!visit(context, key, &value)) return;
        }
      },
      [](void* map, std::string_view key) -> void* {
        const auto [place, is_new] = static_cast<Map*>(map)->try_emplace(std::string(key));
        return is_new ? &place->second : nullptr;
      },
      [](void* map) { static_cast<Map*>(map)->clear(); },
  };
  static constexpr Node make() {
    return Node(As<Map>{}, kind, [](Node& n) {
      n.element = &node<T>;
      n.map = &ops;
    });
  }
};

template <class T, std::size_t N>
struct Maker<std::array<T, N>> {
  static constexpr bool supported = detail::supported<T>;
  static constexpr Kind kind = Kind::array;
  static constexpr void refuse_parts() { refuse<T>(); }
  static constexpr Node make() {
    return Node(As<std::array<T, N>>{}, kind, [](Node& n) {
      n.element = &node<T>;
      n.count = N;
    });
  }
};

template <class... T>
constexpr bool have_different_names() {
  const std::string_view names[] = {TypeName<T>::value...};
  for (std::size_t i = 0; i < sizeof...(T); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (names[i] == names[j]) return false;
    }
  }
  return true;
}

template <class... T>
struct Maker<std::variant<T...>> {
  using Variant = std::variant<T...>;
  static constexpr bool supported = [] {
    if constexpr ((is_record<T> && ...))
      return ((Maker<T>::kind == Kind::record) && ...) && have_different_names<T...>();
    return false;
  }();
  static constexpr Kind kind = Kind::variant;

  static constexpr Alternative alternatives[] = {{TypeName<T>::value, &node<T>}...};
  static constexpr VariantOps ops = {
      [](const void* variant) { return static_cast<const Variant*>(variant)->index(); },
      [](const void* variant) -> const void* {
        return []<std::size_t... I>(const Variant& held, std::index_sequence<I...>) {
          const void* found = nullptr;
          ((held.index() == I ? void(found = std::get_if<I>(&held)) : void()), ...);
          return found;
        }
        (*static_cast<const Variant*>(variant), std::index_sequence_for<T...>{});
      },
      [](void* variant, std::size_t index) -> void* {
        return []<std::size_t... I>(Variant & held, std::size_t wanted, std::index_sequence<I...>) {
          void* made = nullptr;
          ((wanted == I ? void(made = &held.template emplace<I>()) : void()), ...);
          return made;
        }
        (*static_cast<Variant*>(variant), index, std::index_sequence_for<T...>{});
      },
  };
  static constexpr Node make() {
    (Record<T>::check_alternative(), ...);
    return Node(As<Variant>{}, kind, [](Node& n) {
      n.alternatives = {alternatives, sizeof...(T)};
      n.variant = &ops;
    });
  }
};

// ---- records ------------------------------------------------------------------------------------------

// Converts to a base class only: an aggregate that takes one has a base.
template <class T>
struct AnyBase {
  template <class B>
  requires(std::is_base_of_v<B, T> && !std::is_same_v<B, T>) operator B();
};

// Bisects the number of elements between Low (taken) and High (not taken).
template <class T, std::size_t Low, std::size_t High>
constexpr std::size_t count_between() {
  if constexpr (High - Low == 1) {
    return Low;
  } else if constexpr (constexpr std::size_t middle = (Low + High) / 2; Binding<middle>::template takes<T>) {
    return count_between<T, middle, High>();
  } else {
    return count_between<T, Low, middle>();
  }
}

template <class T>
constexpr std::size_t count_fields() {
  if constexpr (!Binding<4>::template takes<T>) {
    return count_between<T, 0, 4>();
  } else if constexpr (!Binding<8>::template takes<T>) {
    return count_between<T, 4, 8>();
  } else if constexpr (!Binding<16>::template takes<T>) {
    return count_between<T, 8, 16>();
  } else if constexpr (!Binding<65>::template takes<T>) {
    return count_between<T, 16, 65>();
  } else {
    return 65;
  }
}

// Takes the record apart, or says why it cannot be and takes it for one without fields.
template <class T>
constexpr auto pointers_of() {
  if constexpr (!std::is_default_constructible_v<T>) {
    static_assert(!sizeof(T*),
                  "tutti: every field of a message needs a default: no reference, no const without a value, no class "
                  "without a default constructor");
    return pointers_to();
  } else if constexpr (!requires { T{}; }) {
    static_assert(!sizeof(T*),
                  "tutti: every field of a message needs a default that = {} can make; the default constructor of one "
                  "is explicit");
    return pointers_to();
  } else if constexpr (requires(AnyBase<T> base) { T{base}; }) {
    static_assert(!sizeof(T*), "tutti: a message may not have a base class; make it a field");
    return pointers_to();
  } else if constexpr (constexpr std::size_t count = count_fields<T>(); count > 64) {
    static_assert(!sizeof(T*),
                  "tutti: a message may have up to 64 fields; put some of them into a struct of their own");
    return pointers_to();
  } else {
    using Pointers = decltype(Binding<count>::pointers(undefined<T>.value));
    if constexpr (std::is_same_v<Pointers, BitField>) {
      static_assert(!sizeof(T*), "tutti: a message may not have bit-fields; use bool or a whole number");
      return pointers_to();
    } else {
      return Binding<count>::pointers(undefined<T>.value);
    }
  }
}

template <class T>
constexpr auto description_of() {
  if constexpr (Described<T>) {
    return describe(Of<T>{});
  } else {
    return Description<0>{.text = {}, .notes = {FieldNote{.where = nullptr}}};
  }
}

template <class Owner, auto* Member, class F>
constexpr Field make_field(const FieldNote* notes, std::size_t note_count) {
  constexpr std::string_view name = member_name<Member>();
  Field field = {};
  field.name = name;
  field.wire_name = name;
  if constexpr (supported<F>) {
    field.shape = &node<F>;
  } else {
    refuse<F>();
  }
  const void* const where = Member;
  for (std::size_t i = 0; i < note_count; ++i) {
    const FieldNote& note = notes[i];
    if (note.where != where) continue;
    if (!note.wire_name.empty()) field.wire_name = note.wire_name;
    if (!note.text.empty()) field.about = note.text;
    if (!note.sample.empty()) field.example = note.sample;
    if (!note.header.empty()) field.header = note.header;
    field.deprecated = field.deprecated || note.is_deprecated;
    field.may_be_absent = field.may_be_absent || note.is_optional;
    field.status = field.status || note.is_status;
  }
  return field;
}

template <class T>
struct Record {
  using Pointers = decltype(pointers_of<T>());
  static constexpr std::size_t count = Pointers::count;
  template <std::size_t I>
  using Type = typename decltype(pointer<I>(Pointers{}))::type;

  struct Table {
    Field fields[count + 1] = {};
  };
  static constexpr Table make_table() {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      // Constants of this function, not of the class: g++ would keep those of local types in the program, and with
      // them the addresses of objects that are not there.
      [[maybe_unused]] constexpr auto description = description_of<T>();
      [[maybe_unused]] constexpr auto pointers = pointers_of<T>();
      return Table{{make_field<T, pointer<I>(pointers).at, Type<I>>(description.notes, description.count)..., Field{}}};
    }
    (std::make_index_sequence<count>{});
  }
  static inline constinit Table table = make_table();

  static void addresses(void* record, const void** out) {
    const auto p = Binding<count>::pointers(*static_cast<T*>(record));
    [&]<std::size_t... I>(std::index_sequence<I...>) { ((out[I] = pointer<I>(p).at), ...); }
    (std::make_index_sequence<count>{});
  }

  static constexpr bool wire_names_differ() {
    const Table made = make_table();
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (made.fields[i].wire_name == made.fields[j].wire_name) return false;
      }
    }
    return true;
  }
  static constexpr bool has_wire_name(std::string_view name) {
    const Table made = make_table();
    for (std::size_t i = 0; i < count; ++i) {
      if (made.fields[i].wire_name == name) return true;
    }
    return false;
  }
  static constexpr void check_alternative() {
    static_assert(!has_wire_name("type"),
                  "tutti: a struct in a variant may not have a field \"type\": the wire says there which struct it is; "
                  "name it otherwise");
  }

  static constexpr void fill(Node& n) {
    if constexpr (description_of<T>().count > 0) {
      static_assert(wire_names_differ(), "tutti: two fields of this message have the same name on the wire");
    }
    n.name = TypeName<T>::value;
    n.fields = {table.fields, count};
    n.own_fields = table.fields;
    n.addresses = addresses;
    n.leave = [](void* at) { ::new (at) T; };
  }
};

}  // namespace tutti::detail

#if defined(__clang__)
#pragma clang diagnostic pop
#endif
