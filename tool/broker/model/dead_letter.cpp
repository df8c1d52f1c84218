#include "broker/model/dead_letter.hpp"

#include <optional>

#include "wire/amqp/content.hpp"

namespace tutti::broker {

namespace amqp = wire::amqp;

namespace {

constexpr std::string_view death_header = "x-death";

std::string_view name_of(DeadReason reason) noexcept {
  switch (reason) {
    case DeadReason::rejected:
      return "rejected";
    case DeadReason::expired:
      return "expired";
    case DeadReason::maxlen:
      break;
  }
  return "maxlen";
}

std::string_view text_in(amqp::Table table, std::string_view key) {
  const auto value = amqp::find(table, key);
  return value ? value->text().value_or("") : "";
}

bool is_about(amqp::Table death, std::string_view queue, DeadReason reason) {
  return text_in(death, "queue") == queue && text_in(death, "reason") == name_of(reason);
}

std::optional<amqp::Array> deaths_of(amqp::Table headers) {
  const auto value = amqp::find(headers, death_header);
  return value ? value->array() : std::nullopt;
}

std::int64_t count_before(amqp::Table headers, std::string_view queue, DeadReason reason) {
  const auto deaths = deaths_of(headers);
  if (!deaths) return 0;
  for (amqp::ArrayCursor cursor(*deaths); const auto death = cursor.next();) {
    const auto table = death->table();
    if (!table || !is_about(*table, queue, reason)) continue;
    const auto count = amqp::find(*table, "count");
    return count ? count->integer().value_or(1) : 1;
  }
  return 0;
}

struct Death {
  const Message& message;
  const amqp::Properties& properties;
  std::string_view queue;
  DeadReason reason;
  Time now;
};

// The latest death comes first; an earlier one of the same kind is counted in it.
amqp::ArrayBuilder deaths_with(const Death& death, amqp::Table headers) {
  amqp::ArrayBuilder keys;
  keys.text(death.message.routing_key());
  amqp::TableBuilder latest;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(death.now.since_epoch).count();
  latest.integer("count", count_before(headers, death.queue, death.reason) + 1)
      .text("reason", name_of(death.reason))
      .text("queue", death.queue)
      .add("time", {.type = amqp::ValueType::timestamp, .number = static_cast<std::uint64_t>(seconds)})
      .text("exchange", death.message.exchange())
      .array("routing-keys", keys);
  if (death.properties.expiration) latest.text("original-expiration", *death.properties.expiration);
  amqp::ArrayBuilder all;
  all.table(latest.table());
  if (const auto before = deaths_of(headers)) {
    for (amqp::ArrayCursor cursor(*before); const auto value = cursor.next();) {
      const auto table = value->table();
      if (!table || !is_about(*table, death.queue, death.reason)) all.add(*value);
    }
  }
  return all;
}

amqp::TableBuilder headers_with(const Death& death) {
  const amqp::Table before = death.properties.headers.value_or(amqp::Table{});
  amqp::TableBuilder headers;
  for (amqp::TableCursor cursor(before); const auto pair = cursor.next();)
    if (pair->key != death_header) headers.add(pair->key, pair->value);
  headers.array(death_header, deaths_with(death, before));
  if (!amqp::find(before, "x-first-death-queue")) {
    headers.text("x-first-death-reason", name_of(death.reason))
        .text("x-first-death-queue", death.queue)
        .text("x-first-death-exchange", death.message.exchange());
  }
  return headers;
}

}  // namespace

DeadLetter dead_letter(const Message& message, std::string_view queue, DeadReason reason, Time now) {
  amqp::Properties properties = amqp::parse_properties(message.properties()).properties;
  const amqp::TableBuilder headers = headers_with({message, properties, queue, reason, now});
  properties.headers = headers.table();
  properties.expiration = std::nullopt;
  DeadLetter letter{.properties = {}, .headers = std::string(headers.table().bytes), .handling = message.handling()};
  letter.handling.expiration = std::nullopt;
  amqp::append_properties(letter.properties, properties);
  return letter;
}

bool goes_round(const Message& message, std::string_view queue, DeadReason reason) {
  if (reason == DeadReason::rejected) return false;
  const auto headers = amqp::parse_properties(message.properties()).properties.headers;
  const auto deaths = headers ? deaths_of(*headers) : std::nullopt;
  if (!deaths) return false;
  for (amqp::ArrayCursor cursor(*deaths); const auto death = cursor.next();) {
    const auto table = death->table();
    if (!table || text_in(*table, "reason") == name_of(DeadReason::rejected)) return false;
    if (is_about(*table, queue, reason)) return true;
  }
  return false;
}

}  // namespace tutti::broker
