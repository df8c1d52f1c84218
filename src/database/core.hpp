// The part of a Database that is no template. Two threads serve a file: the writer's, which runs the statements of one
// transaction at a time, and the reader's. Bodies of transactions run on their fibers; each of their statements
// hops to the writer's thread and back. In a simulated world both are one connection, used by one fiber at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tutti/database.hpp>

#include "database/connection.hpp"
#include "database/outbox.hpp"
#include "database/vfs.hpp"
#include "database/writer_queue.hpp"
#include "runtime/worker.hpp"
#include "world/world.hpp"

namespace tutti::database {

// How the service hears of what happens in its database. Each may be empty. Called on the fiber that wrote; must not
// throw.
struct DatabaseHooks {
  // After the commit, in the order of the publishes. `body` is the message as JSON.
  std::function<void(const detail::EventSpec& event, std::string_view message_id, std::string_view body)> published =
      {};
  // W3C traceparent of the current call, kept with an outbox row; may be empty.
  std::function<std::string()> traceparent = {};
  std::function<std::string()> context = {};  // see database::OutboxRow
  // Something an operator should read, once per occasion: rows dropped, a failed hook.
  std::function<void(std::string_view sentence)> report = {};
};

// Opens the file (made if missing, with its folder), runs the migrations. Throws tutti::Error. Hold it by the process,
// not per shard: it is thread-safe. `world` must outlive it.
[[nodiscard]] std::unique_ptr<Database> open_database(world::World& world, const std::string& path,
                                                      const DatabaseRules& rules, DatabaseHooks hooks = {});

// For all databases of the process together: their caches reuse pages rather than grow over it.
void limit_caches(std::uint64_t bytes);

}  // namespace tutti::database

namespace tutti::detail {

// The state of a transaction while its body runs.
class OpenTransaction {
 public:
  struct Published {
    const EventSpec* event;
    std::string message_id;
    std::string body;
  };
  std::vector<Published> published;
  std::int64_t outbox_rows = -1;     // after the last publish; -1: none
  std::uint64_t outbox_dropped = 0;  // by this transaction
};

class DatabaseCore {
 public:
  DatabaseCore(world::World& world, const std::string& path, const DatabaseRules& rules, database::DatabaseHooks hooks);
  ~DatabaseCore();
  DatabaseCore(const DatabaseCore&) = delete;
  DatabaseCore& operator=(const DatabaseCore&) = delete;

  // `open` is null for a statement that stands alone.
  std::int64_t run(OpenTransaction* open, std::string_view sql, std::span<const SqlArgument> values);
  void insert(OpenTransaction* open, std::string_view table, const Shape& shape, const void* row);
  void query(OpenTransaction* open, std::string_view sql, std::span<const SqlArgument> values, const Shape& shape,
             void* into);
  void publish(OpenTransaction& open, const EventSpec& event, const void* message);
  [[nodiscard]] bool first_time(OpenTransaction& open, std::string_view key);
  void transaction(TransactionBody body);
  void once(const OnceCall& call, TransactionBody body, const Shape* shape, void* reply);
  [[nodiscard]] DatabaseNumbers numbers();

  // The oldest first. Waits.
  [[nodiscard]] std::vector<database::OutboxRow> outbox(std::size_t rows_max);
  // For the relay that sends outbox rows to a broker, of which one works at a time, whatever process it is in: takes
  // the turn until then (false: another one has it), and gives it back with the rows that are sent. Both wait.
  [[nodiscard]] bool take_outbox(std::string_view relay, Time until);
  void remove_from_outbox(std::span<const std::int64_t> ids, std::string_view relay = {});

 private:
  void refuse_inside_transaction(const char* what);
  void begin();
  void commit(OpenTransaction& open);
  void roll_back() noexcept;
  void run_body(OpenTransaction& open, TransactionBody body);
  void announce(const OpenTransaction& open) noexcept;
  void report(std::string_view sentence) noexcept;
  // On the writer's thread, by whom holds the queue (or opens the file).
  template <class F>
  auto on_writer(F&& f);
  // Alone: takes the queue for one hop.
  template <class F>
  auto alone(F&& f);
  template <class F>
  void on_reader(F&& f);
  std::unique_ptr<database::Connection> connect(database::Access access);

  world::World& world_;
  std::string path_;
  DatabaseRules rules_;
  database::DatabaseHooks hooks_;
  std::unique_ptr<database::Vfs> vfs_;
  database::WriterQueue queue_;
  std::unique_ptr<database::Connection> writer_;  // null after a rollback failed: made anew by the next writer
  std::unique_ptr<database::Connection> reader_;  // null in a simulated world
  std::atomic<bool> open_{false};
  std::atomic<std::uint64_t> commits_{0};
  std::atomic<std::uint64_t> rollbacks_{0};
  std::atomic<std::int64_t> outbox_rows_{0};
  std::atomic<std::uint64_t> outbox_dropped_{0};
  runtime::Worker writer_thread_;  // after the connections: their work ends first
  std::optional<runtime::Worker> reader_thread_;
};

}  // namespace tutti::detail
