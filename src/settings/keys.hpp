// The names of a section's settings, found by walking the shape: "payments.retry.attempts", which the environment calls
// PAYMENTS_RETRY_ATTEMPTS. Lists and maps are one key each; a map's entries are keys as well, with the entry's name in
// the middle ("tutti.targets.payments.url", TUTTI_TARGETS_PAYMENTS_URL).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tutti/detail/shape.hpp>

namespace tutti::settings {

enum class Into : std::uint8_t { field, optional, entry };

struct Step {
  Into into;
  const detail::Shape* shape;  // of the optional or map that is entered
  std::size_t offset;          // of a field
};

struct Key {
  std::string name;      // an entry's name stands as "*"
  std::string variable;  // the same
  const detail::Shape* shape;
  std::vector<Step> path;
};

enum class Spelling : std::uint8_t { exact, as_variable };

struct Match {
  const Key* key;
  std::string name;        // without "*"
  std::string entry = {};  // of the map on the way; empty: none
  Spelling spelling = Spelling::exact;
};

class Keys {
 public:
  Keys() = default;
  Keys(const detail::Shape& record, std::string_view prefix);

  [[nodiscard]] std::optional<Match> by_name(std::string_view name) const;
  [[nodiscard]] std::optional<Match> by_variable(std::string_view variable) const;
  // "; did you mean "payments.limit_minor"", or what else can help.
  [[nodiscard]] std::string suggest_name(std::string_view name) const;
  [[nodiscard]] std::string suggest_variable(std::string_view variable) const;
  [[nodiscard]] const std::vector<Key>& all() const noexcept { return keys_; }
  // Two settings that the environment cannot tell apart, as a sentence; empty: none.
  [[nodiscard]] std::string clash() const;

 private:
  void add(const detail::Shape& shape, const Key& here, std::vector<const detail::Shape*>& inside);
  std::vector<Key> keys_;
};

// The value's address in the record; optionals and map entries on the way are made. A variable cannot say whether
// an entry's name has '-' or '_': an entry that is there already is taken, and the match then has its name.
[[nodiscard]] void* reach(Match& match, void* record);

// "PAYMENTS_GATEWAY" for "payments-gateway".
[[nodiscard]] std::string variable_of(std::string_view name);
// The candidate that is nearest to the word by edit distance; empty if none is near.
[[nodiscard]] std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace tutti::settings
