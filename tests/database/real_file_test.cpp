// Instances on one host share a file: here two Database objects on a real one, each with threads of its own.
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "database/given.hpp"
#include "database/once.hpp"
#include "world/real.hpp"

namespace tutti::given {
namespace {

constexpr Service payments{"payments", "1.0"};
constexpr Method<Order(Order)> pay{payments, "pay", post("/pay"), {.repeat = Repeat::by_key}};
constexpr Migration version_2[] = {orders_migrations[0], {"0002-note.sql", "alter table orders add column note text"}};

struct RealFile : ::testing::Test {
  RealFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tutti-database-XXXXXX").string();
    folder = mkdtemp(pattern.data());
  }
  ~RealFile() override { std::filesystem::remove_all(folder); }
  std::unique_ptr<Database> open(const DatabaseRules& with = rules()) {
    return database::open_database(*world, folder + "/data/orders.db", with);
  }

  std::string folder;
  std::unique_ptr<world::World> world = world::real_world();
};

TEST_F(RealFile, what_one_instance_writes_the_other_reads) {
  const auto first = open();
  const auto second = open();

  first->insert("orders", order_of("o-1"));

  EXPECT_EQ(second->one<Order>("select * from orders"), order_of("o-1"));
  EXPECT_EQ(second->one<std::string>("pragma journal_mode"), "wal");
}

TEST_F(RealFile, instances_that_start_together_migrate_once) {
  constexpr Migration slow[] = {orders_migrations[0],
                                {"0002-row.sql", "insert into orders values ('o-1', 'a', 'paid', '[]')"}};
  std::vector<std::thread> starts;
  std::vector<std::unique_ptr<Database>> instances(6);
  for (auto& instance : instances) starts.emplace_back([&] { instance = open({.migrations = slow}); });
  for (auto& start : starts) start.join();

  EXPECT_EQ(instances[0]->one<std::int64_t>("select count(*) from orders"), 1);
}

TEST_F(RealFile, transactions_of_instances_do_not_lose_each_others_writes) {
  constexpr int instances = 3;
  constexpr int each = 30;
  open()->run("insert into orders values ('o', 'a', 'paid', '0')");
  std::vector<std::thread> threads;
  for (int i = 0; i < instances; ++i) {
    threads.emplace_back([&] {
      const auto db = open();
      for (int n = 0; n < each; ++n) {
        db->transaction([](Transaction& t) {
          const auto lines = std::stoi(t.one<std::string>("select lines from orders").value());
          t.run("update orders set lines = ?", std::to_string(lines + 1));
        });
      }
    });
  }
  for (auto& thread : threads) thread.join();

  EXPECT_EQ(open()->one<std::string>("select lines from orders"), std::to_string(instances * each));
}

TEST_F(RealFile, a_write_waits_for_another_instance_no_longer_than_it_may) {
  const auto holder = open();
  const auto waiting = open({.migrations = orders_migrations, .wait_max = std::chrono::milliseconds(30)});

  holder->transaction([&](Transaction& t) {
    t.insert("orders", order_of("o-1"));
    EXPECT_ERROR(waiting->insert("orders", order_of("o-2")), Code::unavailable, "another instance holds");
    EXPECT_EQ(waiting->query<Order>("select * from orders").size(), 0u);  // readers do not wait
  });

  waiting->insert("orders", order_of("o-2"));
}

TEST_F(RealFile, a_fibers_deadline_ends_the_wait_for_another_instance) {
  const auto holder = open();
  const auto waiting = open();
  Fibers fibers(*world);

  holder->transaction([&](Transaction& t) {
    t.insert("orders", order_of("o-1"));
    fibers.spawn([&] { EXPECT_ERROR(waiting->insert("orders", order_of("o-2")), Code::deadline_exceeded, "deadline"); },
                 world->clock().instant() + std::chrono::milliseconds(30));
    fibers.run();
  });
}

TEST_F(RealFile, a_statement_ends_at_its_deadline) {
  const auto db = open({.migrations = orders_migrations, .wait_max = std::chrono::milliseconds(50)});
  constexpr const char* endless =
      "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n";

  EXPECT_ERROR(db->one<std::int64_t>(endless), Code::deadline_exceeded, "took longer than its deadline");
  EXPECT_EQ(db->one<std::int64_t>("select 1"), 1);
}

TEST_F(RealFile, fibers_of_several_shards_share_it) {
  const auto db = open();
  std::vector<std::thread> shards;
  for (int s = 0; s < 3; ++s) {
    shards.emplace_back([&, s] {
      Fibers fibers(*world);
      for (int i = 0; i < 20; ++i) {
        fibers.spawn([&, id = std::to_string(s) + "-" + std::to_string(i)] {
          db->transaction([&](Transaction& t) {
            t.insert("orders", order_of(id));
            t.run("update orders set state = ? where id = ?", State::paid, id);
          });
          EXPECT_EQ(db->one<State>("select state from orders where id = ?", id), State::paid);
        });
      }
      fibers.run();
    });
  }
  for (auto& shard : shards) shard.join();

  EXPECT_EQ(db->one<std::int64_t>("select count(*) from orders"), 60);
}

TEST_F(RealFile, a_repeat_at_another_instance_waits_and_gets_the_first_reply) {
  const Order request = order_of("o-1");
  std::atomic<int> bodies{0};
  std::vector<Order> replies(4);
  std::vector<std::thread> threads;
  for (auto& reply : replies) {
    threads.emplace_back([&] {
      const auto db = open();
      reply = db->once(detail::OnceCall{&pay, "ada", "k", &request}, [&](Transaction& t) {
        Order paid = request;
        paid.customer = "body " + std::to_string(++bodies);
        t.insert("orders", paid);
        return paid;
      });
    });
  }
  for (auto& thread : threads) thread.join();

  EXPECT_EQ(bodies, 1);
  for (const Order& reply : replies) EXPECT_EQ(reply.customer, "body 1");
}

TEST_F(RealFile, old_and_new_version_run_side_by_side) {
  const auto previous = open();
  previous->insert("orders", order_of("o-1"));
  (void)previous->query<Order>("select * from orders");  // prepared for the old schema

  const auto next = open({.migrations = version_2});
  next->run("update orders set note = 'gift'");
  previous->insert("orders", order_of("o-2"));

  EXPECT_EQ(previous->query<Order>("select * from orders").size(), 2u);
  EXPECT_EQ(next->one<std::string>("select note from orders where id = 'o-1'"), "gift");
}

TEST_F(RealFile, a_folder_that_cannot_be_made_is_named) {
  std::filesystem::create_directories(folder);
  FILE* const file = fopen((folder + "/plain").c_str(), "w");
  ASSERT_NE(file, nullptr);
  fclose(file);

  EXPECT_ERROR(database::open_database(*world, folder + "/plain/orders.db", rules()), Code::failed_precondition,
               "/plain\" of database");
}

}  // namespace
}  // namespace tutti::given
