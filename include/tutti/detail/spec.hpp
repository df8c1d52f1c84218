// What non-template code knows of a contract: a method, an event, a service, as constants.
// tutti::Method and tutti::Event (contract.hpp) are thin typed skins over these.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <span>
#include <string_view>

#include <tutti/error.hpp>

namespace tutti {

// A service as its callers know it. contract_version is the contract's ("1.0"), not the build's.
struct Service {
  std::string_view name;  // [a-z][a-z0-9_-]{0,62}
  std::string_view contract_version;
};

// May a call be repeated when its fate is unknown? Retries follow only from this.
enum class Repeat : std::uint8_t {
  unsafe,  // never repeated (default)
  safe,    // reads only: repeated freely
  by_key,  // repeated under the caller's idempotency key; the handler works in database.once(...)
};

enum class Verb : std::uint8_t { get, head, post, put, patch, del, options };

struct Route {
  Verb verb = Verb::post;
  std::string_view path = {};  // "/charges/{id}"; empty: POST /<service>/<method>
  int status = 200;            // of a success: 200, 201, 202, 204 (a method without reply answers 204 unless it says otherwise)
};

struct Rules {
  Repeat repeat = Repeat::unsafe;
  std::chrono::nanoseconds deadline = std::chrono::seconds(5);  // the caller's default, and the server's upper limit with none sent
  std::string_view allow = {};  // identity's permission that is demanded ("payments:charge"); empty: everybody
};

namespace detail {

struct Shape;
using ShapeOf = const Shape& (*)();

struct ErrorSpec {
  ShapeOf shape;
  Code code;
  int http_status;  // 0: by the code
  // Whether the exception is this type; if so calls found(context, &error).
  bool (*holds)(const std::exception_ptr&, void* context, void (*found)(void* context, const void* error));
  // Throws *error (moved from).
  void (*raise)(void* error);
};

struct MethodSpec {
  const Service* service;
  std::string_view name;  // [a-z][a-z0-9_.]*; on the RPC wire "<service>.<name>"
  Route route;
  Rules rules;
  ShapeOf request;     // null: takes no request
  ShapeOf reply;       // null: void, or a stream
  ShapeOf stream_in;   // element of a Stream<T> parameter; null: none
  ShapeOf stream_out;  // element of a Stream<T> result; null: none
  std::span<const ErrorSpec> errors;
};

struct EventSpec {
  const Service* service;
  std::string_view name;
  ShapeOf message;
};

}  // namespace detail
}  // namespace tutti
