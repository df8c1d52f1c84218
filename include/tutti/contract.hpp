// A contract: the header that another team includes to call a service. Plain structs are its messages, constants
// its methods, events and channels; nothing is generated and there are no macros.
//
//   struct Refund { std::string order; };
//   inline constexpr tutti::Service service{"payments", "1.0"};
//   inline constexpr tutti::Method<Receipt(Charge), tutti::Throws<Declined>> charge{
//       service, "charge", tutti::post("/charges", 201), {.repeat = tutti::Repeat::by_key}};
//   inline constexpr tutti::Event<Receipt> charged{service, "charged"};
//
// A message's fields are found by the compiler (detail/reflect.hpp). Their order is part of the contract: append
// only, at the end, and only fields that may be absent: an optional, a list, a map, or one with an initialiser.
#pragma once

#include <exception>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tutti/bytes.hpp>
#include <tutti/describe.hpp>
#include <tutti/detail/reflect.hpp>
#include <tutti/detail/spec.hpp>
#include <tutti/error.hpp>
#include <tutti/items.hpp>
#include <tutti/range.hpp>
#include <tutti/text.hpp>
#include <tutti/time.hpp>
#include <tutti/violations.hpp>

namespace tutti {

// Only a mark in a signature; the ends of it are in stream.hpp.
template <class T>
class Stream;

// The contract errors of a method: Throws<Declined, NotFound>.
template <class... E>
struct Throws {};

// Where HTTP finds a method. Names in braces are fields of the request: "/charges/{id}". Without a status a
// success is 200, or 204 if the method has no reply.
[[nodiscard]] constexpr Route get(std::string_view path, int status = 0) { return {Verb::get, path, status}; }
[[nodiscard]] constexpr Route head(std::string_view path, int status = 0) { return {Verb::head, path, status}; }
[[nodiscard]] constexpr Route post(std::string_view path, int status = 0) { return {Verb::post, path, status}; }
[[nodiscard]] constexpr Route put(std::string_view path, int status = 0) { return {Verb::put, path, status}; }
[[nodiscard]] constexpr Route patch(std::string_view path, int status = 0) { return {Verb::patch, path, status}; }
[[nodiscard]] constexpr Route del(std::string_view path, int status = 0) { return {Verb::del, path, status}; }

namespace detail {

// ---- what the parts of a signature may be ---------------------------------------------------------------

template <class T>
struct StreamItem {
  using type = void;
};
template <class T>
struct StreamItem<Stream<T>> {
  using type = T;
};
template <class T>
constexpr bool is_stream = !std::is_void_v<typename StreamItem<T>::type>;

template <class T>
constexpr bool is_throws = false;
template <class... E>
constexpr bool is_throws<Throws<E...>> = true;

template <class T>
constexpr bool is_message = is_record<T>&& std::is_same_v<T, std::remove_cvref_t<T>>;
template <class T>
constexpr bool is_variant = false;
template <class... T>
constexpr bool is_variant<std::variant<T...>> = true;

template <class T>
constexpr ShapeOf shape_or_none() {
  if constexpr (std::is_void_v<T>) {
    return nullptr;
  } else {
    return &shape_of<T>;
  }
}

// The parameters of a signature: a request, a stream, a request and a stream, or nothing.
template <class... P>
struct Parameters {
  static_assert(sizeof...(P) == 0,
                "tutti: a method takes one message and may take one stream; put more values into the message");
  using request = void;
  using stream_in = void;
};
template <>
struct Parameters<> {
  using request = void;
  using stream_in = void;
};
template <class T>
struct Parameters<T> {
  using request = T;
  using stream_in = void;
};
template <class T>
struct Parameters<Stream<T>> {
  using request = void;
  using stream_in = T;
};
template <class T, class S>
struct Parameters<T, Stream<S>> {
  using request = T;
  using stream_in = S;
};

template <class T>
constexpr void check_message() {
  if constexpr (!std::is_void_v<T>) {
    static_assert(is_message<T> || !is_variant<T>,
                  "tutti: a message must be a plain struct; put the variant into a field");
    if constexpr (!is_variant<T> && !is_message<T>) {
      static_assert(std::is_class_v<T>,
                    "tutti: a message must be a plain struct, so that it can grow; put the value into a field of one");
      if constexpr (std::is_class_v<T>) refuse<T>();
    }
  }
}

// ---- contract errors ------------------------------------------------------------------------------------

// By the type of the address: a field of that name is no constant of the error.
template <class E>
constexpr Code error_code() {
  if constexpr (requires { requires std::is_same_v<decltype(&E::code), const Code*>; }) {
    return E::code;
  } else {
    return Code::failed_precondition;
  }
}
template <class E>
constexpr int error_http_status() {
  if constexpr (requires { requires std::is_same_v<decltype(&E::http_status), const int*>; }) {
    return E::http_status;
  } else {
    return 0;
  }
}

template <class E>
bool holds_error(const std::exception_ptr& exception, void* context, void (*found)(void* context, const void* error)) {
  try {
    std::rethrow_exception(exception);
  } catch (const E& error) {
    found(context, &error);
    return true;
  } catch (...) {  // another type: the caller asks for the next one
    return false;
  }
}
template <class E>
void raise_error(void* error) {
  throw E(std::move(*static_cast<E*>(error)));
}

template <class E>
constexpr ErrorSpec error_spec() {
  static_assert(is_message<E>, "tutti: a contract error must be a plain struct; tutti::Error needs no declaration");
  if constexpr (is_message<E>) {
    return {&shape_of<E>, error_code<E>(), error_http_status<E>(), &holds_error<E>, &raise_error<E>};
  } else {
    return {};
  }
}

struct ErrorList {
  template <class... E>
  struct Of {
    static constexpr ErrorSpec specs[sizeof...(E) + 1] = {error_spec<E>()..., ErrorSpec{}};
    static constexpr std::span<const ErrorSpec> list{specs, sizeof...(E)};
  };
};
template <class... Options>
struct ErrorsOf;
template <>
struct ErrorsOf<> : ErrorList::Of<> {};
template <class... E>
struct ErrorsOf<Throws<E...>> : ErrorList::Of<E...> {};

// ---- names and paths --------------------------------------------------------------------------------------

// Their names are what the compiler prints when a contract has the mistake.
void tutti_the_name_of_a_method_must_be_lower_case_letters_digits_underscores_and_dots();
void tutti_the_name_of_a_service_must_be_lower_case_letters_digits_underscores_and_hyphens();
void tutti_a_path_must_start_with_a_slash();
void tutti_a_path_parameter_must_stand_alone_between_slashes_as_in_braces_id();
void tutti_path_parameter_is_not_a_field_of_the_request();
void tutti_path_parameter_must_be_a_number_a_text_an_enum_or_a_time();

constexpr bool is_identifier(std::string_view name, std::string_view also) {
  if (name.empty() || name[0] < 'a' || name[0] > 'z') return false;
  for (const char c : name) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || also.find(c) != also.npos;
    if (!fits) return false;
  }
  return true;
}

constexpr bool fits_in_a_path(Kind kind) {
  return kind <= Kind::text || kind == Kind::time || kind == Kind::duration || kind == Kind::enumeration;
}

template <class T, std::size_t I>
constexpr Kind field_kind() {
  using F = typename Record<T>::template Type<I>;
  if constexpr (supported<F>) {
    return Maker<F>::kind;
  } else {
    return Kind::record;
  }
}

struct PathField {
  std::string_view wire_name;
  Kind kind;
};

// Each "{name}" must be a whole segment and a field.
constexpr void check_path(std::string_view path, const PathField* fields, std::size_t count) {
  if (path.empty()) return;
  if (path[0] != '/') tutti_a_path_must_start_with_a_slash();
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '}') tutti_a_path_parameter_must_stand_alone_between_slashes_as_in_braces_id();
    if (path[i] != '{') continue;
    const std::size_t end = path.find('}', i);
    const bool is_segment = end != path.npos && path[i - 1] == '/' && (end + 1 == path.size() || path[end + 1] == '/');
    if (!is_segment) tutti_a_path_parameter_must_stand_alone_between_slashes_as_in_braces_id();
    const std::string_view name = path.substr(i + 1, end - i - 1);
    std::size_t field = 0;
    while (field < count && fields[field].wire_name != name) ++field;
    if (field == count) tutti_path_parameter_is_not_a_field_of_the_request();
    if (!fits_in_a_path(fields[field].kind)) tutti_path_parameter_must_be_a_number_a_text_an_enum_or_a_time();
    i = end;
  }
}

template <class Request>
constexpr void check_path_of(std::string_view path) {
  if constexpr (is_message<Request>) {
    []<std::size_t... I>(std::string_view checked, std::index_sequence<I...>) {
      [[maybe_unused]] constexpr auto table = Record<Request>::make_table();  // unused by an empty struct
      const PathField fields[] = {PathField{table.fields[I].wire_name, field_kind<Request, I>()}..., PathField{}};
      check_path(checked, fields, sizeof...(I));
    }
    (path, std::make_index_sequence<Record<Request>::count>{});
  } else {
    check_path(path, nullptr, 0);
  }
}

constexpr void check_service(const Service& service) {
  if (!is_identifier(service.name, "-") || service.name.size() > 63) {
    tutti_the_name_of_a_service_must_be_lower_case_letters_digits_underscores_and_hyphens();
  }
}
constexpr void check_names(const Service& service, std::string_view name) {
  check_service(service);
  if (!is_identifier(name, ".")) tutti_the_name_of_a_method_must_be_lower_case_letters_digits_underscores_and_dots();
}

}  // namespace detail

// ---- method -----------------------------------------------------------------------------------------------

template <class Signature, class... Options>
struct Method {
  static_assert(
      !sizeof(Signature*),
      "tutti: a method is declared by a signature: Method<Receipt(Charge)>, Method<void(Refund)>, Method<Status()>");
};

// Reply and parameters are messages (plain structs); either may be a Stream, the reply may be void.
template <class Result, class... P, class... Options>
struct Method<Result(P...), Options...> : detail::MethodSpec {
  static_assert((detail::is_throws<Options> && ...), "tutti: write the errors of a method as tutti::Throws<Declined>");
  static_assert(sizeof...(Options) < 2, "tutti: write the errors of a method in one tutti::Throws<A, B>");

  using request = typename detail::Parameters<P...>::request;
  using stream_in = typename detail::Parameters<P...>::stream_in;
  using stream_out = typename detail::StreamItem<Result>::type;
  using reply = std::conditional_t<detail::is_stream<Result>, void, Result>;
  static constexpr bool has_request = !std::is_void_v<request>;
  static constexpr bool has_reply = !std::is_void_v<reply>;
  static constexpr bool has_stream_in = !std::is_void_v<stream_in>;
  static constexpr bool has_stream_out = !std::is_void_v<stream_out>;

  consteval Method(const Service& of, std::string_view named, Route route = {}, Rules rules = {})
      : detail::MethodSpec{&of,
                           named,
                           route,
                           rules,
                           detail::shape_or_none<request>(),
                           detail::shape_or_none<reply>(),
                           detail::shape_or_none<stream_in>(),
                           detail::shape_or_none<stream_out>(),
                           {}} {
    detail::check_message<request>();
    detail::check_message<reply>();
    if constexpr ((detail::is_throws<Options> && ...) && sizeof...(Options) < 2) {
      this->errors = detail::ErrorsOf<Options...>::list;
    }
    // An empty path is an empty route: nobody chose its 200.
    if (route.status == 0 || route.path.empty()) this->route.status = has_reply || has_stream_out ? 200 : 204;
    detail::check_names(of, named);
    detail::check_path_of<request>(route.path);
  }
  Method(const Method&) = delete;
  Method& operator=(const Method&) = delete;
};

// ---- event and channel --------------------------------------------------------------------------------------

// Something that happened, told to whoever wants to know: Event<Receipt> charged{service, "charged"}.
template <class Message>
struct Event : detail::EventSpec {
  using message = Message;

  consteval Event(const Service& of, std::string_view named)
      : detail::EventSpec{&of, named, &detail::shape_of<Message>} {
    detail::check_message<Message>();
    detail::check_names(of, named);
  }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
};

namespace detail {

struct ChannelSpec {
  const Service* service;
  std::string_view name;
  std::string_view path;
  ShapeOf incoming;             // what the client sends
  ShapeOf outgoing;             // what the service sends
  ShapeOf handshake = nullptr;  // what the request for the connection says; null: nothing is read of it
};

}  // namespace detail

// A WebSocket: messages both ways, each a struct or a variant of structs. Channel<FromBrowser, ToBrowser> live{service,
// "live", "/live"}. A third struct is read off the request for the connection as the request of a GET method is: from
// the path, the query, and headers where named. Channel<FromBrowser, ToBrowser, Join> room{service, "room",
// "/rooms/{room}"}.
template <class Incoming, class Outgoing, class Handshake = void>
struct Channel : detail::ChannelSpec {
  using incoming_message = Incoming;
  using outgoing_message = Outgoing;
  using handshake_message = Handshake;

  consteval Channel(const Service& of, std::string_view named, std::string_view at)
      : detail::ChannelSpec{
            &of, named, at, &detail::shape_of<Incoming>, &detail::shape_of<Outgoing>, handshake_shape()} {
    if constexpr (!detail::is_variant<Incoming>) detail::check_message<Incoming>();
    if constexpr (!detail::is_variant<Outgoing>) detail::check_message<Outgoing>();
    detail::check_names(of, named);
    if constexpr (!std::is_void_v<Handshake>) detail::check_message<Handshake>();
    detail::check_path_of<Handshake>(at);
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

 private:
  static consteval detail::ShapeOf handshake_shape() {
    if constexpr (std::is_void_v<Handshake>) {
      return nullptr;
    } else {
      return &detail::shape_of<Handshake>;
    }
  }
};

namespace detail {

// The constant that non-template code works with; its address is the method's own and stays.
template <class Result, class... P, class... Options>
constexpr const MethodSpec& spec_of(const Method<Result(P...), Options...>& method) {
  return method;
}
template <class Message>
constexpr const EventSpec& spec_of(const Event<Message>& event) {
  return event;
}
template <class Incoming, class Outgoing, class Handshake>
constexpr const ChannelSpec& spec_of(const Channel<Incoming, Outgoing, Handshake>& channel) {
  return channel;
}

}  // namespace detail
}  // namespace tutti
