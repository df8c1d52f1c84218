// The names of the codes, as every wire of tutti spells them, and the one exception for all that is no contract error.
#include <tutti/error.hpp>

#include <array>
#include <utility>

namespace tutti {

namespace {

constexpr std::array<std::string_view, 17> names{
    "ok",        "cancelled",      "unknown",           "invalid_argument",   "deadline_exceeded",
    "not_found", "already_exists", "permission_denied", "resource_exhausted", "failed_precondition",
    "aborted",   "out_of_range",   "unimplemented",     "internal",           "unavailable",
    "data_loss", "unauthenticated"};

}  // namespace

std::string_view name_of(Code code) noexcept {
  const auto number = static_cast<std::size_t>(code);
  return number < names.size() ? names[number] : "unknown";
}

std::optional<Code> code_of(std::string_view name) noexcept {
  for (std::size_t number = 0; number < names.size(); ++number) {
    if (names[number] == name) return static_cast<Code>(number);
  }
  return std::nullopt;
}

Error::Error(Code code, const std::string& message) : std::runtime_error(message), code_(code) {}

Error::Error(Code code, const std::string& message, std::string type, std::string value_json)
    : std::runtime_error(message), code_(code), type_(std::move(type)), value_json_(std::move(value_json)) {}

bool Error::retryable() const noexcept {
  return code_ == Code::unavailable || code_ == Code::resource_exhausted || code_ == Code::aborted ||
         code_ == Code::deadline_exceeded;
}

}  // namespace tutti
