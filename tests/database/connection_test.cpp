#include "database/connection.hpp"

#include "database/given.hpp"

namespace tutti::given {
namespace {

using database::Access;
using database::Author;

struct ConnectionTest : ::testing::Test {
  world::SimulatedWorld world;
  std::unique_ptr<database::Vfs> vfs = database::make_simulated_vfs(world);
};

TEST_F(ConnectionTest, keeps_at_most_so_many_prepared_statements) {
  database::Connection connection(world, *vfs, "/tmp/a.db", Access::write, {.statements_max = 3});

  for (int i = 0; i < 10; ++i) connection.prepare("select " + std::to_string(i), Author::user).finish();
  connection.prepare("select 9", Author::user).finish();

  EXPECT_EQ(connection.statements_kept(), 3u);
}

TEST_F(ConnectionTest, clock_and_randomness_are_the_worlds) {
  database::Connection connection(world, *vfs, "/tmp/a.db", Access::write, {});
  const auto now = [&] {
    auto row = connection.prepare("select datetime('now')", Author::user);
    row.step();
    return row.text_at(0);
  };

  EXPECT_EQ(now(), "2026-01-01 00:00:00");
  world.advance_to(world.clock().instant() + std::chrono::hours(1));
  EXPECT_EQ(now(), "2026-01-01 01:00:00");
}

TEST_F(ConnectionTest, a_file_that_is_no_database_is_named) {
  int error = 0;
  auto file = world.files().open("/tmp/a.db", world::Open::create, error);
  const std::string text(4096, 'x');
  ASSERT_EQ(file->write(0, std::as_bytes(std::span(text))).error, 0);
  file.reset();

  EXPECT_ERROR(database::Connection(world, *vfs, "/tmp/a.db", Access::write, {}), Code::data_loss, "/tmp/a.db");
}

TEST_F(ConnectionTest, a_second_one_on_the_same_simulated_file_is_told_so) {
  database::Connection first(world, *vfs, "/tmp/a.db", Access::write, {});
  first.execute("create table t (a)", Author::user);

  EXPECT_ERROR(database::Connection(world, *vfs, "/tmp/a.db", Access::write, {}), Code::unavailable, "lock");
}

TEST_F(ConnectionTest, a_script_may_have_comments_and_several_statements) {
  database::Connection connection(world, *vfs, "/tmp/a.db", Access::write, {});

  connection.execute("-- two\ncreate table a (x);\n\ncreate table b (x); -- end\n", Author::user);

  EXPECT_ERROR(connection.execute("create table c (x); begin; ", Author::user), Code::invalid_argument, "not allowed");
}

}  // namespace
}  // namespace tutti::given
