#include "wire/nameko/context.hpp"

#include <algorithm>
#include <vector>

namespace tutti::wire::nameko {
namespace {

constexpr std::string_view prefix = "nameko.";
constexpr std::string_view stack_header = "nameko.call_id_stack";
constexpr std::string_view auth_token_header = "nameko.auth_token";
constexpr std::string_view traceparent_header = "traceparent";
constexpr std::string_view tracestate_header = "tracestate";
constexpr std::string_view authorization_header = "authorization";
constexpr std::string_view identity_header = "tutti.identity";
constexpr std::string_view idempotency_key_header = "tutti.idempotency-key";
constexpr std::string_view request_id_header = "tutti.request-id";
constexpr std::string_view deadline_header = "tutti.deadline-ms";

// Of one call only: the next has its own.
bool is_carried_on(std::string_view key) {
  if (key == stack_header || key.size() > 200) return false;
  if (key.starts_with(prefix)) key.remove_prefix(prefix.size());
  return !key.starts_with("tutti.") && !key.starts_with("x-") && key != traceparent_header &&
         key != tracestate_header && key != authorization_header;
}

std::string_view text_at(amqp::Table table, std::string_view key) {
  const auto value = amqp::find(table, key);
  return value ? value->text().value_or("") : std::string_view();
}

std::string_view carried_text_at(amqp::Table table, std::string_view key) {
  const std::string_view plain = text_at(table, key);
  return plain.empty() ? text_at(table, std::string(prefix).append(key)) : plain;
}

std::vector<std::string_view> stack_of(amqp::Table headers) {
  std::vector<std::string_view> stack;
  const auto value = amqp::find(headers, stack_header);
  const auto array = value ? value->array() : std::nullopt;
  if (!array) return stack;
  amqp::ArrayCursor cursor(*array);
  while (const auto id = cursor.next()) {
    if (const auto text = id->text(); text && text->size() <= 255) stack.push_back(*text);
  }
  if (stack.size() > parent_calls_max) stack.erase(stack.begin(), stack.end() - parent_calls_max);
  return stack;
}

}  // namespace

std::string context_of(std::optional<amqp::Table> headers, std::string_view call_id) {
  amqp::TableBuilder context;
  amqp::ArrayBuilder stack;
  if (headers) {
    for (const std::string_view parent : stack_of(*headers)) stack.text(parent);
  }
  stack.text(call_id);
  context.array(stack_header, stack);
  if (!headers || headers->bytes.size() > context_bytes_max) return std::string(context.table().bytes);
  amqp::TableCursor cursor(*headers);
  while (const auto pair = cursor.next()) {
    if (!is_carried_on(pair->key) || pair->value.type == amqp::ValueType::nothing) continue;
    context.add(pair->key.starts_with(prefix) ? std::string(pair->key) : std::string(prefix).append(pair->key),
                pair->value);
  }
  return std::string(context.table().bytes);
}

CallHeaders parse_call_headers(std::optional<amqp::Table> headers) {
  if (!headers) return {};
  CallHeaders parsed{.traceparent = carried_text_at(*headers, traceparent_header),
                     .tracestate = carried_text_at(*headers, tracestate_header),
                     .identity = text_at(*headers, identity_header),
                     .authorization = text_at(*headers, authorization_header),
                     .idempotency_key = text_at(*headers, idempotency_key_header),
                     .request_id = text_at(*headers, request_id_header)};
  constexpr std::int64_t longest = 1000ll * 60 * 60 * 24 * 365;
  if (const auto remaining = amqp::find(*headers, deadline_header)) {
    if (const auto number = remaining->integer())
      parsed.remaining = std::chrono::milliseconds(std::clamp<std::int64_t>(*number, 0, longest));
  }
  return parsed;
}

std::string_view auth_token_of(std::optional<amqp::Table> headers) {
  return headers ? text_at(*headers, auth_token_header) : std::string_view();
}

void append_call_headers(amqp::TableBuilder& out, amqp::Table context, const CallHeaders& headers) {
  amqp::TableCursor cursor(context);
  while (const auto pair = cursor.next()) out.add(pair->key, pair->value);
  const auto append = [&out](std::string_view key, std::string_view text) {
    if (!text.empty()) out.text(key, text);
  };
  append(traceparent_header, headers.traceparent);
  if (!headers.traceparent.empty()) append(tracestate_header, headers.tracestate);
  append(identity_header, headers.identity);
  append(authorization_header, headers.authorization);
  append(idempotency_key_header, headers.idempotency_key);
  append(request_id_header, headers.request_id);
  if (headers.remaining) out.integer(deadline_header, headers.remaining->count());
}

}  // namespace tutti::wire::nameko
