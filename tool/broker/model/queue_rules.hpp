// What a queue was declared with: the flags, and the arguments that the broker acts upon.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "wire/amqp/table.hpp"

namespace tutti::broker {

enum class Overflow : std::uint8_t { drop_head, reject_publish };

struct QueueRules {
  bool durable = false;
  bool exclusive = false;      // of the connection that declared it, and gone with it
  bool auto_delete = false;    // goes with its last consumer
  std::string arguments = {};  // the table's bytes, all of them

  std::optional<std::chrono::milliseconds> expires = {};      // x-expires: unused for so long it goes
  std::optional<std::chrono::milliseconds> message_ttl = {};  // x-message-ttl
  std::optional<std::string> dead_letter_exchange = {};       // x-dead-letter-exchange
  std::optional<std::string> dead_letter_key = {};            // x-dead-letter-routing-key; default: the message's own
  std::optional<std::uint64_t> length_max = {};               // x-max-length
  std::optional<std::uint64_t> bytes_max = {};                // x-max-length-bytes, of bodies
  Overflow overflow = Overflow::drop_head;                    // x-overflow
  std::uint8_t priority_max = 0;                              // x-max-priority
  bool single_active = false;                                 // x-single-active-consumer
};

// Reads the arguments into the rules. Throws Refusal: precondition_failed for a value of the wrong kind or range,
// not_implemented for what RabbitMQ has and this broker has not.
void read_arguments(wire::amqp::Table arguments, QueueRules& rules);

// What a second declaration differs in ("durable", "x-expires"); empty: nothing. Numbers are compared as numbers.
[[nodiscard]] std::string difference(const QueueRules& existing, const QueueRules& declared);

}  // namespace tutti::broker
