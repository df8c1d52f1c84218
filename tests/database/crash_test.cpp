// The power fails, writes tear, syncs fail, the disk fills up: what was committed is there afterwards, and nothing
// else.
#include <cerrno>
#include <set>

#include "database/given.hpp"

namespace tutti::given {
namespace {

using world::FileOperation;

// A ledger whose two tables must agree, in a file whose log is moved into the database every few pages.
class Ledger {
 public:
  explicit Ledger(std::uint64_t seed) : world({.seed = seed}) {}

  void open() {
    db = database::open_database(world, "/data/ledger.db", {.migrations = migrations});
    (void)db->one<std::int64_t>("pragma wal_autocheckpoint = 6");
  }
  // Adds entry n, and takes away entry n - 5.
  void commit(std::int64_t n) {
    db->transaction([&](Transaction& t) {
      t.run("insert into entries (n, text) values (?, ?)", n,
            std::string(static_cast<std::size_t>(200 + n * 37 % 3000), 'x'));
      t.run("insert into copies (n) values (?)", n);
      if (n >= 5) {
        t.run("delete from entries where n = ?", n - 5);
        t.run("delete from copies where n = ?", n - 5);
      }
    });
    committed.insert(n);
    committed.erase(n - 5);
  }
  void crash_and_reopen() {
    world.files().crash();
    db.reset();
    open();
  }
  void expect_whole() {
    EXPECT_EQ(db->query<std::int64_t>("select n from entries order by n"),
              std::vector<std::int64_t>(committed.begin(), committed.end()));
    EXPECT_EQ(db->query<std::int64_t>("select n from copies order by n"),
              db->query<std::int64_t>("select n from entries order by n"));
    EXPECT_EQ(db->one<std::string>("pragma integrity_check"), "ok");
  }

  static constexpr Migration migrations[] = {{"0001-ledger.sql",
                                              "create table entries (n integer primary key, text text not null);"
                                              "create table copies (n integer primary key)"}};
  world::SimulatedWorld world;
  std::unique_ptr<Database> db;
  std::set<std::int64_t> committed;
};

constexpr std::int64_t history = 14;

// Writes the history until something fails.
void write_history(Ledger& ledger) {
  for (std::int64_t n = 0; n < history; ++n) {
    try {
      ledger.commit(n);
    } catch (const Error&) {
      return;
    }
  }
}

std::uint64_t operations_in_history(FileOperation what) {
  Ledger ledger(1);
  ledger.open();
  const std::uint64_t before = ledger.world.files().count(what);
  write_history(ledger);
  return ledger.world.files().count(what) - before;
}

class CrashAt : public ::testing::TestWithParam<FileOperation> {};

TEST_P(CrashAt, every_occasion_keeps_what_was_committed_and_nothing_else) {
  const std::uint64_t occasions = operations_in_history(GetParam());
  ASSERT_GT(occasions, 14u);

  for (std::uint64_t at = 1; at <= occasions && !HasFailure(); ++at) {
    SCOPED_TRACE("crash at occasion " + std::to_string(at));
    Ledger ledger(at);
    ledger.open();
    ledger.world.files().fail(GetParam(), at, EIO);
    write_history(ledger);
    ledger.crash_and_reopen();

    ledger.expect_whole();
    ledger.commit(100);
    ledger.expect_whole();
  }
}

INSTANTIATE_TEST_SUITE_P(Files, CrashAt, ::testing::Values(FileOperation::write, FileOperation::sync),
                         [](const auto& info) { return info.param == FileOperation::write ? "write" : "sync"; });

TEST(Crash, while_the_file_is_made_leaves_one_that_opens) {
  std::uint64_t operations = 0;
  {
    Ledger whole(1);
    whole.open();
    operations = whole.world.files().count(FileOperation::write) + whole.world.files().count(FileOperation::sync);
  }
  for (const FileOperation what : {FileOperation::write, FileOperation::sync, FileOperation::sync_directory}) {
    for (std::uint64_t at = 1; at <= operations && !testing::Test::HasFailure(); ++at) {
      SCOPED_TRACE("crash at occasion " + std::to_string(at) + " of operation " +
                   std::to_string(static_cast<int>(what)));
      Ledger ledger(at);
      ledger.world.files().fail(what, at, EIO);
      try {
        ledger.open();
      } catch (const Error&) {
        // What the opening fails with is not the point; that the file is sound afterwards is.
      }
      ledger.crash_and_reopen();
      write_history(ledger);
      ledger.expect_whole();
    }
  }
}

TEST(Crash, under_random_faults_keeps_what_was_committed_and_nothing_else) {
  for (std::uint64_t seed = 1; seed <= 25 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Ledger ledger(seed);
    ledger.open();
    std::int64_t n = 0;
    for (int life = 0; life < 3; ++life) {
      ledger.world.files().faults() = {.write_fails = 0.02, .write_short = 0.1, .sync_fails = 0.05};
      for (int i = 0; i < 15; ++i, n += 10) {
        try {
          ledger.commit(n);
        } catch (const Error&) {
          // Not committed: expect_whole() looks that nothing of it stayed.
        }
      }
      ledger.world.files().faults() = {};
      ledger.crash_and_reopen();
      ledger.expect_whole();
    }
  }
}

TEST(DiskFull, is_said_and_writing_goes_on_when_there_is_room_again) {
  Ledger ledger(1);
  ledger.open();
  ledger.commit(0);
  ledger.world.files().set_capacity(ledger.world.files().bytes_used() + 3000);

  std::int64_t n = 1;
  const Error error = error_of([&] {
    for (;; ++n) ledger.commit(n);
  });
  EXPECT_EQ(error.code(), Code::resource_exhausted) << error.what();
  EXPECT_NE(std::string(error.what()).find("the disk is full"), std::string::npos) << error.what();
  ledger.expect_whole();

  ledger.world.files().set_capacity(UINT64_MAX);
  ledger.commit(n);
  ledger.expect_whole();
  ledger.crash_and_reopen();
  ledger.expect_whole();
}

TEST(DiskFull, in_a_body_that_goes_on_regardless_commits_nothing) {
  Ledger ledger(1);
  ledger.open();
  ledger.commit(0);
  ledger.world.files().set_capacity(ledger.world.files().bytes_used());

  const std::string large(3'000'000, 'x');  // more than the page cache holds: written before the commit
  EXPECT_ERROR(ledger.db->transaction([&](Transaction& t) {
    for (std::int64_t n = 1; n < 8; ++n) {
      try {
        t.run("insert into entries (n, text) values (?, ?)", n, large);
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), n == 1 ? Code::resource_exhausted : Code::aborted) << error.what();
      }
    }
  }),
               Code::aborted, "was rolled back when an earlier statement failed");

  ledger.world.files().set_capacity(UINT64_MAX);
  ledger.expect_whole();
}

TEST(FailingSync, is_an_error_of_the_commit_and_the_next_one_is_durable) {
  Ledger ledger(1);
  ledger.open();
  ledger.commit(0);
  ledger.world.files().fail(FileOperation::sync, 1, EIO);

  EXPECT_ERROR(ledger.commit(1), Code::unavailable, "disk I/O error");
  ledger.expect_whole();
  ledger.commit(2);

  ledger.crash_and_reopen();
  ledger.expect_whole();
}

TEST(FailingRead, is_an_error_and_passes) {
  Ledger ledger(1);
  ledger.open();
  for (std::int64_t n = 0; n < history; ++n) ledger.commit(n);
  ledger.db.reset();
  ledger.open();
  ledger.world.files().fail(FileOperation::read, 1, EIO);

  EXPECT_ERROR(ledger.db->query<std::string>("select text from entries"), Code::unavailable, "disk I/O error");

  ledger.expect_whole();
}

}  // namespace
}  // namespace tutti::given
