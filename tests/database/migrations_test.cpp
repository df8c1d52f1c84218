#include "database/migrations.hpp"

#include "database/given.hpp"

namespace tutti::given {
namespace {

constexpr Migration version_1[] = {
    {"0001-orders.sql", "create table orders (id text primary key, total integer not null)"}};
constexpr Migration version_2[] = {version_1[0],
                                   {"0002-note.sql", "alter table orders add column note text not null default ''"}};

struct OrderV1 {
  std::string id;
  std::int64_t total;
};
struct OrderV2 {
  std::string id;
  std::int64_t total;
  std::string note = "";
};

struct Migrations : SimulatedDatabase {
  void write_file(const std::string& path, std::string_view text) { ASSERT_EQ(world.files().replace(path, text), 0); }
};

TEST_F(Migrations, run_once_and_in_order_of_their_names) {
  constexpr Migration both[] = {{"0002-b.sql", "insert into a values (2)"}, {"0001-a.sql", "create table a (x)"}};
  open({.migrations = both});

  const auto db = open({.migrations = both});

  EXPECT_EQ(count(*db, "a"), 1);
  EXPECT_EQ(db->query<std::string>("select name from tutti_migrations where name not like 'tutti-%' order by name"),
            (std::vector<std::string>{"0001-a.sql", "0002-b.sql"}));
}

TEST_F(Migrations, are_read_from_a_folder) {
  ASSERT_EQ(world.files().make_directories("/app/migrations"), 0);
  write_file("/app/migrations/0001-a.sql", "create table a (x);\n-- and a row\ninsert into a values (1);\n");
  write_file("/app/migrations/README.md", "not a migration");

  const auto db = open({.migrations_folder = "/app/migrations"});

  EXPECT_EQ(count(*db, "a"), 1);
  EXPECT_ERROR(open({.migrations_folder = "/nowhere"}), Code::failed_precondition, "\"/nowhere\" does not exist");
}

TEST_F(Migrations, a_changed_one_is_named) {
  open({.migrations = version_1});
  constexpr Migration changed[] = {{"0001-orders.sql", "create table orders (id text)"}};

  EXPECT_ERROR(open({.migrations = changed}), Code::failed_precondition,
               "\"0001-orders.sql\" was changed after it was applied");
}

TEST_F(Migrations, a_failing_one_is_named_and_nothing_of_it_stays) {
  constexpr Migration failing[] = {version_1[0],
                                   {"0002-bad.sql", "create table b (x); insert into nowhere values (1)"}};

  EXPECT_ERROR(open({.migrations = failing}), Code::failed_precondition, "\"0002-bad.sql\" failed and was undone");

  const auto db = open({.migrations = version_2});
  EXPECT_EQ(db->one<std::int64_t>("select count(*) from sqlite_schema where name = 'b'"), 0);
}

TEST_F(Migrations, may_not_end_the_transaction_that_they_run_in) {
  constexpr Migration committing[] = {{"0001-a.sql", "create table a (x); commit"}};

  EXPECT_ERROR(open({.migrations = committing}), Code::invalid_argument, "\"0001-a.sql\" failed and was undone");
}

TEST_F(Migrations, a_new_one_below_an_applied_one_is_refused) {
  open({.migrations = version_1});
  constexpr Migration late[] = {{"0000-before.sql", "create table b (x)"}, version_1[0]};

  EXPECT_ERROR(open({.migrations = late}), Code::failed_precondition,
               "\"0000-before.sql\" is new, but \"0001-orders.sql\" was applied already");
}

TEST_F(Migrations, a_file_of_another_service_is_refused) {
  open({.migrations = version_1});
  constexpr Migration other[] = {{"0002-payments.sql", "create table payments (x)"}};

  EXPECT_ERROR(open({.migrations = other}), Code::failed_precondition, "is it another service's file?");
}

TEST_F(Migrations, names_have_one_form_and_numbers_are_unique) {
  constexpr Migration unnumbered[] = {{"orders.sql", ""}};
  constexpr Migration twice[] = {{"0001-a.sql", ""}, {"0001-b.sql", ""}};

  EXPECT_ERROR(open({.migrations = unnumbered}), Code::failed_precondition, "not named like");
  EXPECT_ERROR(open({.migrations = twice}), Code::failed_precondition, "have the same number");
}

TEST_F(Migrations, may_rebuild_a_table_that_others_refer_to) {
  constexpr Migration rebuild[] = {
      {"0001-a.sql",
       "create table a (id integer primary key); create table b (a integer references a (id));"
       "insert into a values (1); insert into b values (1)"},
      {"0002-rebuild.sql",
       "create table new_a (id integer primary key, more text); insert into new_a (id) select id from a;"
       "drop table a; alter table new_a rename to a"}};

  const auto db = open({.migrations = rebuild});

  EXPECT_EQ(count(*db, "b"), 1);
  EXPECT_ERROR(db->run("insert into b values (2)"), Code::failed_precondition, "FOREIGN KEY");
}

TEST_F(Migrations, that_break_references_are_undone) {
  constexpr Migration breaking[] = {
      {"0001-a.sql",
       "create table a (id integer primary key); create table b (a integer references a (id));"
       "insert into b values (1)"}};

  EXPECT_ERROR(open({.migrations = breaking}), Code::failed_precondition,
               "table \"b\" has rows that refer to missing rows");
}

TEST_F(Migrations, the_previous_version_works_against_the_new_schema) {
  open({.migrations = version_1})->insert("orders", OrderV1{"o-1", 5});
  open({.migrations = version_2})->insert("orders", OrderV2{"o-2", 6, "gift"});

  const auto previous = open({.migrations = version_1});
  previous->insert("orders", OrderV1{"o-3", 7});

  EXPECT_EQ(previous->query<OrderV1>("select * from orders").size(), 3u);
}

}  // namespace
}  // namespace tutti::given
