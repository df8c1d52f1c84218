#include <tutti/wait.hpp>

#include "database/given.hpp"

namespace tutti::given {
namespace {

struct TransactionTest : SimulatedDatabase {
  std::unique_ptr<Database> db = open();
};

TEST_F(TransactionTest, gives_back_what_its_body_returns) {
  const std::string id = db->transaction([&](Transaction& t) {
    t.insert("orders", order_of("o-1"));
    return t.one<Order>("select * from orders")->id;
  });

  EXPECT_EQ(id, "o-1");
  EXPECT_EQ(db->one<Order>("select * from orders"), order_of("o-1"));
  EXPECT_EQ(db->numbers().commits, 1u);
}

TEST_F(TransactionTest, an_exception_undoes_everything_and_goes_on) {
  EXPECT_THROW(db->transaction([&](Transaction& t) {
    t.insert("orders", order_of("o-1"));
    throw std::domain_error("no");
  }),
               std::domain_error);

  EXPECT_EQ(count(*db, "orders"), 0);
  EXPECT_EQ(db->numbers().rollbacks, 1u);
  db->insert("orders", order_of("o-2"));  // the write lock is free again
}

TEST_F(TransactionTest, a_caught_constraint_does_not_end_it) {
  db->transaction([&](Transaction& t) {
    t.insert("orders", order_of("o-1"));
    EXPECT_ERROR(t.insert("orders", order_of("o-1")), Code::already_exists, "UNIQUE constraint failed: orders.id");
    t.insert("orders", order_of("o-2"));
  });

  EXPECT_EQ(count(*db, "orders"), 2);
}

TEST_F(TransactionTest, constraints_have_codes) {
  db->run("create table lines (order_id text not null references orders (id))");

  EXPECT_ERROR(db->run("insert into lines values ('none')"), Code::failed_precondition, "FOREIGN KEY");
  EXPECT_ERROR(db->run("insert into lines values (null)"), Code::failed_precondition, "NOT NULL");
}

TEST_F(TransactionTest, refuses_another_one_inside) {
  db->transaction([&](Transaction&) {
    EXPECT_ERROR(db->transaction([](Transaction&) {}), Code::failed_precondition, "another transaction");
    EXPECT_ERROR(db->insert("orders", order_of("o-1")), Code::failed_precondition, "its body was given");
    EXPECT_ERROR(db->query<Order>("select * from orders"), Code::failed_precondition, "its body was given");
  });
}

TEST_F(TransactionTest, refuses_statements_that_begin_or_end_one) {
  for (const char* sql : {"begin", "begin immediate", "commit", "rollback", "savepoint s", "attach 'x' as y"}) {
    EXPECT_ERROR(db->run(sql), Code::invalid_argument, "is not allowed here");
    db->transaction([&](Transaction& t) { EXPECT_ERROR(t.run(sql), Code::invalid_argument, "is not allowed here"); });
  }
}

TEST_F(TransactionTest, on_a_fiber_refuses_every_other_wait_and_database) {
  const auto other = database::open_database(world, "/data/other.db", {});
  Fibers fibers(world);
  fibers.spawn([&] {
    db->transaction([&](Transaction& t) {
      EXPECT_ERROR(tutti::sleep(std::chrono::seconds(1)), Code::failed_precondition, "a transaction may not wait for");
      EXPECT_ERROR(other->run("create table t (a)"), Code::failed_precondition, "a transaction may not wait for");
      EXPECT_ERROR(db->transaction([](Transaction&) {}), Code::failed_precondition, "another transaction");
      t.insert("orders", order_of("o-1"));
    });
    tutti::sleep(std::chrono::seconds(1));
  });
  fibers.run();

  EXPECT_EQ(count(*db, "orders"), 1);
}

TEST_F(TransactionTest, fibers_take_turns_and_see_no_half_transaction) {
  db->run("create table account (name text primary key, balance integer not null)");
  db->run("insert into account values ('a', 100), ('b', 0)");
  Fibers fibers(world);
  for (int i = 0; i < 20; ++i) {
    fibers.spawn([&] {
      db->transaction([&](Transaction& t) {
        const auto a = t.one<std::int64_t>("select balance from account where name = 'a'").value();
        t.run("update account set balance = ? where name = 'a'", a - 1);
        t.run("update account set balance = balance + 1 where name = 'b'");
      });
    });
    fibers.spawn([&] { EXPECT_EQ(db->one<std::int64_t>("select sum(balance) from account"), 100); });
  }
  fibers.run();

  EXPECT_EQ(db->one<std::int64_t>("select balance from account where name = 'a'"), 80);
}

TEST_F(TransactionTest, a_deadline_that_passes_in_the_queue_leaves_the_queue) {
  Fibers fibers(world);
  bool released = false;
  // The body cannot wait, so the lock is held by a chain of slow statements of the simulated thread.
  fibers.spawn([&] {
    for (int i = 0; i < 50; ++i) db->insert("orders", order_of("a-" + std::to_string(i)));
    released = true;
  });
  std::size_t late = 0;
  for (int i = 0; i < 20; ++i) {
    fibers.spawn(
        [&] {
          try {
            for (int n = 0; n < 1000; ++n) db->run("update orders set customer = 'b'");
          } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::deadline_exceeded);
            ++late;
          }
        },
        world.clock().instant() + std::chrono::milliseconds(3));
  }
  fibers.run();

  EXPECT_TRUE(released);
  EXPECT_EQ(late, 20u);
  EXPECT_EQ(db->numbers().writers_waiting, 0u);
  EXPECT_EQ(count(*db, "orders"), 50);
}

TEST_F(TransactionTest, a_deadline_that_passes_in_the_body_rolls_back) {
  Fibers fibers(world);
  fibers.spawn(
      [&] {
        EXPECT_ERROR(db->transaction([&](Transaction& t) {
          for (int i = 0; i < 100'000; ++i) t.insert("orders", order_of(std::to_string(i)));
        }),
                     Code::deadline_exceeded, "deadline");
      },
      world.clock().instant() + std::chrono::milliseconds(5));
  fibers.run();

  EXPECT_EQ(count(*db, "orders"), 0);
  db->insert("orders", order_of("o-1"));
}

TEST_F(TransactionTest, cancelling_the_fiber_rolls_back) {
  Fibers fibers(world);
  fibers.spawn([&] {
    Scope scope;
    scope.spawn([&] {
      db->transaction([&](Transaction& t) {
        for (int i = 0; i < 100'000; ++i) t.insert("orders", order_of(std::to_string(i)));
      });
    });
    tutti::sleep(std::chrono::milliseconds(5));
  });
  fibers.run();

  EXPECT_EQ(count(*db, "orders"), 0);
  EXPECT_EQ(db->numbers().commits, 0u);
}

TEST_F(TransactionTest, reports_that_it_is_open_and_what_it_did) {
  db->transaction([](Transaction&) {});

  const DatabaseNumbers numbers = db->numbers();
  EXPECT_TRUE(numbers.open);
  EXPECT_EQ(numbers.commits, 1u);
  EXPECT_EQ(numbers.writers_waiting, 0u);
}

}  // namespace
}  // namespace tutti::given
