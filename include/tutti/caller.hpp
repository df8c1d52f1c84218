// Calling another service: `auto receipt = call(payments::charge, {.order = id, .amount_minor = total});`
// The transport per target (in process, rpc, http) is a setting and never appears here. Deadline, trace and
// identity of the handler that calls travel along.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <tutti/contract.hpp>
#include <tutti/stream.hpp>

namespace tutti {

struct CallOptions {
  std::string idempotency_key = {};  // demanded for a retry of Repeat::by_key methods
  // Shorter than the method's own deadline and the handler's remaining time; the smallest of the three counts.
  std::optional<std::chrono::nanoseconds> deadline = {};
};

namespace detail {
class CallPath;  // src/service: finds the target and goes there

// The one non-template door of every call. `reply` is raw memory for the reply's shape (null if void): constructed on
// return. Throws the contract error's own type, or tutti::Error.
void call(CallPath& path, const MethodSpec& method, void* request, void* reply, const CallOptions& options);
// With a stream parameter: `feed(context, sink)` writes it while the call runs. With a stream result: returns its source.
struct StreamedBody {
  void* context;
  void (*feed)(void* context, Sink& sink);
};
std::unique_ptr<Source> call_streamed(CallPath& path, const MethodSpec& method, void* request, void* reply, const CallOptions& options,
                                      const StreamedBody* body);
}  // namespace detail

// Copyable, cheap; lives as long as the App. Waits. From a handler, a timer, spawned work, or tutti::run.
class Caller {
 public:
  explicit Caller(detail::CallPath& path) noexcept : path_(&path) {}

  // Throws a contract error as its own type; tutti::Error otherwise (unavailable, deadline_exceeded, ...).
  // When a call does not compile, write the type (call(m, Charge{.order = ..})): the compiler then names the field.
  template <class M>
  auto operator()(const M& method, typename M::request request, const CallOptions& options = {}) const {
    return call_one(method, &request, options);
  }
  // A method without a request.
  template <class M>
    requires(!M::has_request && !M::has_stream_in)
  auto operator()(const M& method, const CallOptions& options = {}) const {
    return call_one(method, nullptr, options);
  }
  // A method with a stream parameter: body(Out<T>&) writes it.
  template <class M, class Body>
    requires(M::has_stream_in)
  auto operator()(const M& method, typename M::request request, Body&& body, const CallOptions& options = {}) const {
    const detail::StreamedBody streamed = written_by<M>(body);
    return call_one(method, &request, options, &streamed);
  }
  template <class M, class Body>
    requires(!M::has_request && M::has_stream_in)
  auto operator()(const M& method, Body&& body, const CallOptions& options = {}) const {
    const detail::StreamedBody streamed = written_by<M>(body);
    return call_one(method, nullptr, options, &streamed);
  }

 private:
  template <class M, class Body>
  static detail::StreamedBody written_by(Body& body) {
    using Item = typename M::stream_in;
    return {const_cast<void*>(static_cast<const void*>(&body)), [](void* context, detail::Sink& sink) {
              Out<Item> out(sink);
              (*static_cast<Body*>(context))(out);
            }};
  }
  template <class M>
  auto call_one(const M& method, void* request, const CallOptions& options, const detail::StreamedBody* body = nullptr) const {
    if constexpr (M::has_stream_out) {
      return In<typename M::stream_out>(
          detail::call_streamed(*path_, detail::spec_of(method), request, nullptr, options, body));
    } else if constexpr (std::is_void_v<typename M::reply>) {
      if (body) {
        (void)detail::call_streamed(*path_, detail::spec_of(method), request, nullptr, options, body);
      } else {
        detail::call(*path_, detail::spec_of(method), request, nullptr, options);
      }
    } else {
      using Reply = typename M::reply;
      alignas(Reply) std::byte memory[sizeof(Reply)];
      if (body) {
        (void)detail::call_streamed(*path_, detail::spec_of(method), request, memory, options, body);
      } else {
        detail::call(*path_, detail::spec_of(method), request, memory, options);
      }
      struct Owner {
        Reply* reply;
        ~Owner() { reply->~Reply(); }
      } owner{std::launder(reinterpret_cast<Reply*>(memory))};
      return Reply(std::move(*owner.reply));
    }
  }

  detail::CallPath* path_;
};

}  // namespace tutti
