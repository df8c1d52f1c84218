// What a running broker has, for people and programs: its queues, connections and consumers, each a table that is
// written as text or as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::broker {

class ServerCore;

class Listing {
 public:
  explicit Listing(std::vector<std::string_view> columns) : columns_(std::move(columns)) {}

  // A row's cells, in the order of the columns.
  Listing& text(std::string_view value) { return add(std::string(value), Kind::text); }
  Listing& number(std::uint64_t value) { return add(std::to_string(value), Kind::bare); }
  Listing& truth(bool value) { return add(value ? "true" : "false", Kind::bare); }

  [[nodiscard]] std::string as_json() const;  // an array with an object a row
  // Columns side by side, a row a line. A value that is empty is "-"; what would break the line is a question mark.
  [[nodiscard]] std::string as_table() const;

 private:
  enum class Kind : std::uint8_t { text, bare };
  struct Cell {
    std::string value;
    Kind kind;
  };
  Listing& add(std::string value, Kind kind) {
    cells_.push_back({std::move(value), kind});
    return *this;
  }

  std::vector<std::string_view> columns_;
  std::vector<Cell> cells_ = {};  // row by row
};

// By name, by number, by queue.
[[nodiscard]] Listing list_queues(ServerCore& server);
[[nodiscard]] Listing list_connections(ServerCore& server);
[[nodiscard]] Listing list_consumers(ServerCore& server);

}  // namespace tutti::broker
