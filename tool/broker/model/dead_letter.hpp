// What a message becomes when it leaves a queue for the dead letters: the same, without its expiration, and with the
// headers x-death and x-first-death-... that tell its story in RabbitMQ's words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tutti/time.hpp>

#include "broker/model/message.hpp"
#include "broker/model/queue.hpp"
#include "wire/amqp/table.hpp"

namespace tutti::broker {

struct DeadLetter {
  std::string properties;
  std::string headers;  // those of the properties, a table's bytes
  Handling handling;
};
[[nodiscard]] DeadLetter dead_letter(const Message& message, std::string_view queue, DeadReason reason, Time now);

// Whether the message was in this queue's dead letters before, and nobody has rejected it since: it would go round for
// ever.
[[nodiscard]] bool goes_round(const Message& message, std::string_view queue, DeadReason reason);

}  // namespace tutti::broker
