// Why an operation is refused, in the reply codes of AMQP 0-9-1 (section 1.8 of its reference).
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tutti::broker {

enum class ReplyCode : std::uint16_t {
  success = 200,
  content_too_large = 311,
  no_route = 312,
  connection_forced = 320,
  invalid_path = 402,
  access_refused = 403,
  not_found = 404,
  resource_locked = 405,
  precondition_failed = 406,
  frame_error = 501,
  syntax_error = 502,
  command_invalid = 503,
  channel_error = 504,
  unexpected_frame = 505,
  resource_error = 506,
  not_allowed = 530,
  not_implemented = 540,
  internal_error = 541,
};

// The name that stands in front of the text, "NOT_FOUND": people and some clients look for it.
[[nodiscard]] std::string_view name_of(ReplyCode code) noexcept;
// Whether the connection ends with it, or only the channel.
[[nodiscard]] bool ends_connection(ReplyCode code) noexcept;

class Refusal : public std::runtime_error {
 public:
  // "NOT_FOUND - no queue 'mail' in vhost '/'"
  Refusal(ReplyCode code, const std::string& what)
      : std::runtime_error(std::string(name_of(code)) + " - " + what), code_(code) {}
  [[nodiscard]] ReplyCode code() const noexcept { return code_; }

 private:
  ReplyCode code_;
};

}  // namespace tutti::broker
