// The shape of a message type: one table per type that everything else reads. JSON, MessagePack, JSON Schema,
// SQL binding, settings, query parameters, test printers: none of them is a template; each walks a Shape and
// the memory of a value. shape_of<T>() (detail/reflect.hpp) makes the table: the constant part at compile
// time, offsets and the "may be absent" rule once per type at first use.
//
// Memory rules (what non-template code may assume of a `void*` to a value of that shape):
//   boolean            bool                       (list of bool: through ListOps, no element address; see below)
//   int8..uint64       that integer type; also Range<T, ...>, whose only member is the T
//   float32, float64   float, double
//   text               std::string; Text, Pattern and Secret derive from it and add no data
//   bytes              std::vector<std::byte>
//   time               tutti::Time
//   duration           read and written through DurationOps (any std::chrono duration)
//   enumeration        read and written through EnumOps
//   optional, list, map, array, record, variant: through their ops and fields
//   live               tutti::Live<T>, settings only: element is T's shape, LiveOps sets it
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <tutti/violations.hpp>

namespace tutti::detail {

enum class Kind : std::uint8_t {
  boolean, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64,
  text, bytes, time, duration, enumeration, optional, list, map, array, record, variant, live,
};

struct Shape;

struct Field {
  std::string_view name;       // as in C++
  std::string_view wire_name;  // .named("x-id") or name
  const Shape* shape;
  std::uint32_t offset;        // of the field in the record, in bytes
  bool may_be_absent;          // optional, list, map, or has an initialiser (api-proof 1.2), or .optional()
  bool deprecated;
  std::string_view about;      // from describe(); empty if none
  std::string_view example;    // as JSON or text; empty if none
  std::string_view header;     // HTTP only: carried in this header instead of the body; empty: not
  bool status;                 // HTTP only: an integer field of a reply that sets the status
};

struct Alternative {
  std::string_view tag;  // the value of "type" on the wire: the record's own name
  const Shape* shape;
};

struct EnumName {
  std::string_view name;
  std::int64_t value;
};

struct OptionalOps {
  bool (*has)(const void* optional);
  const void* (*get)(const void* optional);  // only if has
  void* (*emplace)(void* optional);          // a fresh default value; its address
  void (*reset)(void* optional);
};

struct ListOps {
  std::size_t (*size)(const void* list);
  const void* (*data)(const void* list);         // contiguous, stride = element->size; null for vector<bool>
  void* (*append)(void* list);                   // default-constructs one more at the end; null for vector<bool>
  void (*clear)(void* list);
  void (*pop)(void* list);                       // removes the last
  void (*reserve)(void* list, std::size_t);      // a hint
  bool (*get_bool)(const void* list, std::size_t);  // vector<bool> only
  void (*append_bool)(void* list, bool);            // vector<bool> only
};

struct MapOps {
  std::size_t (*size)(const void* map);
  // Calls visit(context, key, value) in key order until it returns false.
  void (*each)(const void* map, void* context, bool (*visit)(void* context, const std::string& key, const void* value));
  void* (*emplace)(void* map, std::string_view key);  // a fresh value's address; null if the key is there already
  void (*clear)(void* map);
};

struct VariantOps {
  std::size_t (*index)(const void* variant);
  const void* (*get)(const void* variant);           // the value that is held
  void* (*emplace)(void* variant, std::size_t index);  // a fresh default value; its address
};

struct DurationOps {
  std::int64_t (*nanoseconds)(const void* duration);                // saturates
  bool (*set)(void* duration, std::int64_t nanoseconds);            // false if it does not fit or is finer than the type's tick
};

struct EnumOps {
  std::int64_t (*get)(const void* value);
  void (*set)(void* value, std::int64_t number);
};

struct LiveOps {
  const void* (*get)(const void* live);                 // the current value
  // Constructs a value by fill(context, T*), publishes it if fill returns true.
  bool (*replace)(void* live, void* context, bool (*fill)(void* context, void* value));
};

struct Shape {
  Kind kind;
  std::string_view name;  // records, enumerations: without namespaces, template arguments joined ("PageOfProduct"); else empty
  std::size_t size;
  std::size_t align;
  void (*construct)(void* at);             // T{} at raw memory
  void (*destroy)(void* at) noexcept;
  void (*move)(void* to, void* from);      // move-constructs at raw memory

  // Bounds of numbers, inclusive. For uint64 read unsigned_*, for floats float_*; has_bounds is false for a plain type.
  bool has_bounds = false;
  std::int64_t min = 0, max = 0;
  std::uint64_t unsigned_min = 0, unsigned_max = 0;
  double float_min = 0, float_max = 0;

  // Text: in code points. List: items_min/items_max.
  std::size_t length_min = 0;
  std::size_t length_max = static_cast<std::size_t>(-1);
  std::string_view pattern = {};  // RE2 syntax, matches the whole value; empty: none
  bool secret = false;            // never printed: "***"

  const Shape* element = nullptr;  // optional, list, map (values), array, live
  std::size_t count = 0;           // array
  const OptionalOps* optional = nullptr;
  const ListOps* list = nullptr;
  const MapOps* map = nullptr;
  const VariantOps* variant = nullptr;
  const DurationOps* duration = nullptr;
  const EnumOps* enumeration = nullptr;
  const LiveOps* live = nullptr;

  std::span<const Field> fields = {};              // record, in declaration order
  std::span<const Alternative> alternatives = {};  // variant
  std::span<const EnumName> names = {};            // enumeration, ascending by value

  void (*check)(const void* value, Violations&) = nullptr;  // check(const T&, Violations&) found by ADL
  std::string_view about = {};                              // from describe()

  // Where a consumer keeps what it prepares once per type (parsed keys, a compiled pattern). Slots are
  // atomic pointers, set once and never freed; the owners are listed here.
  enum Slot : std::size_t { slot_codec, slot_sql, slot_pattern, slot_count };
  mutable std::atomic<const void*> slots[slot_count] = {};
};

// Defined by detail/reflect.hpp.
template <class T>
const Shape& shape_of();

}  // namespace tutti::detail
