// What a service has besides its methods, in a Bed: a database, streams, logs, an identity, time, and no threads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <system_error>
#include <thread>

#include <tutti/testing.hpp>

#include "testing/bank.hpp"

namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using tutti::testing::Bed;

tutti::Code code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const tutti::Error& error) {
    return error.code();
  }
  return tutti::Code::ok;
}

struct BankTest : ::testing::Test {
  void deposit(std::int64_t amount, const char* key) {
    (void)bed.call(bank::deposit, {.account = "ada", .amount = amount}, {.idempotency_key = key});
  }
  Bed bed{{bank::service, bank::compose}};
};

TEST_F(BankTest, does_its_work_once_for_a_key) {
  deposit(5, "a");
  deposit(5, "a");
  deposit(5, "b");
  EXPECT_EQ(bed.call(bank::balance, {.account = "ada"}).amount, 10);
  EXPECT_EQ(code_of([&] { deposit(6, "a"); }), tutti::Code::invalid_argument);
}

TEST_F(BankTest, shows_its_database) {
  deposit(5, "a");
  bed.run([&](tutti::Caller&) {
    bed.database("bank.main").run("insert into movements values ('ada', 7)");
    EXPECT_THAT(bed.database("bank.main").query<std::int64_t>("select amount from movements"), ElementsAre(5, 7));
  });
  EXPECT_EQ(bed.call(bank::balance, {.account = "ada"}).amount, 12);
  EXPECT_EQ(code_of([&] { (void)bed.database("bank.other"); }), tutti::Code::not_found);
}

TEST_F(BankTest, streams) {
  deposit(5, "a");
  deposit(6, "b");
  std::vector<std::int64_t> amounts;
  bed.run([&](tutti::Caller& call) {
    auto movements = call(bank::movements, {.account = "ada"});
    while (const auto movement = movements.next()) amounts.push_back(movement->amount);
  });
  EXPECT_THAT(amounts, ElementsAre(5, 6));
}

TEST_F(BankTest, is_asked_by_whom_the_test_acts_as) {
  const auto close = [&] { return bed.call(bank::close, {.account = "ada"}).notes.front(); };
  EXPECT_EQ(close(), "local");
  bed.act_as({.name = "boss", .permissions = {"bank:close"}});
  EXPECT_EQ(close(), "boss");
  bed.act_as({.name = "eve", .permissions = {"bank:read"}});
  EXPECT_EQ(code_of([&] { (void)close(); }), tutti::Code::permission_denied);
  bed.act_as({});
  EXPECT_EQ(code_of([&] { (void)close(); }), tutti::Code::unauthenticated);
}

TEST_F(BankTest, keeps_keys_of_one_caller_from_another) {
  deposit(5, "a");
  bed.act_as({.name = "bob"});
  deposit(5, "a");
  EXPECT_EQ(bed.call(bank::balance, {.account = "ada"}).amount, 10);
}

TEST(BedFake, knows_the_call_that_it_answers) {
  Bed bed{{bank::service, bank::compose}, {desk::service, desk::compose}};
  std::string who;
  bed.fake(rates::get, [&](const rates::Ask&, const tutti::Context& context) {
    who = context.identity().name + " asks " + std::string(context.service()) + " for " + std::string(context.method());
    EXPECT_GT(context.remaining(), 0s);
    return rates::Rate{};
  });
  (void)bed.call(bank::deposit, {.account = "ada", .amount = 9}, {.idempotency_key = "a"});
  (void)bed.call(desk::pay, {.from = "ada", .to = "bob", .amount = 9});
  EXPECT_THAT(who, HasSubstr("desk asks"));
}

// A service whose only handler is the test's.
struct Handled {
  template <class F>
  explicit Handled(F handler)
      : bed{{bank::service, [handler](tutti::App& app) { app.serve(bank::broken, handler); }}} {}
  bank::Balance call() { return bed.call(bank::broken); }
  Bed bed;
};

TEST(BedHandler, fails_the_test_by_name_when_it_lets_something_out) {
  Handled handled([]() -> bank::Balance { throw std::runtime_error("no paper"); });
  handled.bed.expect_problem("bank.broken let std::runtime_error: no paper out");
  EXPECT_EQ(code_of([&] { (void)handled.call(); }), tutti::Code::internal);
  EXPECT_THAT(handled.bed.log(), Contains(HasSubstr("no paper")));
}

TEST(BedHandler, may_fail_with_a_code) {
  Handled handled([]() -> bank::Balance { throw tutti::Error(tutti::Code::data_loss, "gone"); });
  EXPECT_EQ(code_of([&] { (void)handled.call(); }), tutti::Code::data_loss);
}

TEST(BedHandler, logs_for_the_test) {
  Handled handled([](const tutti::Context& context) {
    context.log().info("counted", {{"coins", 7}});
    return bank::Balance{};
  });
  (void)handled.call();
  EXPECT_THAT(handled.bed.log(), Contains(::testing::AllOf(HasSubstr("counted"), HasSubstr("\"coins\":7"))));
  EXPECT_THAT(handled.bed.log(), Not(Contains(HasSubstr("counted"))));
}

TEST(BedHandler, sees_virtual_time) {
  Handled handled([] {
    const auto before = std::chrono::steady_clock::now();
    tutti::sleep(3s);
    const auto slept = std::chrono::steady_clock::now() - before;
    return bank::Balance{.account = "", .amount = std::chrono::duration_cast<std::chrono::seconds>(slept).count()};
  });
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(handled.call().amount, 3);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 3s);
}

TEST(BedHandler, starts_no_thread) {
  Handled handled([] {
    bank::Balance balance;
    try {
      std::thread([] {}).join();
    } catch (const std::system_error& error) {
      balance.account = "refused";
    }
    return balance;
  });
  handled.bed.expect_problem("bank.broken started a thread, which a Bed cannot simulate");
  EXPECT_EQ(handled.call().account, "refused");
  std::thread([] {}).join();  // the test itself may
}

TEST(BedTime, stands_still_until_the_test_lets_it_go_on) {
  int ticks = 0;
  Bed bed{{bank::service, [&](tutti::App& app) { app.every(1min, [&] { ++ticks; }); }}};
  bed.advance(59s);
  EXPECT_EQ(ticks, 0);
  bed.advance(2min);
  EXPECT_EQ(ticks, 2);
  EXPECT_TRUE(bed.eventually([&] { return ticks == 3; }, 2min));
  EXPECT_FALSE(bed.eventually([&] { return ticks == 9; }, 1min));
}

}  // namespace
