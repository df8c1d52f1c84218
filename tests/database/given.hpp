// A small shop's orders in a simulated world: what the tests of this folder start from.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tutti/contract.hpp>
#include <tutti/database.hpp>

#include "database/core.hpp"
#include "runtime/shard.hpp"
#include "world/simulated.hpp"

namespace tutti::given {

enum class State { placed, paid, declined };

struct Line {
  std::string sku;
  std::int32_t quantity = 1;
  friend bool operator==(const Line&, const Line&) = default;
};

struct Order {
  std::string id;
  std::string customer;
  State state = State::placed;
  std::vector<Line> lines = {};
  friend bool operator==(const Order&, const Order&) = default;
};

inline Order order_of(const std::string& id, const std::string& customer = "ada") {
  return {.id = id, .customer = customer, .state = State::placed, .lines = {{.sku = "mug", .quantity = 2}}};
}

inline constexpr std::string_view orders_sql =
    "create table orders (id text primary key, customer text not null, state text not null, lines text not null)";
inline constexpr Migration orders_migrations[] = {{"0001-orders.sql", orders_sql}};

inline DatabaseRules rules() { return {.migrations = orders_migrations}; }

// The error that f throws; fails the test if it throws none.
inline Error error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error was thrown";
  return Error(Code::ok, "");
}

#define EXPECT_ERROR(statement, expected_code, expected_text)                                                \
  do {                                                                                                       \
    const ::tutti::Error found_error = ::tutti::given::error_of([&] { (void)(statement); });                 \
    EXPECT_EQ(found_error.code(), expected_code) << found_error.what();                                      \
    EXPECT_NE(std::string(found_error.what()).find(expected_text), std::string::npos) << found_error.what(); \
  } while (false)

struct SimulatedDatabase : ::testing::Test {
  std::unique_ptr<Database> open(const DatabaseRules& with = rules(), database::DatabaseHooks hooks = {}) {
    return database::open_database(world, "/data/orders.db", with, std::move(hooks));
  }
  std::int64_t count(Database& db, const std::string& table) {
    return db.one<std::int64_t>("select count(*) from " + table).value();
  }

  world::SimulatedWorld world;
};

// Fibers of one shard in the simulated world, until all have ended.
class Fibers {
 public:
  explicit Fibers(world::World& world)
      : shard_(world, {.escaped = [](std::string_view, std::exception_ptr error) {
                 try {
                   std::rethrow_exception(error);
                 } catch (const std::exception& escaped) {
                   ADD_FAILURE() << "escaped from a fiber: " << escaped.what();
                 }
               }}) {}

  template <class F>
  void spawn(F f, Instant deadline = Instant::never()) {
    ++running_;
    shard_.spawn({.name = "a test", .deadline = deadline}, [this, f = std::move(f)]() mutable {
      struct Ended {
        Fibers& fibers;
        ~Ended() {
          if (--fibers.running_ == 0) fibers.shard_.stop();
        }
      } ended{*this};
      f();
    });
  }
  void run() { shard_.run(); }
  [[nodiscard]] runtime::Shard& shard() { return shard_; }

 private:
  runtime::Shard shard_;
  std::size_t running_ = 0;
};

}  // namespace tutti::given
