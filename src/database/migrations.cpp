#include "database/migrations.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>

#include "database/hash.hpp"

namespace tutti::database {
namespace {

constexpr std::size_t number_digits = 4;

// The tables of the library. Steps like the user's, in the same record: append only.
const std::vector<Step>& own_steps() {
  static const std::vector<Step> steps{
      {"tutti-0001-once-and-outbox", R"(
create table tutti_once (
  id integer primary key,
  service text not null, method text not null, identity text not null, key text not null,
  request_hash integer not null,
  reply blob,
  error_type text, error_code integer, error_json text,
  kept_at integer not null,
  unique (service, method, identity, key));
create index tutti_once_by_age on tutti_once (kept_at);
create table tutti_outbox (
  id integer primary key autoincrement,
  event text not null, message_id text not null, body text not null, traceparent text not null,
  created_at integer not null);
create index tutti_outbox_by_age on tutti_outbox (created_at);
)"},
      {"tutti-0002-once-keys-and-relay", R"(
create table tutti_once_keys (key text primary key, kept_at integer not null) without rowid;
create index tutti_once_keys_by_age on tutti_once_keys (kept_at);
create table tutti_outbox_relay (id integer primary key, relay text not null, until integer not null);
)"},
      {"tutti-0003-outbox-context", "alter table tutti_outbox add column context blob not null default x''"}};
  return steps;
}

bool own(std::string_view name) { return name.starts_with("tutti-"); }

bool well_named(std::string_view name) {
  if (name.size() < number_digits + 6 || name[number_digits] != '-' || !name.ends_with(".sql")) return false;
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return std::all_of(name.begin(), name.begin() + number_digits, digit);
}

std::string hash_text(std::string_view sql) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash_of(sql)));
  return text;
}

std::map<std::string, std::string> applied(Connection& connection) {
  std::map<std::string, std::string> names;
  auto exists = connection.prepare("select 1 from sqlite_schema where name = 'tutti_migrations'", Author::library);
  if (!exists.step()) return names;
  auto rows = connection.prepare("select name, hash from tutti_migrations", Author::library);
  while (rows.step()) names.emplace(rows.text_at(0), rows.text_at(1));
  return names;
}

[[noreturn]] void refuse(const std::string& text) { throw Error(Code::failed_precondition, text); }

// The steps that are missing, after checking that the record and the known steps agree.
std::vector<const Step*> missing(const std::vector<Step>& known, const std::map<std::string, std::string>& done,
                                 bool own_ones) {
  std::vector<const Step*> steps;
  std::string newest_done;
  for (const auto& [name, hash] : done)
    if (own(name) == own_ones) newest_done = std::max(newest_done, name);
  for (const Step& step : known) {
    const auto found = done.find(step.name);
    if (found == done.end()) {
      if (step.name < newest_done)
        refuse("migration \"" + step.name + "\" is new, but \"" + newest_done +
               "\" was applied already; give it a number above that");
      steps.push_back(&step);
    } else if (found->second != hash_text(step.sql)) {
      refuse("migration \"" + step.name + "\" was changed after it was applied (hash " + found->second + ", now " +
             hash_text(step.sql) + "); restore its text and write a new migration");
    }
  }
  for (const auto& [name, hash] : done) {
    if (own(name) != own_ones || (!known.empty() && name > known.back().name) || known.empty()) continue;
    const auto same = [&name = name](const Step& step) { return step.name == name; };
    if (std::none_of(known.begin(), known.end(), same))
      refuse("migration \"" + name +
             "\" was applied to this file, but this program does not know it, only later ones; "
             "is it another service's file?");
  }
  return steps;
}

void check_foreign_keys(Connection& connection) {
  auto broken = connection.prepare("pragma foreign_key_check", Author::library);
  if (broken.step())
    refuse("after the migrations, table \"" + broken.text_at(0) + "\" has rows that refer to missing rows of \"" +
           broken.text_at(2) + "\"");
}

void run(Connection& connection, const std::vector<const Step*>& steps, Time now) {
  for (const Step* step : steps) {
    try {
      connection.execute(step->sql, own(step->name) ? Author::library : Author::user);
    } catch (const Error& error) {
      throw Error(error.code() == Code::internal ? Code::failed_precondition : error.code(),
                  "migration \"" + step->name + "\" failed and was undone: " + error.what());
    }
    auto record =
        connection.prepare("insert into tutti_migrations (name, hash, applied_at) values (?, ?, ?)", Author::library);
    const std::string hash = hash_text(step->sql);
    const std::string at = to_string(now);
    record.bind_text(1, step->name);
    record.bind_text(2, hash);
    record.bind_text(3, at);
    record.finish();
  }
}

}  // namespace

std::vector<Step> steps_of(world::Files& files, const DatabaseRules& rules) {
  std::vector<Step> steps;
  for (const Migration& migration : rules.migrations)
    steps.push_back({std::string(migration.name), std::string(migration.sql)});
  if (!rules.migrations_folder.empty()) {
    const std::string& folder = rules.migrations_folder;
    if (const auto status = files.status(folder); !status || !status->directory)
      refuse("the folder of migrations \"" + folder + "\" does not exist");
    for (const std::string& name : files.list(folder)) {
      if (!name.ends_with(".sql")) continue;
      int error = 0;
      auto sql = files.read_all(folder + "/" + name, migration_bytes_max, error);
      if (!sql)
        refuse("migration \"" + folder + "/" + name + "\" cannot be read: " + std::string(std::strerror(error)) +
               "; at most " + std::to_string(migration_bytes_max) + " bytes are read");
      steps.push_back({name, std::move(*sql)});
    }
  }
  for (const Step& step : steps)
    if (!well_named(step.name)) refuse("migration \"" + step.name + "\" is not named like \"0001-orders.sql\"");
  std::sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.name < b.name; });
  const auto twice = std::adjacent_find(steps.begin(), steps.end(), [](const Step& a, const Step& b) {
    return a.name.compare(0, number_digits, b.name, 0, number_digits) == 0;
  });
  if (twice != steps.end())
    refuse("migrations \"" + twice->name + "\" and \"" + (twice + 1)->name + "\" have the same number");
  return steps;
}

void migrate(Connection& connection, const std::vector<Step>& steps, Time now) {
  {
    const auto done = applied(connection);
    if (missing(own_steps(), done, true).empty() && missing(steps, done, false).empty()) return;
  }
  // A step may rebuild a table that others refer to, which SQLite allows only with foreign keys off; they are
  // checked before the commit.
  connection.execute("pragma foreign_keys = off", Author::library);
  try {
    connection.execute("begin immediate", Author::library);
    const auto done = applied(connection);  // again: another instance may have been first
    connection.execute(
        "create table if not exists tutti_migrations (name text primary key, hash text not null, applied_at text not "
        "null)",
        Author::library);
    run(connection, missing(own_steps(), done, true), now);
    run(connection, missing(steps, done, false), now);
    check_foreign_keys(connection);
    connection.execute("commit", Author::library);
  } catch (...) {
    if (connection.in_transaction()) connection.execute("rollback", Author::library);
    throw;
  }
  connection.execute("pragma foreign_keys = on", Author::library);
}

}  // namespace tutti::database
