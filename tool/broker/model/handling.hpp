// What of a message's properties the broker acts upon.
#pragma once

#include "broker/model/message.hpp"
#include "wire/amqp/content.hpp"

namespace tutti::broker {

// Throws Refusal (precondition_failed) for an expiration that is no number of milliseconds.
[[nodiscard]] Handling handling_of(const wire::amqp::Properties& properties);

}  // namespace tutti::broker
