// Any bytes as the body of a request, of an answer, and of a WebSocket's call: no crash; what binds is one JSON object,
// and what was understood of a failure is written so that it is understood again and says the same.
#include "wire/nameko/call.hpp"

#include <cstdint>
#include <cstdlib>

#include <tutti/detail/reflect.hpp>

#include "message/json_reader.hpp"
#include "wire/nameko/socket_frame.hpp"

using namespace tutti::wire::nameko;

namespace {
struct Message {
  std::string a;
  int b = 0;
  bool c = false;
};
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const tutti::detail::Shape& shape = tutti::detail::shape_of<Message>();
  if (const Request request = parse_request(body); request.fault.empty()) {
    const Bound bound = bind_arguments("method", shape, request);
    if (bound.fault.empty() && !tutti::message::check_json(bound.message).empty()) std::abort();
  }
  if (const SocketCall call = parse_socket_call(body); call.fault.empty()) {
    const Bound bound = bind_arguments(call.method, shape, {.args = "[]", .kwargs = call.data});
    if (bound.fault.empty() && !tutti::message::check_json(bound.message).empty()) std::abort();
    if (!tutti::message::check_json(socket_result("{}", call.correlation_id)).empty()) std::abort();
  }
  const Reply reply = parse_reply(body);
  if (!reply.fault.empty()) return 0;
  if (!reply.failed) {
    if (!tutti::message::check_json(reply.result).empty()) std::abort();
    return 0;
  }
  if (!tutti::message::check_json(record_of_arguments(shape, reply.failure.exc_args)).empty()) std::abort();
  std::string written;
  append_failure(written, reply.failure);
  const Reply again = parse_reply(written);
  if (!again.fault.empty() || !again.failed || again.failure.exc_path != reply.failure.exc_path ||
      again.failure.value != reply.failure.value)
    std::abort();
  return 0;
}
