// The one path of every call, whatever the entry point: limits, deadline, who may, middleware, handler, errors.
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include <tutti/error.hpp>
#include <tutti/stream.hpp>

#include "service/composition.hpp"

namespace tutti::detail {

// What came out of a handler other than its reply.
struct Failure {
  Code code = Code::ok;
  std::string message = {};
  const ErrorSpec* contract_error = nullptr;  // then `exception` holds it
  std::string type = {};                      // its wire name, "payments.Declined"
  int http_status = 0;                        // 0: by the code
  std::exception_ptr exception = {};

  [[nodiscard]] bool failed() const noexcept { return code != Code::ok; }
};

// Runs the handler on the fiber that calls; constructs *reply (raw memory) if it succeeds. Never throws. `request` is the handler's to move from; `in` and
// `out` only for streams.
[[nodiscard]] Failure dispatch(ServedMethod& served, CallState& state, void* request, void* reply, Source* in, Sink* out);

// The same path for what has no method: a raw handler, a timer, spawned work. `run(context)` may throw.
[[nodiscard]] Failure dispatch_raw(Composition& composition, CallState& state, std::string_view route, void* context,
                                   void (*run)(void* context, const Context&));

// What nobody expected to be thrown beside a handler (by an authenticator, say): logged, and answered as internal.
[[nodiscard]] Failure odd_failure(Composition& composition, std::string_view where, const std::exception_ptr& exception);

// Throws what the failure is: the contract error's own type, or tutti::Error.
[[noreturn]] void raise(const Failure& failure);

// The error's value as JSON, and as MessagePack (empty for a plain error).
[[nodiscard]] std::string json_of(const Failure& failure);
[[nodiscard]] std::string msgpack_of(const Failure& failure);

// Who calls, by the credentials that the entry point has. Throws tutti::Error(unauthenticated) for wrong ones.
[[nodiscard]] Identity identify(const Composition& composition, const Credentials& credentials);

// The same where a caller may also say a name, which counts only from one that proved itself and may do everything anyway,
// or where tutti.rpc.trust_network says so: whoever has fewer rights does not become somebody else.
[[nodiscard]] Identity identify_claimed(const Composition& composition, const Credentials& credentials, std::string_view claimed);

// "catalog::Unknown": the type of an exception, for people.
[[nodiscard]] std::string type_name_of(const std::exception_ptr& exception);

}  // namespace tutti::detail
