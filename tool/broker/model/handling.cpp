#include "broker/model/handling.hpp"

#include <charconv>
#include <string>

#include "broker/model/refusal.hpp"

namespace tutti::broker {

namespace amqp = wire::amqp;

namespace {

constexpr std::uint8_t persistent_mode = 2;

std::chrono::milliseconds expiration_of(std::string_view text) {
  std::uint32_t milliseconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), milliseconds);
  if (error != std::errc() || end != text.data() + text.size())
    throw Refusal(ReplyCode::precondition_failed,
                  "invalid expiration '" + std::string(text) + "'; expected milliseconds as a number in digits");
  return std::chrono::milliseconds(milliseconds);
}

}  // namespace

Handling handling_of(const amqp::Properties& properties) {
  Handling handling{.persistent = properties.delivery_mode == persistent_mode,
                    .priority = properties.priority.value_or(0)};
  if (properties.expiration) handling.expiration = expiration_of(*properties.expiration);
  return handling;
}

}  // namespace tutti::broker
