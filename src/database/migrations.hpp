// The schema of a database file, as a list of steps that only grows. Each runs once per file, whichever instance comes
// first, and is recorded with a hash of its text in tutti_migrations. A file may have steps that this program does
// not know: it was built before them, and goes on working as long as they only added.
#pragma once

#include <string>
#include <vector>

#include <tutti/database.hpp>

#include "database/connection.hpp"

namespace tutti::database {

inline constexpr std::size_t migration_bytes_max = 1 << 20;

struct Step {
  std::string name;  // "0001-orders.sql"
  std::string sql;
};

// Embedded ones and those of the folder, by number. Throws failed_precondition for names of another form, for numbers
// used twice and for a folder that cannot be read.
[[nodiscard]] std::vector<Step> steps_of(world::Files& files, const DatabaseRules& rules);

// Runs what is missing in one transaction under the write lock; nothing of it stays if one fails. Also makes the
// tables of once and outbox. Throws failed_precondition, naming the step: its text changed, it comes before one that
// has been applied, or an applied one is missing among the known.
void migrate(Connection& connection, const std::vector<Step>& steps, Time now);

}  // namespace tutti::database
