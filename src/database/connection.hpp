// One connection to the database file: statements are prepared once and kept, SQLite's result codes become
// tutti::Error in one place, and no statement works or waits for a lock longer than its deadline.
// Used from one thread at a time, the one of its database.
#pragma once

#include <sqlite3.h>

#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include <tutti/clock.hpp>
#include <tutti/database.hpp>
#include <tutti/error.hpp>

#include "database/vfs.hpp"

namespace tutti::database {

enum class Access : std::uint8_t { write, read };
// Whose SQL it is: users' statements may not begin or end transactions, ours do.
enum class Author : std::uint8_t { user, library };

class Connection;

// A prepared statement on loan: goes back, reset and unbound, at the end of the scope.
class Statement {
 public:
  Statement(Connection& connection, sqlite3_stmt* statement) noexcept
      : connection_(&connection), statement_(statement) {}
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Whether there is a row.
  bool step();
  // Until there are no more rows.
  void finish() {
    while (step()) continue;
  }
  void bind_text(int index,
                 std::string_view text);  // indices from 1; the text must live until the statement was stepped
  void bind_blob(int index, std::string_view bytes);
  void bind_int(int index, std::int64_t number);
  void bind_null(int index);
  [[nodiscard]] std::int64_t int_at(int column) const { return sqlite3_column_int64(statement_, column); }  // from 0
  [[nodiscard]] std::string text_at(int column) const;  // also a blob's bytes
  [[nodiscard]] bool null_at(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  [[nodiscard]] sqlite3_stmt* get() const noexcept { return statement_; }
  [[nodiscard]] bool read_only() const { return sqlite3_stmt_readonly(statement_) != 0; }

 private:
  Connection* connection_;
  sqlite3_stmt* statement_;
};

class Connection {
 public:
  // Throws if the file cannot be opened or is no database.
  Connection(world::World& world, Vfs& vfs, const std::string& path, Access access, const DatabaseRules& rules);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Of the statements that follow: `deadline` ends them, `own` says whether it is the caller's deadline or the
  // database's limit.
  void until(Instant deadline, bool own) noexcept {
    deadline_ = deadline;
    own_deadline_ = own;
  }
  [[nodiscard]] Statement prepare(std::string_view sql, Author author);
  // Several statements, none of which gives rows that matter; not kept.
  void execute(std::string_view script, Author author);
  [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(database_) == 0; }
  [[nodiscard]] std::int64_t changes() const { return sqlite3_changes64(database_); }
  [[nodiscard]] std::size_t statements_kept() const noexcept { return kept_.size(); }
  [[nodiscard]] sqlite3* get() const noexcept { return database_; }

  // Throws what the result code of the last call means.
  [[noreturn]] void fail(int result, std::string_view sql);

 private:
  struct Kept {
    std::string sql;
    sqlite3_stmt* statement;
    Author author;
  };
  void enter_wal();
  sqlite3_stmt* compile(std::string_view sql, Author author, std::string_view* rest);

  world::World& world_;
  sqlite3* database_ = nullptr;
  std::string path_;
  std::size_t statements_max_;
  Author author_ = Author::library;
  Instant deadline_ = Instant::never();
  bool own_deadline_ = false;
  std::list<Kept> kept_;  // the last used in front
  std::unordered_map<std::string_view, std::list<Kept>::iterator> by_sql_;

  friend int wait_for_lock(void* connection, int rounds);
  friend int past_deadline(void* connection);
  friend int authorize(void* connection, int action, const char*, const char*, const char*, const char*);
};

}  // namespace tutti::database
