#include "broker/model/queue_rules.hpp"

#include <array>

#include "broker/model/refusal.hpp"

namespace tutti::broker {

using wire::amqp::Table;
using wire::amqp::Value;

namespace {

constexpr std::int64_t time_max_ms = 0xFFFF'FFFF;
constexpr std::int64_t count_max = INT64_MAX;
constexpr std::int64_t priority_max = 255;

[[noreturn]] void refuse(std::string_view key, std::string_view expected) {
  throw Refusal(ReplyCode::precondition_failed,
                "invalid argument '" + std::string(key) + "'; expected " + std::string(expected));
}

std::optional<std::int64_t> number(Table arguments, std::string_view key, std::int64_t min, std::int64_t max) {
  const auto value = wire::amqp::find(arguments, key);
  if (!value) return std::nullopt;
  const auto number = value->integer();
  if (!number || *number < min || *number > max)
    refuse(key, "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  return number;
}

std::optional<std::chrono::milliseconds> time(Table arguments, std::string_view key, std::int64_t min) {
  const auto value = number(arguments, key, min, time_max_ms);
  return value ? std::optional(std::chrono::milliseconds(*value)) : std::nullopt;
}

std::optional<std::uint64_t> count(Table arguments, std::string_view key) {
  const auto value = number(arguments, key, 0, count_max);
  return value ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
}

std::optional<std::string> text(Table arguments, std::string_view key) {
  const auto value = wire::amqp::find(arguments, key);
  if (!value) return std::nullopt;
  const auto text = value->text();
  if (!text || text->size() > wire::amqp::shortstr_bytes_max) refuse(key, "a text of at most 255 bytes");
  return std::string(*text);
}

bool flag(Table arguments, std::string_view key) {
  const auto value = wire::amqp::find(arguments, key);
  if (!value) return false;
  const auto set = value->boolean();
  if (!set) refuse(key, "true or false");
  return *set;
}

Overflow overflow(Table arguments) {
  const auto how = text(arguments, "x-overflow");
  if (!how || *how == "drop-head") return Overflow::drop_head;
  if (*how == "reject-publish") return Overflow::reject_publish;
  if (*how == "reject-publish-dlx") throw Refusal(ReplyCode::not_implemented, "x-overflow reject-publish-dlx");
  refuse("x-overflow", "drop-head or reject-publish");
}

// Those that make two declarations different; others are kept and mean nothing.
constexpr std::array<std::string_view, 9> compared{
    "x-expires",          "x-message-ttl", "x-dead-letter-exchange", "x-dead-letter-routing-key", "x-max-length",
    "x-max-length-bytes", "x-overflow",    "x-max-priority",         "x-single-active-consumer"};

bool same(const std::optional<Value>& a, const std::optional<Value>& b) noexcept {
  if (!a || !b) return a.has_value() == b.has_value();
  const auto number = a->integer();
  return number ? number == b->integer() : *a == *b;
}

}  // namespace

void read_arguments(Table arguments, QueueRules& rules) {
  if (const auto type = text(arguments, "x-queue-type"); type && *type != "classic")
    throw Refusal(ReplyCode::not_implemented, "x-queue-type " + *type + "; this broker has classic queues only");
  rules.arguments = arguments.bytes;
  rules.expires = time(arguments, "x-expires", 1);
  rules.message_ttl = time(arguments, "x-message-ttl", 0);
  rules.dead_letter_exchange = text(arguments, "x-dead-letter-exchange");
  rules.dead_letter_key = text(arguments, "x-dead-letter-routing-key");
  if (rules.dead_letter_key && !rules.dead_letter_exchange)
    refuse("x-dead-letter-routing-key", "x-dead-letter-exchange beside it");
  rules.length_max = count(arguments, "x-max-length");
  rules.bytes_max = count(arguments, "x-max-length-bytes");
  rules.overflow = overflow(arguments);
  rules.priority_max = static_cast<std::uint8_t>(number(arguments, "x-max-priority", 0, priority_max).value_or(0));
  rules.single_active = flag(arguments, "x-single-active-consumer");
}

std::string difference(const QueueRules& existing, const QueueRules& declared) {
  if (existing.durable != declared.durable) return "durable";
  if (existing.exclusive != declared.exclusive) return "exclusive";
  if (existing.auto_delete != declared.auto_delete) return "auto_delete";
  for (const std::string_view key : compared) {
    if (!same(wire::amqp::find({existing.arguments}, key), wire::amqp::find({declared.arguments}, key)))
      return std::string(key);
  }
  return "";
}

}  // namespace tutti::broker
