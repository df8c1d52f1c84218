#include "database/connection.hpp"

#include <algorithm>

namespace tutti::database {
namespace {

// Between two looks at the clock inside a long statement; about a millisecond of work.
constexpr int instructions_per_look = 20'000;
// Of a wait for another instance's lock: short first, then seldom enough to cost nothing.
constexpr int pause_first_us = 500;
constexpr int pause_max_us = 20'000;
constexpr std::size_t quoted_bytes_max = 200;

std::string quoted(std::string_view sql) {
  std::string text = "\"";
  text += sql.substr(0, quoted_bytes_max);
  text += sql.size() > quoted_bytes_max ? "...\"" : "\"";
  return text;
}

Code code_of_result(int extended) {
  switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return Code::already_exists;
    default:
      break;
  }
  switch (extended & 0xff) {
    case SQLITE_CONSTRAINT:
      return Code::failed_precondition;
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return Code::resource_exhausted;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_PROTOCOL:
      return Code::unavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Code::data_loss;
    case SQLITE_INTERRUPT:
      return Code::deadline_exceeded;
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return Code::permission_denied;
    case SQLITE_CANTOPEN:
      return Code::failed_precondition;
    case SQLITE_AUTH:
      return Code::invalid_argument;
    default:
      return Code::internal;
  }
}

}  // namespace

int wait_for_lock(void* raw, int rounds) {
  auto& connection = *static_cast<Connection*>(raw);
  // In a simulated world nobody else moves while a statement runs: waiting cannot help.
  if (connection.world_.simulated()) return 0;
  const auto left = connection.deadline_ - connection.world_.clock().instant();
  if (left.count() <= 0) return 0;
  const auto wanted = std::min(pause_max_us, pause_first_us << std::min(rounds, 6));
  const auto left_us = std::chrono::duration_cast<std::chrono::microseconds>(left).count() + 1;
  sqlite3_vfs* vfs = nullptr;
  sqlite3_file_control(connection.database_, "main", SQLITE_FCNTL_VFS_POINTER, &vfs);
  vfs->xSleep(vfs, static_cast<int>(std::min<std::int64_t>(wanted, left_us)));
  return 1;
}

int past_deadline(void* raw) {
  auto& connection = *static_cast<Connection*>(raw);
  return connection.world_.clock().instant() >= connection.deadline_ ? 1 : 0;
}

int authorize(void* raw, int action, const char*, const char*, const char*, const char*) {
  if (static_cast<Connection*>(raw)->author_ == Author::library) return SQLITE_OK;
  const bool ends_transactions = action == SQLITE_TRANSACTION || action == SQLITE_SAVEPOINT;
  return ends_transactions || action == SQLITE_ATTACH || action == SQLITE_DETACH ? SQLITE_DENY : SQLITE_OK;
}

Statement::~Statement() {
  sqlite3_reset(statement_);  // repeats the error of the last step, which was thrown already
  sqlite3_clear_bindings(statement_);
}

bool Statement::step() {
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  const char* const sql = sqlite3_sql(statement_);
  connection_->fail(sqlite3_extended_errcode(connection_->get()), sql == nullptr ? "" : sql);
}

void Statement::bind_text(int index, std::string_view text) {
  const char* const data = text.data() == nullptr ? "" : text.data();
  if (const int result = sqlite3_bind_text64(statement_, index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
      result != SQLITE_OK)
    connection_->fail(result, sqlite3_sql(statement_));
}

void Statement::bind_blob(int index, std::string_view bytes) {
  const int result = bytes.empty() ? sqlite3_bind_zeroblob(statement_, index, 0)
                                   : sqlite3_bind_blob64(statement_, index, bytes.data(), bytes.size(), SQLITE_STATIC);
  if (result != SQLITE_OK) connection_->fail(result, sqlite3_sql(statement_));
}

void Statement::bind_int(int index, std::int64_t number) {
  if (const int result = sqlite3_bind_int64(statement_, index, number); result != SQLITE_OK)
    connection_->fail(result, sqlite3_sql(statement_));
}

void Statement::bind_null(int index) {
  if (const int result = sqlite3_bind_null(statement_, index); result != SQLITE_OK)
    connection_->fail(result, sqlite3_sql(statement_));
}

std::string Statement::text_at(int column) const {
  const void* const data = sqlite3_column_blob(statement_, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return data == nullptr ? std::string() : std::string(static_cast<const char*>(data), size);
}

Connection::Connection(world::World& world, Vfs& vfs, const std::string& path, Access access,
                       const DatabaseRules& rules)
    : world_(world), path_(path), statements_max_(rules.statements_max) {
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (const int result = sqlite3_open_v2(path.c_str(), &database_, flags, vfs.name().c_str()); result != SQLITE_OK) {
    const std::string reason = database_ == nullptr ? sqlite3_errstr(result) : sqlite3_errmsg(database_);
    sqlite3_close(database_);
    throw Error(code_of_result(result), "database \"" + path + "\" cannot be opened: " + reason);
  }
  deadline_ = world.clock().instant() + rules.wait_max;
  sqlite3_busy_handler(database_, wait_for_lock, this);
  sqlite3_progress_handler(database_, instructions_per_look, past_deadline, this);
  sqlite3_set_authorizer(database_, authorize, this);
  sqlite3_db_config(database_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);  // "x" is a name, never a text by accident
  sqlite3_db_config(database_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  try {
    if (world.simulated()) execute("pragma locking_mode = exclusive", Author::library);  // before the first read
    enter_wal();
    execute(rules.durability == Durability::full ? "pragma synchronous = full" : "pragma synchronous = normal",
            Author::library);
    execute("pragma foreign_keys = on", Author::library);
    if (access == Access::read) execute("pragma query_only = on", Author::library);
  } catch (...) {
    sqlite3_close(database_);
    throw;
  }
}

Connection::~Connection() {
  for (const Kept& kept : kept_) sqlite3_finalize(kept.statement);
  // Cannot be busy: every statement is finalized. A failing last checkpoint leaves the log, which is read at the next
  // opening.
  sqlite3_close(database_);
}

// Instances that open a new file at the same time stand in each other's way here, and SQLite does not ask the busy
// handler: it would wait for a lock while it holds one.
void Connection::enter_wal() {
  for (int rounds = 0;; ++rounds) {
    try {
      execute("pragma journal_mode = wal", Author::library);
      return;
    } catch (const Error& error) {
      if (error.code() != Code::unavailable || wait_for_lock(this, rounds) == 0) throw;
    }
  }
}

sqlite3_stmt* Connection::compile(std::string_view sql, Author author, std::string_view* rest) {
  sqlite3_stmt* statement = nullptr;
  const char* tail = sql.data();
  author_ = author;
  const unsigned flags = rest == nullptr ? SQLITE_PREPARE_PERSISTENT : 0;
  const int result = sqlite3_prepare_v3(database_, sql.data(), static_cast<int>(sql.size()), flags, &statement, &tail);
  author_ = Author::library;
  if (result == SQLITE_AUTH)
    throw Error(Code::invalid_argument, "the statement " + quoted(sql) +
                                            " is not allowed here; transactions are begun and ended by "
                                            "Database::transaction, and every database is one file");
  if (result != SQLITE_OK) fail(result, sql);
  const std::string_view left = sql.substr(static_cast<std::size_t>(tail - sql.data()));
  if (rest != nullptr) {
    *rest = left;
  } else if (statement == nullptr || left.find_first_not_of(" \t\r\n;") != std::string_view::npos) {
    sqlite3_finalize(statement);
    throw Error(Code::invalid_argument, "expected one statement, found " + quoted(sql));
  }
  return statement;
}

Statement Connection::prepare(std::string_view sql, Author author) {
  if (const auto found = by_sql_.find(sql); found != by_sql_.end()) {
    kept_.splice(kept_.begin(), kept_, found->second);
    if (author == Author::user && kept_.front().author == Author::library) {
      sqlite3_finalize(compile(sql, author, nullptr));  // throws for what users may not do
      kept_.front().author = author;
    }
    return Statement(*this, found->second->statement);
  }
  sqlite3_stmt* const statement = compile(sql, author, nullptr);
  kept_.push_front({std::string(sql), statement, author});
  by_sql_[kept_.front().sql] = kept_.begin();
  while (kept_.size() > std::max<std::size_t>(statements_max_, 1)) {
    by_sql_.erase(kept_.back().sql);
    sqlite3_finalize(kept_.back().statement);
    kept_.pop_back();
  }
  return Statement(*this, statement);
}

void Connection::execute(std::string_view script, Author author) {
  while (script.find_first_not_of(" \t\r\n;") != std::string_view::npos) {
    std::string_view rest;
    sqlite3_stmt* const statement = compile(script, author, &rest);
    if (statement != nullptr) {  // null: only a comment
      int result = SQLITE_ROW;
      while (result == SQLITE_ROW) result = sqlite3_step(statement);
      sqlite3_finalize(statement);
      if (result != SQLITE_DONE) fail(result, script.substr(0, script.size() - rest.size()));
    }
    script = rest;
  }
}

void Connection::fail(int result, std::string_view sql) {
  const int extended =
      (result & 0xff) == (sqlite3_extended_errcode(database_) & 0xff) ? sqlite3_extended_errcode(database_) : result;
  const Code code = code_of_result(extended);
  const std::string where = "database \"" + path_ + "\": ";
  const std::string at = sql.empty() ? "" : " (in " + quoted(sql) + ")";
  if ((extended & 0xff) == SQLITE_BUSY && own_deadline_)
    throw Error(Code::deadline_exceeded, where + "the deadline passed while another instance held the write lock" + at);
  if ((extended & 0xff) == SQLITE_BUSY)
    throw Error(code, where + "another instance holds the file's lock; try again later" + at);
  if ((extended & 0xff) == SQLITE_FULL)
    throw Error(code, where + "the disk is full; nothing was changed, make room and try again" + at);
  if ((extended & 0xff) == SQLITE_INTERRUPT)
    throw Error(code, where + "the statement took longer than its deadline" + at);
  throw Error(code, where + sqlite3_errmsg(database_) + at);
}

}  // namespace tutti::database
