// Calls over a broker as Python's Nameko writes them: a request and its answer are two messages with JSON bodies,
// through one exchange, to the queue of a service and back to a queue of the caller.
//   {"args": [1], "kwargs": {"b": 2}}
//   {"result": 3, "error": null}
//   {"result": null, "error": {"exc_type": "Boom", "exc_path": "shop.Boom", "exc_args": ["no"], "value": "no"}}
// docs/reference/wire.md has all of it. Bodies are checked to be JSON before anything of them is looked at.
#pragma once

#include <string>
#include <string_view>

#include <tutti/detail/shape.hpp>

namespace tutti::wire::nameko {

inline constexpr std::string_view rpc_exchange = "nameko-rpc";  // topic, durable; requests and answers

// Nameko's own exceptions: callers know them by these paths.
inline constexpr std::string_view method_not_found = "nameko.exceptions.MethodNotFound";
inline constexpr std::string_view incorrect_signature = "nameko.exceptions.IncorrectSignature";
inline constexpr std::string_view malformed_request = "nameko.exceptions.MalformedRequest";
// Errors of ours that are no contract errors: "tutti.unavailable".
inline constexpr std::string_view code_path_prefix = "tutti.";
// The class of a tutti.unavailable by which a service that has too much to do says that it has not even begun.
inline constexpr std::string_view overloaded_class = "Overloaded";

// A request's parts as JSON: an array and an object.
struct Request {
  std::string_view args = {};
  std::string_view kwargs = {};
  std::string fault = {};  // empty: fine
};
[[nodiscard]] Request parse_request(std::string_view body);
// With keyword arguments only: `kwargs` is a JSON object.
void append_request(std::string& out, std::string_view kwargs);

struct Failure {
  std::string exc_type = {};  // "Declined"
  std::string exc_path = {};  // "payments.Declined"
  std::string exc_args = {};  // a JSON array; empty: []
  std::string value = {};     // for people
  std::string fields = {};    // ours: a contract error by field names, a JSON object; empty: none
};

struct Reply {
  bool failed = false;
  std::string_view result = {};  // JSON, "null" for nothing
  Failure failure = {};
  std::string fault = {};  // empty: fine
};
[[nodiscard]] Reply parse_reply(std::string_view body);
// Around a result that is appended in between.
inline constexpr std::string_view reply_head = "{\"result\":";
inline constexpr std::string_view reply_tail = ",\"error\":null}";
void append_failure(std::string& out, const Failure& failure);
// The error alone: {"exc_type": "Boom", ...}.
void append_exception(std::string& out, const Failure& failure);

// Arguments as the JSON object of the message that they are: those of `args` are its fields in their order. `fault`
// says what does not fit as Python says it: "charge() missing 1 required positional argument: 'order'".
struct Bound {
  std::string message = {};
  std::string fault = {};  // empty: fine
};
[[nodiscard]] Bound bind_arguments(std::string_view method, const detail::Shape& record, const Request& request);
// For a method that takes nothing: what does not fit.
[[nodiscard]] std::string bind_nothing(std::string_view method, const Request& request);

// An exception's arguments as the JSON object of the record. Nameko makes texts of numbers and None: where a field is a
// number or a boolean, such a text is that again. What is more than there are fields is left out.
[[nodiscard]] std::string record_of_arguments(const detail::Shape& record, std::string_view exc_args);
// A result that is no object, as the record whose only field it is.
[[nodiscard]] std::string record_of_result(const detail::Shape& record, std::string_view result);
// The reverse of arguments: the values of a record's JSON object in the order of its fields; those at the end that are
// absent are left out.
[[nodiscard]] std::string arguments_of_record(const detail::Shape& record, std::string_view object);

}  // namespace tutti::wire::nameko
