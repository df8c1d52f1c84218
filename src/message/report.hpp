// How a codec complains: in the same words for JSON, MessagePack, text and values in memory. What was found is quoted
// shortened and as valid UTF-8, and never for a secret.
#pragma once

#include <string>
#include <string_view>

#include <tutti/detail/shape.hpp>
#include <tutti/violations.hpp>

#include "message/place.hpp"

namespace tutti::message {

inline constexpr std::size_t found_bytes_max = 60;  // bytes of input quoted in one violation

// At most found_bytes_max bytes of text, cut between characters and marked with "..."; invalid bytes become '?'.
[[nodiscard]] std::string clipped(std::string_view text);
// The same in double quotes.
[[nodiscard]] std::string quoted(std::string_view text);

// "a whole number from 1 to 100", "one of eur, usd, gbp", "a text of 1 to 40 characters"
[[nodiscard]] std::string expected_of(const detail::Shape& shape);

class Report {
 public:
  explicit Report(Violations& violations) : violations_(violations) {}

  void add(const Place& place, std::string_view expected, std::string_view found);
  // Expected is what the shape says; found is hidden if it is a secret.
  void add(const Place& place, const detail::Shape& shape, std::string_view found);
  // Whether further violations would only be counted: their texts need not be made.
  [[nodiscard]] bool full() const { return violations_.list().size() >= Violations::kept_max; }
  [[nodiscard]] std::size_t total() const { return violations_.total(); }
  // Runs the type's own check() over a record whose fields are fine.
  void check(const Place& place, const detail::Shape& shape, const void* value);

 private:
  Violations& violations_;
};

}  // namespace tutti::message
