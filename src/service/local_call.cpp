// Calls between services of one process, and the door behind Caller. One rule: such a call behaves as over rpc, without
// the bytes: same checks, same errors, same deadline and limits, a fiber of its own.
#include <algorithm>
#include <memory>
#include <utility>

#include <tutti/caller.hpp>
#include <tutti/queue.hpp>

#include "message/equal.hpp"
#include "message/json_reader.hpp"
#include "message/json_writer.hpp"
#include "message/msgpack.hpp"
#include "message/validate.hpp"
#include "observe/trace/tracer.hpp"
#include "runtime/parker.hpp"
#include "service/dispatcher.hpp"
#include "service/host.hpp"
#include "service/value.hpp"

namespace tutti::detail {
namespace {

// Between the two fibers of a streamed call: bounded, so the faster one waits.
constexpr std::size_t stream_items_max = 16;
// Of a call that streams both ways: its caller reads only after it has written all, so until then the answer is kept.
constexpr std::size_t stream_items_kept_max = 4096;

class LocalStream final : public Source, public Sink {
 public:
  enum class Full : std::uint8_t { waits, fails };
  LocalStream(const Shape& element, std::size_t items_max, Full full)
      : element_(element), items_(items_max), full_(full) {}

  bool next(void* item) override {
    std::optional<Value> value = items_.pop();
    if (!value) return false;
    element_.destroy(item);
    element_.move(item, value->get());
    return true;
  }
  void write(const void* item, std::string_view) override {
    // The writer keeps its item: what arrives is a copy, made by the codec that any transport would use.
    std::string bytes;
    if (const Violations violations = message::write_msgpack(element_, item, bytes); !violations.empty()) {
      throw Error(Code::invalid_argument, "an item of a stream breaks its contract: " + violations.to_string());
    }
    Value copy(element_);
    copy.construct();
    (void)message::read_msgpack(element_, copy.get(), bytes);
    if (items_.closed()) throw_closed();
    if (full_ == Full::fails && items_.size() >= stream_items_kept_max) {
      throw Error(Code::resource_exhausted, "the caller still writes its own stream, and " +
                                                std::to_string(stream_items_kept_max) +
                                                " items of the answer wait for it already");
    }
    try {
      items_.push(std::move(copy));
    } catch (const Error&) {
      if (items_.closed()) throw_closed();
      throw;
    }
  }
  void close() { items_.close(); }
  // The writer went on after the reader had ended.
  [[nodiscard]] bool refused() const noexcept { return refused_; }
  // From now on there is a reader: a full queue makes the writer wait.
  void wait_when_full() noexcept { full_ = Full::waits; }

 private:
  [[noreturn]] void throw_closed() {
    refused_ = true;
    throw Error(Code::cancelled, "nobody reads the stream any more");
  }

  const Shape& element_;
  Queue<Value> items_;
  Full full_;
  bool refused_ = false;
};

struct LocalCall {
  LocalCall(ServedMethod& to, const MethodSpec& spec) : served(to), method(spec) {
    if (spec.request) request = Value(spec.request());
    if (spec.reply) reply = Value(spec.reply());
    if (spec.stream_in)
      in = std::make_unique<LocalStream>(spec.stream_in(), stream_items_max, LocalStream::Full::waits);
    if (!spec.stream_out) return;
    const bool both = spec.stream_in != nullptr;
    out = std::make_unique<LocalStream>(spec.stream_out(), both ? stream_items_kept_max : stream_items_max,
                                        both ? LocalStream::Full::fails : LocalStream::Full::waits);
  }

  ServedMethod& served;
  const MethodSpec& method;
  CallState state;
  std::string idempotency_key;
  std::string request_id;
  std::string context;
  Value request;
  Value reply;
  std::unique_ptr<LocalStream> in, out;
  Failure failure;
  bool finished = false;
  runtime::FiberHandle handle;
  runtime::Parker done;
};

std::string name_of(const MethodSpec& method) {
  return std::string(method.service->name) + "." + std::string(method.name);
}

// A request or reply as it would look after the wire, bounds checked on the way out. With codecs it really is written
// and read again as JSON, so that a field that does not survive is found in a test.
void check_message(Host& host, const MethodSpec& method, const Shape& shape, void* value, Code code) {
  const auto refuse = [&](const Violations& violations) {
    if (!violations.empty()) throw Error(code, name_of(method) + ": " + violations.to_string());
  };
  if (host.interceptor() == nullptr) return refuse(message::validate(shape, value));
  std::string bytes;
  refuse(message::write_json(shape, value, bytes));
  shape.destroy(value);
  shape.construct(value);
  refuse(message::read_json(shape, value, bytes));
}

std::shared_ptr<LocalCall> begin(CallPath& path, ServedMethod& served, const MethodSpec& method, void* request,
                                 Instant deadline, const CallOptions& options) {
  Host& host = path.host();
  const CallState* const caller = current_call();
  const std::size_t depth = caller ? caller->depth + 1 : 1;
  const std::size_t depth_max = host.environment().library().call_depth_max;
  if (depth > depth_max) {
    throw Error(Code::resource_exhausted, "calls within this process are nested " + std::to_string(depth) +
                                              " deep at " + name_of(method) + "; at most " + std::to_string(depth_max) +
                                              " (tutti.call_depth_max)");
  }
  auto call = std::make_shared<LocalCall>(served, method);
  if (method.request) {
    check_message(host, method, method.request(), request, Code::invalid_argument);
    call->request.move_from(request);
  }
  call->idempotency_key = options.idempotency_key;
  CallState& state = call->state;
  state.entry = EntryPoint::in_process;
  state.deadline = deadline;
  // The caller is a composition of this very process: its word is good.
  if (!path.from() && host.interceptor()) {
    state.identity = host.interceptor()->tester();
  } else {
    state.identity = {.name = path.from() ? std::string(path.from()->name()) : "local", .permissions = {"*"}};
  }
  if (caller) {
    call->request_id = caller->request_id;
    call->context = caller->context;
    state.trace = caller->trace;
  }
  state.request_id = call->request_id;
  state.idempotency_key = call->idempotency_key;
  state.context = call->context;
  state.depth = depth;
  host.shard().spawn({.name = served.full_name, .deadline = deadline, .handle = &call->handle}, [call, &host] {
    Span span = host.environment().tracer().start(call->served.full_name, SpanKind::server, call->state.trace);
    call->state.trace = span.context();
    call->failure =
        dispatch(call->served, call->state, call->request.get(), call->reply.get(), call->in.get(), call->out.get());
    if (!call->failure.failed() && call->method.reply) {
      call->reply.adopt();
      try {
        check_message(host, call->method, call->method.reply(), call->reply.get(), Code::internal);
      } catch (const Error& error) {
        call->failure = {.code = error.code(), .message = error.what()};
      }
    }
    if (call->failure.failed()) span.fail(call->failure.message);
    if (call->in) call->in->close();  // a caller that still writes learns that nobody reads
    if (call->out) call->out->close();
    call->finished = true;
    call->done.unpark();
  });
  return call;
}

// The caller leaves at its deadline whatever the handler does; the handler is cancelled and ends by itself.
void await(LocalCall& call, Instant deadline) {
  try {
    if (!call.finished && !call.done.park(deadline, "a call")) {
      call.handle.cancel();
      throw Error(Code::deadline_exceeded, "the deadline passed while waiting for " + name_of(call.method));
    }
  } catch (...) {
    call.handle.cancel();
    throw;
  }
  if (call.failure.failed()) raise(call.failure);
}

void call_local(CallPath& path, ServedMethod& served, const MethodSpec& method, void* request, void* reply,
                Instant deadline, const CallOptions& options) {
  const auto call = begin(path, served, method, request, deadline, options);
  await(*call, deadline);
  if (method.reply) method.reply().move(reply, call->reply.get());
}

// In a test every by_key call is made twice: a handler that is not ready for that shows at once.
void call_local_twice(CallPath& path, ServedMethod& served, const MethodSpec& method, void* request, void* reply,
                      Instant deadline, const CallOptions& options) {
  std::string copy;
  if (method.request) (void)message::write_msgpack(method.request(), request, copy);
  call_local(path, served, method, request, reply, deadline, options);
  Value again_request, again_reply;
  if (method.request) {
    again_request = Value(method.request());
    again_request.construct();
    (void)message::read_msgpack(method.request(), again_request.get(), copy);
  }
  if (method.reply) {
    again_reply = Value(method.reply());
  }
  try {
    call_local(path, served, method, again_request.get(), again_reply.get(), deadline, options);
  } catch (const std::exception& error) {
    path.host().interceptor()->repeated_differently(method, std::string("the repeated call failed: ") + error.what());
    return;
  } catch (...) {
    path.host().interceptor()->repeated_differently(
        method, "the repeated call failed: " + type_name_of(std::current_exception()));
    return;
  }
  if (!method.reply) return;
  again_reply.adopt();
  const auto differences = message::differences(method.reply(), again_reply.get(), reply, 1);
  if (!differences.empty()) path.host().interceptor()->repeated_differently(method, differences.front());
}

// The shortest of what the method, the caller's options and the caller's own deadline allow.
Instant deadline_for(CallPath& path, const MethodSpec& method, const CallOptions& options) {
  runtime::Shard& shard = path.host().shard();
  const auto own = options.deadline ? std::min(*options.deadline, method.rules.deadline) : method.rules.deadline;
  const Instant deadline = std::min(shard.now() + own, runtime::deadline());
  if (deadline <= shard.now()) {
    throw Error(Code::deadline_exceeded, "no time is left to call " + name_of(method));
  }
  return deadline;
}

client::Outgoing outgoing_for(CallPath& path, Instant deadline, const CallOptions& options) {
  client::Outgoing outgoing{.deadline = deadline, .idempotency_key = options.idempotency_key};
  if (path.from()) outgoing.identity = path.from()->name();
  if (const CallState* caller = current_call()) {
    outgoing.trace = caller->trace;
    outgoing.request_id = caller->request_id;
    outgoing.method = caller->method_name;
    outgoing.context = caller->context;
  }
  return outgoing;
}

// A call that leaves the process is a span of its own, if spans are kept: the time on the way and of repeated attempts
// is in it, and the handler's span lies below.
template <class Send>
auto sent(CallPath& path, const MethodSpec& method, Instant deadline, const CallOptions& options, const Send& send) {
  client::Outgoing outgoing = outgoing_for(path, deadline, options);
  observe::Tracer& tracer = path.host().environment().tracer();
  if (!tracer.exporting()) return send(outgoing);
  const std::string name = name_of(method);
  Span span = tracer.start(name, SpanKind::client, outgoing.trace);
  span.set("rpc.system.name", "tutti");
  span.set("rpc.method", name);
  outgoing.trace = span.context();
  try {
    return send(outgoing);
  } catch (...) {
    span.set("error.type", type_name_of(std::current_exception()));
    span.fail("");
    throw;
  }
}

// Reading it is the caller's side of a streamed result; dropping it early cancels the handler.
class LocalSource final : public Source {
 public:
  explicit LocalSource(std::shared_ptr<LocalCall> call) : call_(std::move(call)) {}
  ~LocalSource() override {
    if (!call_->finished) call_->handle.cancel();
    call_->out->close();
  }
  bool next(void* item) override {
    if (call_->out->next(item)) return true;
    await(*call_, call_->state.deadline);
    return false;
  }

 private:
  std::shared_ptr<LocalCall> call_;
};

}  // namespace

void call(CallPath& path, const MethodSpec& method, void* request, void* reply, const CallOptions& options) {
  check_may_wait("a call");
  const Instant deadline = deadline_for(path, method, options);
  Host& host = path.host();
  Interceptor* const interceptor = host.interceptor();
  if (interceptor && interceptor->intercept(path, method, request, reply, options)) return;
  if (ServedMethod* served = host.find(method)) {
    const bool twice = interceptor && method.rules.repeat == Repeat::by_key && !options.idempotency_key.empty();
    return (twice ? call_local_twice : call_local)(path, *served, method, request, reply, deadline, options);
  }
  if (interceptor) interceptor->missing(path, method);
  sent(path, method, deadline, options,
       [&](const client::Outgoing& outgoing) { host.client().call(method, request, reply, outgoing); });
}

std::unique_ptr<Source> call_streamed(CallPath& path, const MethodSpec& method, void* request, void* reply,
                                      const CallOptions& options, const StreamedBody* body) {
  check_may_wait("a call");
  const Instant deadline = deadline_for(path, method, options);
  Host& host = path.host();
  ServedMethod* const served = host.find(method);
  if (!served) {
    if (host.interceptor()) host.interceptor()->missing(path, method);
    return sent(path, method, deadline, options, [&](const client::Outgoing& outgoing) {
      return host.client().call_streamed(method, request, reply, outgoing, body ? body->context : nullptr,
                                         body ? body->feed : nullptr);
    });
  }
  const auto call = begin(path, *served, method, request, deadline, options);
  if (body) {
    try {
      body->feed(body->context, *call->in);
    } catch (...) {
      // The handler has its answer without the rest of the stream, or its failure: that is what the caller gets.
      if (!call->finished || !call->in->refused()) {
        call->handle.cancel();
        call->in->close();
        throw;
      }
    }
    call->in->close();
    if (call->out) call->out->wait_when_full();
  }
  if (method.stream_out) return std::make_unique<LocalSource>(call);
  await(*call, deadline);
  if (method.reply) method.reply().move(reply, call->reply.get());
  return nullptr;
}

}  // namespace tutti::detail
