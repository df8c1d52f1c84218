// What is wrong with a document: each violation names the place, what was expected and what was found.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tutti {

struct Violation {
  std::string path;      // "items[3].price"; empty for the whole document
  std::string expected;  // "a whole number from 1 to 100"
  std::string found;     // "\"tow\"", "nothing", "101"
};

// Collected over one whole document, up to a limit; the rest is counted and dropped.
class Violations {
 public:
  static constexpr std::size_t kept_max = 16;

  // For checks over several fields: add("from", "a day before \"to\"", "2026-02-01").
  void add(std::string_view path, std::string_view expected, std::string_view found);
  void add(Violation violation);

  [[nodiscard]] bool empty() const noexcept { return total_ == 0; }
  [[nodiscard]] std::size_t total() const noexcept { return total_; }
  [[nodiscard]] const std::vector<Violation>& list() const noexcept { return list_; }
  // "items[3].price: expected a whole number from 1 to 100, found 101; name: expected ..., found nothing (and 3 more)"
  [[nodiscard]] std::string to_string() const;

 private:
  std::vector<Violation> list_;
  std::size_t total_ = 0;
};

}  // namespace tutti
