// Values to question marks and columns to fields, over the shape table. What stands in a column for which type is in
// <tutti/database.hpp>.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tutti/database.hpp>
#include <tutti/detail/shape.hpp>

#include "database/connection.hpp"

namespace tutti::database {

// Binds values to a statement and keeps the texts that it had to make until the statement was stepped.
class Binder {
 public:
  explicit Binder(Statement& statement) noexcept : statement_(statement) {}

  // Throws invalid_argument if the statement has another number of question marks.
  void bind(std::span<const detail::SqlArgument> values);
  // Each field of the record to the question mark of its position.
  void bind_fields(const detail::Shape& shape, const void* record);

 private:
  void bind(int index, const detail::Shape& shape, const void* value);
  std::string_view keep(std::string text);

  Statement& statement_;
  std::vector<std::unique_ptr<std::string>> texts_;
};

// insert into "orders" ("id", "state") values (?, ?)
[[nodiscard]] std::string insert_sql(std::string_view table, const detail::Shape& record);

// Reads rows into values of one shape: a record by column names, anything else from the only column.
class RowReader {
 public:
  RowReader(Statement& statement, const detail::Shape& shape);
  void read(void* into) const;

 private:
  void read_column(int column, const detail::Shape& shape, bool may_be_absent, std::string_view name, void* into) const;

  Statement& statement_;
  const detail::Shape& shape_;
  std::vector<int> columns_;  // of each field
};

}  // namespace tutti::database
