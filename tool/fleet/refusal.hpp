// What ends a command of tutti: a sentence for people and the exit code of docs/reference/exit-codes.md.
#pragma once

#include <stdexcept>
#include <string>

namespace tutti::fleet {

namespace exit_code {
inline constexpr int failed = 1;
inline constexpr int usage = 2;
inline constexpr int cut_off = 75;   // the grace period passed and something was killed
inline constexpr int address = 77;   // a port is taken
inline constexpr int settings = 78;  // the fleet file, or a program that is not there
}  // namespace exit_code

class Refusal final : public std::runtime_error {
 public:
  Refusal(int code, const std::string& what) : std::runtime_error(what), code_(code) {}
  [[nodiscard]] int code() const noexcept { return code_; }

 private:
  int code_;
};

}  // namespace tutti::fleet
