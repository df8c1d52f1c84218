// What a contract may say about a message beyond its fields: a sentence for the documents, examples, wire names
// that C++ cannot spell, and where HTTP carries a field. A function `describe` beside the message, found by
// its argument:
//   constexpr auto describe(tutti::Of<Charge>) {
//     return tutti::about("Take money for an order.", tutti::field(&Charge::order, "The order's id", "o-17"));
//   }
// It must stand before the first Method that uses the message.
#pragma once

#include <cstddef>
#include <string_view>

namespace tutti {

template <class T>
struct Of {};

namespace detail {

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#pragma clang diagnostic ignored "-Wundefined-internal"
#endif

// An object that is never defined: only the addresses of its fields are asked for, by the compiler. In a struct of
// ours, because g++ refuses an undefined variable whose own type is local to a function.
template <class T>
struct Undefined {
  T value;
};
template <class T>
extern Undefined<T> undefined;

}  // namespace detail

// What is said about one field.
struct FieldNote {
  const void* where;
  std::string_view text = {};
  std::string_view sample = {};
  std::string_view wire_name = {};
  std::string_view header = {};
  bool is_deprecated = false;
  bool is_optional = false;
  bool is_status = false;

  // The name on every wire instead of the C++ name.
  [[nodiscard]] constexpr FieldNote named(std::string_view name) const {
    FieldNote note = *this;
    note.wire_name = name;
    return note;
  }
  [[nodiscard]] constexpr FieldNote deprecated() const {
    FieldNote note = *this;
    note.is_deprecated = true;
    return note;
  }
  // The field may be absent though it has no initialiser that can be seen.
  [[nodiscard]] constexpr FieldNote optional() const {
    FieldNote note = *this;
    note.is_optional = true;
    return note;
  }
};

template <class T, class F>
[[nodiscard]] constexpr FieldNote field(F T::*member, std::string_view about = {}, std::string_view example = {}) {
  return {.where = &(detail::undefined<T>.value.*member), .text = about, .sample = example};
}

// HTTP carries the field in this header instead of the body: header("etag", &Reply::etag).
template <class T, class F>
[[nodiscard]] constexpr FieldNote header(std::string_view name, F T::*member, std::string_view about = {}) {
  return {.where = &(detail::undefined<T>.value.*member), .text = about, .header = name};
}

// The field's value is the HTTP status of the reply.
template <class T, class F>
[[nodiscard]] constexpr FieldNote status(F T::*member) {
  return {.where = &(detail::undefined<T>.value.*member), .is_status = true};
}

template <std::size_t N>
struct Description {
  std::string_view text = {};
  FieldNote notes[N == 0 ? 1 : N];
  static constexpr std::size_t count = N;
};

template <class... Note>
[[nodiscard]] constexpr Description<sizeof...(Note)> about(std::string_view text, Note... notes) {
  if constexpr (sizeof...(Note) == 0) {
    return {.text = text, .notes = {FieldNote{.where = nullptr}}};
  } else {
    return {.text = text, .notes = {notes...}};
  }
}

#if defined(__clang__)
#pragma clang diagnostic pop
#endif

}  // namespace tutti
