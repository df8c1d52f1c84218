#include "database/core.hpp"

#include <sqlite3.h>

namespace tutti {

std::int64_t Statements::run_statement(std::string_view sql, std::span<const detail::SqlArgument> values) {
  return core_->run(transaction_, sql, values);
}

void Statements::insert_row(std::string_view table, const detail::Shape& shape, const void* row) {
  core_->insert(transaction_, table, shape, row);
}

void Statements::query_rows(std::string_view sql, std::span<const detail::SqlArgument> values,
                            const detail::Shape& shape, void* into) {
  core_->query(transaction_, sql, values, shape, into);
}

void Transaction::publish_message(const detail::EventSpec& event, const void* message) {
  core_->publish(*transaction_, event, message);
}

bool Transaction::once(std::string_view key) { return core_->first_time(*transaction_, key); }

Database::Database(std::unique_ptr<detail::DatabaseCore> core) noexcept
    : Statements(*core, nullptr), owned_(std::move(core)) {}

Database::~Database() = default;

void Database::in_transaction(detail::TransactionBody body) { core_->transaction(body); }

void Database::run_once(const detail::OnceCall& call, detail::TransactionBody body, const detail::Shape* shape,
                        void* reply) {
  core_->once(call, body, shape, reply);
}

DatabaseNumbers Database::numbers() const { return core_->numbers(); }

namespace database {

std::unique_ptr<Database> open_database(world::World& world, const std::string& path, const DatabaseRules& rules,
                                        DatabaseHooks hooks) {
  return std::make_unique<Database>(std::make_unique<detail::DatabaseCore>(world, path, rules, std::move(hooks)));
}

void limit_caches(std::uint64_t bytes) { (void)sqlite3_soft_heap_limit64(static_cast<sqlite3_int64>(bytes)); }

}  // namespace database
}  // namespace tutti
