// The messages of MessagePack-RPC (its specification): request [0, id, method, params], response
// [1, id, error, result], notification [2, method, params]. To peers that said tutti.hello a request has a fifth
// element, the metadata; from anybody else a fifth element is refused, as the specification knows four.
//
// Parsing gives views into the message; writing appends, so that many messages leave in one write.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tutti/error.hpp>

#include "wire/msgpack_rpc/metadata.hpp"

namespace tutti::wire::msgpack_rpc {

enum class Kind : std::uint8_t { request = 0, response = 1, notification = 2 };

// What the other side is known to understand.
enum class Dialect : std::uint8_t {
  plain,  // the specification
  tutti,  // tutti.hello was said and answered
};

struct Message {
  Kind kind = Kind::request;
  std::uint32_t id = 0;            // requests, responses
  std::string_view method = {};    // requests, notifications
  std::string_view params = {};    // the array, whole
  std::string_view metadata = {};  // the map, whole; empty: none
  std::string_view error = {};     // responses: one value; empty: none (nil)
  std::string_view result = {};    // responses: one value
};
struct MessageResult {
  Message message = {};
  std::string_view fault = {};  // empty: fine
  bool answerable = false;      // with a fault: it is a request whose id was read, so the caller can be told
};
// Exactly one whole message, as the scanner found it: its last element is what is left, and is not walked over again.
[[nodiscard]] MessageResult parse_message(std::string_view bytes, Dialect dialect) noexcept;

inline constexpr std::size_t method_bytes_max = 256;

// The one argument of a call: params, of a message as above, is an array of exactly one map, or empty (then `argument`
// is empty too).
struct Argument {
  std::string_view argument = {};
  std::string_view fault = {};
};
[[nodiscard]] Argument argument_of(std::string_view params) noexcept;

// A request in two steps, the message's own encoder between them:
//   append_request(out, id, "payments.charge", &metadata); append_array(out, 1); encode(out, request);
//   append_metadata(...)
// append_request writes everything before params; whether a metadata map follows must be known then.
enum class Trailing : std::uint8_t { nothing, metadata };
void append_request(std::string& out, std::uint32_t id, std::string_view method, Trailing trailing);
void append_notification(std::string& out, std::string_view method);  // params follow
// One whole value each; an empty result is nil.
void append_response(std::string& out, std::uint32_t id, std::string_view result);
void append_error_response(std::string& out, std::uint32_t id, std::string_view error);
// Everything before the result, which the message's encoder appends.
void append_response_head(std::string& out, std::uint32_t id);

// The error element {code, message, type, value}: `type` and `value` only for a contract error.
struct RpcError {
  Code code = Code::unknown;
  std::string_view message = {};
  std::string_view type = {};   // wire name, "payments.Declined"
  std::string_view value = {};  // one MessagePack value
};
void append_error(std::string& out, const RpcError& error);
// What any peer put into its error element: a map as ours; a text, or anything else, is `unknown` with that text.
[[nodiscard]] RpcError parse_error(std::string_view value) noexcept;

// The handshake: a request `tutti.hello` with [{version, service}], answered by {version}. A peer that does not know
// the method answers with an error and stays plain.
inline constexpr std::string_view hello_method = "tutti.hello";
inline constexpr std::uint32_t hello_version = 1;
struct Hello {
  std::uint32_t version = hello_version;  // the highest that the sender speaks; the answer is the one to be used
  std::string_view service = {};          // the sender's name, for logs; may be empty
};
void append_hello(std::string& out, std::uint32_t id, const Hello& hello);
void append_hello_reply(std::string& out, std::uint32_t id, const Hello& hello);
// Of the argument of the request, or of the result of the reply. Nothing if it is no hello.
[[nodiscard]] std::optional<Hello> parse_hello(std::string_view map) noexcept;

// Nobody waits for the answer to that request any more: a notification `tutti.cancel` with [id]. No answer need come.
inline constexpr std::string_view cancel_method = "tutti.cancel";
void append_cancel(std::string& out, std::uint32_t id);
[[nodiscard]] std::optional<std::uint32_t> parse_cancel(std::string_view params) noexcept;

// The server drains: a notification `tutti.goodbye` with []. Calls in flight are answered; new ones go elsewhere.
inline constexpr std::string_view goodbye_method = "tutti.goodbye";
void append_goodbye(std::string& out);

}  // namespace tutti::wire::msgpack_rpc
