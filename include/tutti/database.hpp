// A service's own SQLite database. Rows are aggregates, bound by the names of their fields; values of a statement are
// bound to its question marks. A handler writes single statements through the Database, and several that belong
// together, or that must be announced, in a Transaction:
//
//   db_.insert("orders", order);
//   auto rows = db_.query<Order>("select * from orders where customer = ?", customer);
//   db_.transaction([&](tutti::Transaction& t) {
//     t.run("update orders set state = ? where id = ?", State::paid, order.id);
//     t.publish(placed, order);  // leaves after the commit
//   });
//
// In SQL: bool and integers are INTEGER, floating point REAL, text TEXT, Bytes BLOB, an enumeration its name,
// tutti::Time text like 2026-02-03T04:05:06.000000000Z (it sorts by time), a duration INTEGER nanoseconds, an empty
// optional NULL; lists, maps, records and variants are TEXT with their JSON.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tutti/contract.hpp>
#include <tutti/detail/reflect.hpp>
#include <tutti/detail/shape.hpp>
#include <tutti/detail/spec.hpp>

namespace tutti {

class Context;
class Database;
class Transaction;

// A step of the schema, run once per database file, in the order of the names ("0001-orders.sql"). A step that was
// released is never changed: a new one follows. Several statements may stand in one step; none of them begins or ends a
// transaction.
struct Migration {
  std::string_view name;  // NNNN-name.sql, as its file is called
  std::string_view sql;
};

enum class Durability : std::uint8_t {
  full,    // a commit survives the loss of power
  normal,  // a commit survives the end of the process; the last ones may be lost with the power. Never corrupt.
};

struct DatabaseRules {
  std::span<const Migration> migrations = {};  // must outlive the Database's opening
  std::string migrations_folder = {};          // read at opening, besides `migrations`; empty: none
  Durability durability = Durability::full;
  std::size_t statements_max = 64;                               // prepared statements that each connection keeps
  std::chrono::nanoseconds wait_max = std::chrono::seconds(30);  // of a statement without a deadline of its own
  std::chrono::nanoseconds once_kept = std::chrono::hours(24);
  std::size_t outbox_rows_max = 100'000;
  std::chrono::nanoseconds outbox_age_max = std::chrono::hours(7 * 24);
};

// What the metrics and readiness of a service say of a database.
struct DatabaseNumbers {
  bool open = false;
  std::size_t writers_waiting = 0;  // fibers in the queue for the write lock
  std::uint64_t commits = 0;
  std::uint64_t rollbacks = 0;
  std::int64_t outbox_rows = 0;      // as of the last publish or removal in this process
  std::uint64_t outbox_dropped = 0;  // rows older than outbox_age_max
};

namespace detail {

class DatabaseCore;
class OpenTransaction;

// A value for a question mark. Without a shape: text, or NULL if its data() is null.
struct SqlArgument {
  const Shape* shape = nullptr;
  const void* value = nullptr;
  std::string_view text = {};
};

template <class T>
SqlArgument sql_argument(const T& value) {
  using Plain = std::remove_cvref_t<T>;
  if constexpr (std::is_same_v<Plain, std::nullptr_t> || std::is_same_v<Plain, std::nullopt_t>) {
    return {};
  } else if constexpr (std::is_same_v<Plain, std::string_view>) {
    return {.text = value.data() == nullptr ? std::string_view("") : value};
  } else if constexpr (std::is_convertible_v<const T&, const char*>) {
    const char* const text = value;
    if (text == nullptr) return {};
    return {.text = text};
  } else {
    return {.shape = &shape_of<Plain>(), .value = &value};
  }
}

struct TransactionBody {
  void* object;
  void (*call)(void* object, Transaction& transaction);
};

// Whose call it is that must not be done twice.
struct OnceCall {
  const MethodSpec* method;
  std::string_view identity;
  std::string_view key;  // empty: the body runs in a plain transaction and nothing is kept
  const void* request;   // a value of method->request(); null if the method takes none
};
// Defined by the service layer.
OnceCall once_call_of(const Context& context);

}  // namespace detail

// What Database and Transaction have in common. Every function waits, within the deadline of the handler, and throws
// tutti::Error: already_exists (a unique key is taken), failed_precondition (another constraint), resource_exhausted
// (disk full), deadline_exceeded, unavailable (another instance holds the write lock), data_loss (a value that does not
// fit its field), internal (the statement is wrong).
class Statements {
 public:
  Statements(const Statements&) = delete;
  Statements& operator=(const Statements&) = delete;

  // Rows changed. For statements that give rows: query.
  template <class... Values>
  std::int64_t run(std::string_view sql, const Values&... values) {
    return run_statement(sql, std::array<detail::SqlArgument, sizeof...(Values)>{detail::sql_argument(values)...});
  }

  // Each field into the column of its name.
  template <class Row>
  void insert(std::string_view table, const Row& row) {
    static_assert(std::is_aggregate_v<Row>,
                  "tutti: a row is a plain aggregate whose fields are named like the columns");
    insert_row(table, detail::shape_of<Row>(), &row);
  }

  // Row is an aggregate, filled by column names, or a single value. Columns that Row has no field for are left out;
  // a field without a column is an error; NULL leaves a field that may be absent as it is.
  template <class Row, class... Values>
  [[nodiscard]] std::vector<Row> query(std::string_view sql, const Values&... values) {
    std::vector<Row> rows;
    query_rows(sql, std::array<detail::SqlArgument, sizeof...(Values)>{detail::sql_argument(values)...},
               detail::shape_of<std::vector<Row>>(), &rows);
    return rows;
  }

  // Nothing without a row; more than one is failed_precondition.
  template <class Row, class... Values>
  [[nodiscard]] std::optional<Row> one(std::string_view sql, const Values&... values) {
    std::optional<Row> row;
    query_rows(sql, std::array<detail::SqlArgument, sizeof...(Values)>{detail::sql_argument(values)...},
               detail::shape_of<std::optional<Row>>(), &row);
    return row;
  }

 protected:
  Statements(detail::DatabaseCore& core, detail::OpenTransaction* transaction) noexcept
      : core_(&core), transaction_(transaction) {}
  ~Statements() = default;

  detail::DatabaseCore* core_;
  detail::OpenTransaction* transaction_;  // null: each statement commits by itself

 private:
  std::int64_t run_statement(std::string_view sql, std::span<const detail::SqlArgument> values);
  void insert_row(std::string_view table, const detail::Shape& shape, const void* row);
  // into: a list (every row) or an optional (at most one).
  void query_rows(std::string_view sql, std::span<const detail::SqlArgument> values, const detail::Shape& shape,
                  void* into);
};

// Open until the body that it was given to returns. Everything done through it happens together or not at all.
// The body runs on its fiber and holds the write lock of the database: any other wait inside it (a call, sleep,
// offload, another transaction) throws failed_precondition.
class Transaction final : public Statements {
 public:
  Transaction(detail::DatabaseCore& core, detail::OpenTransaction& open) noexcept : Statements(core, &open) {}

  // Kept in the same transaction and sent after its commit, in order. resource_exhausted if too many wait to be sent.
  template <class Message>
  void publish(const Event<Message>& event, const std::type_identity_t<Message>& message) {
    publish_message(detail::spec_of(event), &message);
  }

  // For handlers of events, which may come twice: true the first time that this key comes in this database, false again
  // within DatabaseRules::once_kept. It is kept with the rest of the transaction or not at all.
  //   if (!t.once(context.message_id())) return;
  // Two handlers of one event in one database put a name of theirs in front of the id.
  [[nodiscard]] bool once(std::string_view key);

 private:
  void publish_message(const detail::EventSpec& event, const void* message);
};

// Thread-safe; lives as long as the service. Made by App::database.
class Database final : public Statements {
 public:
  explicit Database(std::unique_ptr<detail::DatabaseCore> core) noexcept;
  ~Database();

  // Runs body(Transaction&) under the write lock and commits; gives back what body returns. An exception out of body
  // rolls everything back and goes on to the caller. Not repeated by itself: once it has begun, no other writer can be
  // in its way.
  template <class Body>
  auto transaction(Body&& body) -> std::invoke_result_t<Body&, Transaction&> {
    using Result = std::invoke_result_t<Body&, Transaction&>;
    if constexpr (std::is_void_v<Result>) {
      auto step = [&body](Transaction& t) { body(t); };
      in_transaction(body_of(step));
    } else {
      std::optional<Result> result;
      auto step = [&body, &result](Transaction& t) { result.emplace(body(t)); };
      in_transaction(body_of(step));
      return std::move(*result);
    }
  }

  // For handlers of methods with Repeat::by_key: runs body in a transaction that also keeps its reply under the
  // caller's key. A repeated call gets that reply (or the contract error that body threw) and body does not run again;
  // the same key with another request is invalid_argument. A call that arrives while the first still runs waits for it.
  template <class Body>
  auto once(const Context& context, Body&& body) -> std::invoke_result_t<Body&, Transaction&> {
    return once(detail::once_call_of(context), body);
  }
  template <class Body>
  auto once(const detail::OnceCall& call, Body&& body) -> std::invoke_result_t<Body&, Transaction&> {
    using Reply = std::invoke_result_t<Body&, Transaction&>;
    if constexpr (std::is_void_v<Reply>) {
      auto step = [&body](Transaction& t) { body(t); };
      run_once(call, body_of(step), nullptr, nullptr);
    } else {
      Reply reply{};
      auto step = [&body, &reply](Transaction& t) { reply = body(t); };
      run_once(call, body_of(step), &detail::shape_of<Reply>(), &reply);
      return reply;
    }
  }

  [[nodiscard]] DatabaseNumbers numbers() const;
  // For the library's own use: the relay of the outbox, readiness.
  [[nodiscard]] detail::DatabaseCore& core() noexcept { return *core_; }

 private:
  template <class Step>
  static detail::TransactionBody body_of(Step& step) {
    return {&step, [](void* object, Transaction& t) { (*static_cast<Step*>(object))(t); }};
  }
  void in_transaction(detail::TransactionBody body);
  void run_once(const detail::OnceCall& call, detail::TransactionBody body, const detail::Shape* shape, void* reply);

  std::unique_ptr<detail::DatabaseCore> owned_;
};

}  // namespace tutti
