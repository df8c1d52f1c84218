#include "database/core.hpp"

#include <algorithm>
#include <cstring>
#include <exception>

#include <tutti/detail/waiting.hpp>

#include "database/binding.hpp"
#include "database/codec.hpp"
#include "database/migrations.hpp"
#include "database/once.hpp"
#include "runtime/fiber.hpp"
#include "runtime/shard.hpp"

namespace tutti::detail {
namespace {

using database::Access;
using database::Author;
using database::Binder;
using database::Connection;
using database::RowReader;
using database::Statement;

// Also how a fiber is known to be inside a body: by this address.
constexpr const char* transaction_reason = "a transaction";

bool inside_transaction() {
  runtime::Shard* const shard = runtime::Shard::current_or_null();
  const runtime::Fiber* const fiber = shard == nullptr ? nullptr : shard->current_fiber();
  return fiber != nullptr && fiber->no_wait_reason == transaction_reason;
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos || slash == 0 ? std::string() : path.substr(0, slash);
}

void command(Connection& connection, std::string_view sql) { connection.prepare(sql, Author::library).finish(); }

// A full disk or a failed write ends SQLite's transaction by itself. What a body that caught the error does next must
// not commit alone.
Connection& still_open(Connection& connection) {
  if (!connection.in_transaction())
    throw Error(Code::aborted,
                "the transaction was rolled back when an earlier statement failed; let that error leave the body");
  return connection;
}

std::int64_t run_on(Connection& connection, std::string_view sql, std::span<const SqlArgument> values) {
  auto statement = connection.prepare(sql, Author::user);
  if (sqlite3_column_count(statement.get()) != 0)
    throw Error(Code::invalid_argument, "the statement \"" + std::string(sql) + "\" gives rows; use query or one");
  Binder binder(statement);
  binder.bind(values);
  statement.finish();
  return statement.read_only() ? 0 : connection.changes();
}

void insert_on(Connection& connection, std::string_view table, const Shape& shape, const void* row) {
  auto statement = connection.prepare(database::insert_sql(table, shape), Author::user);
  Binder binder(statement);
  binder.bind_fields(shape, row);
  statement.finish();
}

void read_row(const RowReader& reader, const Shape& list, void* into) {
  if (list.element->kind != Kind::boolean) return reader.read(list.list->append(into));
  bool value = false;
  reader.read(&value);
  list.list->append_bool(into, value);
}

void query_on(Statement& statement, std::string_view sql, std::span<const SqlArgument> values, const Shape& shape,
              void* into) {
  Binder binder(statement);
  binder.bind(values);
  bool row = statement.step();
  // After the step, which may have compiled the statement anew for a schema that another instance changed.
  const RowReader reader(statement, *shape.element);
  if (shape.kind == Kind::list) {
    for (; row; row = statement.step()) read_row(reader, shape, into);
    return;
  }
  if (!row) return;
  reader.read(shape.optional->emplace(into));
  if (statement.step())
    throw Error(Code::failed_precondition,
                "expected at most one row from \"" + std::string(sql) + "\", found more; use query");
}

}  // namespace

template <class F>
auto DatabaseCore::on_writer(F&& f) {
  const Instant own = runtime::deadline();
  const Instant limit = world_.clock().instant() + rules_.wait_max;
  return writer_thread_.run([&] {
    if (writer_ == nullptr) writer_ = connect(Access::write);
    writer_->until(std::min(own, limit), own < limit);
    return f(*writer_);
  });
}

template <class F>
void DatabaseCore::on_reader(F&& f) {
  const Instant own = runtime::deadline();
  const Instant limit = world_.clock().instant() + rules_.wait_max;
  reader_thread_->run([&] {
    if (reader_ == nullptr) reader_ = connect(Access::read);
    reader_->until(std::min(own, limit), own < limit);
    f(*reader_);
  });
}

template <class F>
auto DatabaseCore::alone(F&& f) {
  struct Turn {
    explicit Turn(database::WriterQueue& of) : queue(of) { queue.enter(); }
    ~Turn() { queue.leave(); }
    database::WriterQueue& queue;
  } turn(queue_);
  return on_writer(f);
}

DatabaseCore::DatabaseCore(world::World& world, const std::string& path, const DatabaseRules& rules,
                           database::DatabaseHooks hooks)
    : world_(world),
      path_(path),
      rules_(rules),
      hooks_(std::move(hooks)),
      vfs_(world.simulated() ? database::make_simulated_vfs(world) : database::make_real_vfs(world)),
      queue_(world, rules.wait_max),
      writer_thread_(world, "db write") {
  const auto steps = database::steps_of(world.files(), rules);
  rules_.migrations = {};  // need not live longer
  if (const std::string folder = folder_of(path); !folder.empty())
    if (const int error = world.files().make_directories(folder); error != 0)
      throw Error(Code::failed_precondition,
                  "the folder \"" + folder + "\" of database \"" + path + "\" cannot be made: " + std::strerror(error));
  on_writer([&](Connection& connection) {
    database::migrate(connection, steps, world.clock().now());
    outbox_rows_ = database::outbox_rows(connection);
  });
  if (!world.simulated()) {
    reader_thread_.emplace(world, "db read");
    on_reader([](Connection&) {});
  }
  open_ = true;
}

DatabaseCore::~DatabaseCore() = default;

std::unique_ptr<Connection> DatabaseCore::connect(Access access) {
  return std::make_unique<Connection>(world_, *vfs_, path_, access, rules_);
}

void DatabaseCore::refuse_inside_transaction(const char* what) {
  if (inside_transaction() || (!runtime::on_fiber() && queue_.held_by_this_thread()))
    throw Error(Code::failed_precondition, std::string("a transaction may not wait for ") + what +
                                               "; use the tutti::Transaction that its body was given");
}

void DatabaseCore::begin() {
  refuse_inside_transaction("another transaction");
  queue_.enter();
  try {
    on_writer([](Connection& connection) { command(connection, "begin immediate"); });
  } catch (...) {
    queue_.leave();
    throw;
  }
}

void DatabaseCore::commit(OpenTransaction& open) {
  if (runtime::on_fiber()) check_may_wait("the commit");  // what is pending rolls back
  const Shielded until_it_ended(rules_.wait_max);
  on_writer([](Connection& connection) { command(still_open(connection), "commit"); });
  commits_.fetch_add(1, std::memory_order_relaxed);
  if (open.outbox_rows >= 0) outbox_rows_ = open.outbox_rows;
  outbox_dropped_ += open.outbox_dropped;
}

// A connection whose rollback fails is closed, which rolls back as well.
void DatabaseCore::roll_back() noexcept {
  rollbacks_.fetch_add(1, std::memory_order_relaxed);
  try {
    const Shielded until_it_ended(rules_.wait_max);
    on_writer([this](Connection& connection) {
      try {
        // A full disk or a failed write has rolled back already.
        if (connection.in_transaction()) command(connection, "rollback");
      } catch (const Error&) {
        writer_.reset();
        throw;
      }
    });
  } catch (const std::exception& error) {
    report("a rollback failed and the connection is opened anew: " + std::string(error.what()));
  }
}

void DatabaseCore::run_body(OpenTransaction& open, TransactionBody body) {
  const runtime::NoWaitScope no_other_wait(transaction_reason);
  Transaction transaction(*this, open);
  body.call(body.object, transaction);
}

void DatabaseCore::transaction(TransactionBody body) {
  OpenTransaction open;
  begin();
  try {
    run_body(open, body);
    commit(open);
  } catch (...) {
    roll_back();
    queue_.leave();
    throw;
  }
  queue_.leave();
  announce(open);
}

void DatabaseCore::once(const OnceCall& call, TransactionBody body, const Shape* shape, void* reply) {
  if (call.key.empty()) return transaction(body);
  const std::uint64_t hash = database::request_hash(call);
  const auto keep = [&](const database::KeptReply& kept) {
    on_writer([&](Connection& connection) {
      database::keep_reply(connection, call, hash, kept, world_.clock().now(), rules_);
    });
  };
  OpenTransaction open;
  std::optional<database::KeptReply> known;
  std::exception_ptr declared;
  begin();
  try {
    known = on_writer([&](Connection& connection) {
      auto found = database::find_reply(connection, call, hash, world_.clock().now(), rules_);
      if (!found) command(connection, "savepoint tutti_body");
      return found;
    });
    if (!known) {
      try {
        run_body(open, body);
        keep({.reply = shape == nullptr ? std::string() : database::msgpack_of(*shape, reply)});
      } catch (...) {
        const auto error = database::contract_error(*call.method, std::current_exception());
        if (!error) throw;
        // What the body wrote goes; that it refused stays.
        on_writer([](Connection& connection) { command(still_open(connection), "rollback to tutti_body"); });
        open = {};
        keep(*error);
        declared = std::current_exception();
      }
    }
    commit(open);
  } catch (...) {
    roll_back();
    queue_.leave();
    throw;
  }
  queue_.leave();
  announce(open);
  if (declared) std::rethrow_exception(declared);
  if (known) database::replay(*known, *call.method, shape, reply);
}

void DatabaseCore::announce(const OpenTransaction& open) noexcept {
  if (open.outbox_dropped > 0)
    report("dropped " + std::to_string(open.outbox_dropped) + " events from the outbox of \"" + path_ +
           "\" that were older than outbox_age_max and never sent");
  if (!hooks_.published) return;
  for (const auto& one : open.published) {
    try {
      hooks_.published(*one.event, one.message_id, one.body);
    } catch (const std::exception& error) {
      // Committed is committed: the row stays in the outbox, and whoever listens here has to look after itself.
      report("announcing an event in this process failed: " + std::string(error.what()));
    }
  }
}

void DatabaseCore::report(std::string_view sentence) noexcept {
  try {
    if (hooks_.report) hooks_.report(sentence);
  } catch (const std::exception&) {
    // The log itself fails; the counters still tell.
  }
}

std::int64_t DatabaseCore::run(OpenTransaction* open, std::string_view sql, std::span<const SqlArgument> values) {
  const auto work = [&](Connection& connection) { return run_on(connection, sql, values); };
  if (open != nullptr) return on_writer([&](Connection& connection) { return work(still_open(connection)); });
  refuse_inside_transaction("a statement beside it");
  return alone(work);
}

void DatabaseCore::insert(OpenTransaction* open, std::string_view table, const Shape& shape, const void* row) {
  const auto work = [&](Connection& connection) { insert_on(connection, table, shape, row); };
  if (open != nullptr) return on_writer([&](Connection& connection) { work(still_open(connection)); });
  refuse_inside_transaction("a statement beside it");
  alone(work);
}

void DatabaseCore::query(OpenTransaction* open, std::string_view sql, std::span<const SqlArgument> values,
                         const Shape& shape, void* into) {
  if (open != nullptr) {
    return on_writer([&](Connection& connection) {
      auto statement = still_open(connection).prepare(sql, Author::user);
      query_on(statement, sql, values, shape, into);
    });
  }
  refuse_inside_transaction("a query beside it");
  bool done = false;
  if (reader_thread_) {
    on_reader([&](Connection& connection) {
      auto statement = connection.prepare(sql, Author::user);
      if (!statement.read_only()) return;
      query_on(statement, sql, values, shape, into);
      done = true;
    });
  }
  if (done) return;
  // Writes and gives rows ("... returning id"); a row that cannot be read must undo what was written.
  alone([&](Connection& connection) {
    command(connection, "begin");
    try {
      {
        auto statement = connection.prepare(sql, Author::user);
        query_on(statement, sql, values, shape, into);
      }
      command(connection, "commit");
    } catch (...) {
      if (connection.in_transaction()) command(connection, "rollback");
      throw;
    }
  });
}

void DatabaseCore::publish(OpenTransaction& open, const EventSpec& event, const void* message) {
  const database::OutboxRow row{.event = std::string(event.service->name) + "." + std::string(event.name),
                                .message_id = world_.random().id(),
                                .body = database::json_of(event.message(), message),
                                .traceparent = hooks_.traceparent ? hooks_.traceparent() : std::string(),
                                .context = hooks_.context ? hooks_.context() : std::string(),
                                .created_at = world_.clock().now()};
  const auto state =
      on_writer([&](Connection& connection) { return database::add_to_outbox(still_open(connection), row, rules_); });
  open.outbox_rows = state.rows;
  open.outbox_dropped += state.dropped;
  open.published.push_back({&event, row.message_id, row.body});
}

bool DatabaseCore::first_time(OpenTransaction&, std::string_view key) {
  if (key.empty()) throw Error(Code::invalid_argument, "once was asked for an empty key");
  return on_writer([&](Connection& connection) {
    return database::keep_key(still_open(connection), key, world_.clock().now(), rules_);
  });
}

std::vector<database::OutboxRow> DatabaseCore::outbox(std::size_t rows_max) {
  std::vector<database::OutboxRow> rows;
  const auto read = [&](Connection& connection) { rows = database::read_outbox(connection, rows_max); };
  refuse_inside_transaction("a query beside it");
  reader_thread_ ? on_reader(read) : alone(read);
  return rows;
}

bool DatabaseCore::take_outbox(std::string_view relay, Time until) {
  bool taken = false;
  alone([&](Connection& connection) { taken = database::take_outbox(connection, relay, world_.clock().now(), until); });
  return taken;
}

void DatabaseCore::remove_from_outbox(std::span<const std::int64_t> ids, std::string_view relay) {
  begin();
  OpenTransaction open;
  try {
    on_writer([&](Connection& connection) {
      database::remove_outbox_rows(connection, ids);
      if (!relay.empty()) database::leave_outbox(connection, relay);
      open.outbox_rows = database::outbox_rows(connection);
    });
    commit(open);
  } catch (...) {
    roll_back();
    queue_.leave();
    throw;
  }
  queue_.leave();
}

DatabaseNumbers DatabaseCore::numbers() {
  return {.open = open_.load(),
          .writers_waiting = queue_.waiting(),
          .commits = commits_.load(),
          .rollbacks = rollbacks_.load(),
          .outbox_rows = outbox_rows_.load(),
          .outbox_dropped = outbox_dropped_.load()};
}

}  // namespace tutti::detail
