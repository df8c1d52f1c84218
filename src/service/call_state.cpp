#include "service/call_state.hpp"

#include <algorithm>

#include <tutti/database.hpp>

#include "observe/trace/tracer.hpp"
#include "runtime/shard.hpp"
#include "service/composition.hpp"
#include "service/environment.hpp"
#include "service/host.hpp"
#include "wire/nameko/context.hpp"

namespace tutti {

bool Identity::may(std::string_view permission) const noexcept {
  return std::ranges::any_of(permissions, [&](const std::string& granted) {
    if (granted == permission || granted == "*") return true;
    // "payments:*" grants every permission of payments.
    return granted.size() >= 2 && granted.ends_with(":*") &&
           permission.starts_with(std::string_view(granted).substr(0, granted.size() - 1));
  });
}

Instant Context::deadline() const noexcept { return state_->deadline; }

std::chrono::nanoseconds Context::remaining() const noexcept {
  if (state_->deadline == Instant::never()) return std::chrono::nanoseconds::max();
  const auto left = state_->deadline - runtime::Shard::current().read_clock();
  return std::max(left, std::chrono::nanoseconds(0));
}

const Identity& Context::identity() const noexcept { return state_->identity; }
std::string_view Context::service() const noexcept {
  return state_->composition ? state_->composition->name() : std::string_view();
}
std::string_view Context::method() const noexcept { return state_->method_name; }
std::string_view Context::idempotency_key() const noexcept { return state_->idempotency_key; }
std::string_view Context::request_id() const noexcept { return state_->request_id; }
const TraceContext& Context::trace() const noexcept { return state_->trace; }
std::string_view Context::last_event_id() const noexcept { return state_->last_event_id; }
std::string_view Context::message_id() const noexcept { return state_->message_id; }

const Logger& Context::log() const {
  if (!state_->logger)
    state_->logger.emplace(state_->composition->log_channel(), state_->trace,
                           LogScope{state_->request_id, state_->method_name});
  return *state_->logger;
}

Span Context::span(std::string_view name) const {
  return state_->composition->host().environment().tracer().start(name, SpanKind::internal, state_->trace);
}

namespace detail {

CallState* current_call() noexcept {
  if (runtime::Shard::current_or_null() == nullptr || !runtime::on_fiber()) return nullptr;
  return static_cast<CallState*>(const_cast<void*>(runtime::context()));
}

std::string event_context(const CallState& call, Random& random) {
  if (!call.context.empty()) return std::string(call.context);
  const std::string id = call.request_id.empty() ? random.id() : std::string(call.request_id);
  const std::string_view service = call.composition ? call.composition->name() : std::string_view("tutti");
  return wire::nameko::context_of({}, std::string(service) + "." + std::string(call.method_name) + "." + id);
}

observe::LogOrigin log_origin() noexcept {
  const CallState* const call = current_call();
  if (!call || !call->trace.valid()) return {};
  return {.trace = &call->trace, .scope = {call->request_id, call->method_name}};
}

CurrentCall::CurrentCall(CallState& state) noexcept
    : before_(runtime::context()), deadline_before_(runtime::deadline()) {
  state.deadline = std::min(state.deadline, deadline_before_);
  runtime::set_context(&state);
  runtime::set_deadline(state.deadline);
}

CurrentCall::~CurrentCall() {
  runtime::set_context(before_);
  runtime::set_deadline(deadline_before_);
}

OnceCall once_call_of(const Context& context) {
  CallState& state = context.state();
  if (state.method == nullptr)
    throw Error(Code::failed_precondition,
                "once is for handlers of methods with Repeat::by_key; here a transaction will do");
  state.once_called = true;
  return {
      .method = state.method, .identity = state.identity.name, .key = state.idempotency_key, .request = state.request};
}

}  // namespace detail
}  // namespace tutti
