// What a call can fail with. Contract errors are plain structs declared by the contract and caught as that
// type; everything else is tutti::Error with one of a closed set of codes (the gRPC canonical codes,
// google.rpc.Code). The code says what the caller should do; the message is for people.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tutti {

// Numbers are google.rpc.Code's. Edit together with the table in src/wire/codes.cpp.
enum class Code : std::uint8_t {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

// "failed_precondition"; as on every wire of tutti.
[[nodiscard]] std::string_view name_of(Code code) noexcept;
[[nodiscard]] std::optional<Code> code_of(std::string_view name) noexcept;

class Error : public std::runtime_error {
 public:
  Error(Code code, const std::string& message);
  // A contract error that this program does not know: its type's wire name ("payments.Declined") and its value as JSON.
  Error(Code code, const std::string& message, std::string type, std::string value_json);

  [[nodiscard]] Code code() const noexcept { return code_; }
  // Whether trying again later can help: unavailable, resource_exhausted, aborted, deadline_exceeded.
  [[nodiscard]] bool retryable() const noexcept;
  [[nodiscard]] const std::string& type() const noexcept { return type_; }
  [[nodiscard]] const std::string& value_json() const noexcept { return value_json_; }

 private:
  Code code_;
  std::string type_;
  std::string value_json_;
};

}  // namespace tutti
