#include "service/event_wire.hpp"

#include <algorithm>

#include "wire/amqp/content.hpp"
#include "wire/nameko/context.hpp"
#include "wire/trace_context.hpp"

namespace tutti::detail {

namespace amqp = wire::amqp;

namespace {

constexpr std::size_t error_bytes_max = 1000;  // in a header

std::string event_queue(const Subscription& subscription) {
  return "evt-" + std::string(subscription.spec->service->name) + "-" + std::string(subscription.spec->name);
}

// Nameko has the method's name in this place.
std::string pool_queue(const Subscription& subscription) {
  return event_queue(subscription) + "--" + std::string(subscription.composition->name()) + "." +
         handler_name_of(subscription);
}

// The longest that is made of it is the retry queue's.
constexpr std::size_t queue_bytes_max = amqp::shortstr_bytes_max - std::string_view("tutti.retry.2147483647.").size();

// A cut inside of a character would be no UTF-8.
std::string_view shortened(std::string_view text) {
  if (text.size() <= error_bytes_max) return text;
  std::size_t end = error_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

// Also where a Nameko service between here and there has carried it on.
TraceContext trace_of(std::optional<amqp::Table> headers) {
  const wire::nameko::CallHeaders sent = wire::nameko::parse_call_headers(headers);
  TraceContext trace;
  if (const auto parent = wire::parse_traceparent(sent.traceparent)) {
    trace = {.trace_id = parent->trace, .span_id = parent->span, .flags = parent->flags};
    if (wire::is_tracestate(sent.tracestate)) trace.tracestate = sent.tracestate;
  }
  return trace;
}

// Ours, and those of the broker's own dead lettering, which tell only of our delay queues.
bool is_replaced(std::string_view key) {
  return key.starts_with("tutti.") || key == "x-death" || key.starts_with("x-first-death-") ||
         key.starts_with("x-last-death-");
}

amqp::TableBuilder kept_headers(const amqp::Properties& properties) {
  amqp::TableBuilder headers;
  amqp::TableCursor cursor(properties.headers.value_or(amqp::Table{}));
  while (const auto pair = cursor.next()) {
    if (!is_replaced(pair->key)) headers.add(pair->key, pair->value);
  }
  return headers;
}

}  // namespace

std::string exchange_of(std::string_view source_service) { return std::string(source_service) + ".events"; }

std::string handler_name_of(const Subscription& subscription) {
  const std::string& named = subscription.rules.name;
  return named.empty() ? "on_" + std::string(subscription.spec->name) : named;
}

std::string shared_queue_of(const Subscription& subscription) {
  return subscription.rules.delivery == Delivery::singleton ? event_queue(subscription) : pool_queue(subscription);
}

std::string queue_of(const Subscription& subscription, std::string_view instance) {
  std::string queue = shared_queue_of(subscription);
  if (subscription.rules.delivery == Delivery::broadcast) queue += "-" + std::string(instance);
  if (queue.size() > queue_bytes_max) {
    throw Error(Code::failed_precondition, "the queue \"" + queue + "\" has " + std::to_string(queue.size()) +
                                               " bytes in its name, and a broker takes " +
                                               std::to_string(queue_bytes_max) + "; give the handler a shorter name");
  }
  return queue;
}

std::string dead_queue_of(const Subscription& subscription) { return "tutti.dead." + shared_queue_of(subscription); }

std::string retry_queue_of(std::string_view queue, std::chrono::milliseconds pause) {
  return "tutti.retry." + std::to_string(pause.count()) + "." + std::string(queue);
}

const std::string& QueueNames::add(const Subscription& subscription, std::string_view instance) {
  const auto [known, fresh] = names_.insert(queue_of(subscription, instance));
  if (!fresh && subscription.rules.delivery != Delivery::singleton) {
    throw Error(Code::failed_precondition, "two handlers of \"" + std::string(subscription.composition->name()) +
                                               "\" share the queue " + *known +
                                               "; give one of them a name (EventRules::name)");
  }
  return *known;
}

std::chrono::milliseconds pause_after(const RetryRules& rules, int attempt) {
  std::chrono::nanoseconds pause = rules.first;
  for (int i = 1; i < attempt && pause < rules.longest; ++i) pause *= 2;
  const auto whole = std::chrono::ceil<std::chrono::milliseconds>(std::min(pause, rules.longest));
  return std::clamp(whole, std::chrono::milliseconds(1), std::chrono::milliseconds(2'147'483'647));
}

std::string event_properties(const EventHead& head) {
  amqp::TableBuilder headers;
  wire::nameko::append_call_headers(headers, {head.context},
                                    {.traceparent = head.traceparent, .tracestate = head.tracestate});
  std::string bytes;
  amqp::append_properties(
      bytes,
      {.content_type = "application/json",
       .content_encoding = "utf-8",
       .headers = headers.table(),
       .delivery_mode = 2,
       .priority = 0,
       .message_id = head.id,
       .timestamp =
           static_cast<std::uint64_t>(std::chrono::floor<std::chrono::seconds>(head.at.since_epoch).count())});
  return bytes;
}

ReceivedEvent received_event(std::string_view properties, std::string_view exchange, std::string_view routing_key) {
  ReceivedEvent event{.exchange = std::string(exchange), .routing_key = std::string(routing_key)};
  const amqp::PropertiesResult parsed = amqp::parse_properties(properties);
  event.id = parsed.properties.message_id.value_or("");
  const auto& headers = parsed.properties.headers;
  event.trace = trace_of(headers);
  if (!headers) return event;
  event.headers = headers->bytes;
  if (const auto attempt = amqp::find(*headers, event_header::attempt))
    event.attempt = static_cast<int>(std::clamp<std::int64_t>(attempt->integer().value_or(1), 1, 1'000'000));
  // Behind a delay queue it comes through the default exchange.
  if (const auto first = amqp::find(*headers, event_header::exchange))
    event.exchange = first->text().value_or(exchange);
  if (const auto first = amqp::find(*headers, event_header::routing_key))
    event.routing_key = first->text().value_or(routing_key);
  return event;
}

std::string forwarded_properties(std::string_view properties, const ReceivedEvent& event,
                                 const Forwarding& forwarding) {
  amqp::Properties changed = amqp::parse_properties(properties).properties;
  amqp::TableBuilder headers = kept_headers(changed);
  headers.integer(event_header::attempt, forwarding.attempt);
  headers.text(event_header::exchange, event.exchange);
  headers.text(event_header::routing_key, event.routing_key);
  headers.text(event_header::queue, forwarding.queue);
  if (!forwarding.reason.empty()) headers.text(event_header::reason, forwarding.reason);
  headers.text(event_header::error, shortened(forwarding.error));
  changed.headers = headers.table();
  changed.delivery_mode = 2;
  changed.message_id = forwarding.id;
  changed.expiration.reset();  // its own would let it fall out of a queue of ours
  std::string bytes;
  amqp::append_properties(bytes, changed);
  return bytes;
}

std::string replayed_properties(std::string_view properties) {
  amqp::Properties changed = amqp::parse_properties(properties).properties;
  amqp::TableBuilder headers = kept_headers(changed);
  // It comes through the default exchange; these still say what it is.
  for (const std::string_view key : {event_header::exchange, event_header::routing_key}) {
    if (const auto value = changed.headers ? amqp::find(*changed.headers, key) : std::nullopt) headers.add(key, *value);
  }
  changed.headers = headers.table();
  changed.delivery_mode = 2;
  std::string bytes;
  amqp::append_properties(bytes, changed);
  return bytes;
}

}  // namespace tutti::detail
