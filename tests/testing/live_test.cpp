// Live: the same tests as with a Bed, over real sockets. What they must have in common is one transcript.
#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

#include <tutti/testing.hpp>

#include "service/given.hpp"
#include "testing/bank.hpp"

namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using tutti::testing::Bed;
using tutti::testing::Live;
using tutti::testing::LiveRules;
using tutti::testing::Placement;
using tutti::testing::Stage;
using tutti::testing::Wire;

// What a call came to, as a line.
std::string outcome(const std::function<std::string()>& call) {
  try {
    return call();
  } catch (const bank::Overdrawn& error) {
    return "bank::Overdrawn " + std::to_string(error.missing);
  } catch (const desk::Refused& error) {
    return "desk::Refused " + error.reason + " " + std::to_string(error.missing);
  } catch (const rates::NoRate& error) {
    return "rates::NoRate " + error.of;
  } catch (const tutti::Error& error) {
    return std::string(tutti::name_of(error.code()));
  }
}

std::string text_of(const bank::Balance& balance) {
  std::string text = balance.account + " " + std::to_string(balance.amount);
  for (const std::string& note : balance.notes) text += " " + note;
  return text;
}

void fake_rates(Stage& stage) {
  stage.fake(rates::get, [](const rates::Ask& ask) -> rates::Rate {
    if (ask.of == "nobody") throw rates::NoRate{ask.of};
    return {.percent = 3};
  });
}

// Results and refusals of every kind, to the test and between the services.
std::vector<std::string> transcript(Stage& stage) {
  fake_rates(stage);
  std::vector<std::string> lines;
  const auto say = [&](auto&& call) { lines.push_back(outcome(call)); };
  const auto deposit = [&](std::string account, std::int64_t amount, std::string key) {
    say([&] {
      return text_of(stage.call(bank::deposit, {.account = account, .amount = amount}, {.idempotency_key = key}));
    });
  };
  const auto pay = [&](std::string from, std::string to, std::int64_t amount) {
    say([&] {
      const auto paid = stage.call(desk::pay, {.from = from, .to = to, .amount = amount});
      return std::to_string(paid.left) + " left, fee " + std::to_string(paid.fee);
    });
  };
  const auto close = [&] { say([&] { return text_of(stage.call(bank::close, {.account = "ada"})); }); };
  deposit("ada", 100, "first");
  deposit("ada", 100, "first");  // the same key: once
  deposit("ada", 99, "first");   // another request
  deposit("ada", 0, "second");
  deposit("", 5, "third");
  say([&] { return text_of(stage.call(bank::balance, {.account = "ada"})); });
  say([&] { return text_of(stage.call(bank::withdraw, {.account = "ada", .amount = 130})); });
  pay("ada", "bob", 40);
  pay("ada", "bob", 400);
  pay("nobody", "bob", 1);
  pay("ada", "bob", 1001);
  say([&] { return text_of(stage.call(bank::broken)); });
  stage.fail(rates::get, tutti::Code::unavailable, 2);  // the caller asks three times
  pay("ada", "bob", 10);
  lines.push_back(std::to_string(stage.calls(rates::get).size()) + " rates");
  close();
  stage.act_as({.name = "eve", .permissions = {"bank:read"}});
  close();
  stage.act_as({.name = "boss", .permissions = {"bank:*"}});
  close();
  stage.act_as({});
  close();
  return lines;
}

std::vector<std::string> expected() {
  Bed bed{{bank::service, bank::compose}, {desk::service, desk::compose}};
  return transcript(bed);
}

TEST(Live, is_compared_with_a_transcript_of_all_kinds) {
  EXPECT_THAT(expected(), ElementsAre("ada 100 thank you", "ada 100 thank you", "invalid_argument", "invalid_argument",
                                      "invalid_argument", "ada 100", "bank::Overdrawn 30", "60 left, fee 3",
                                      "desk::Refused overdrawn 340", "desk::Refused no rate for nobody 0",
                                      "invalid_argument", "data_loss", "50 left, fee 3", "5 rates", "ada 0 local",
                                      "permission_denied", "ada 0 boss", "unauthenticated"));
}

struct LiveAnswers : ::testing::TestWithParam<LiveRules> {};

TEST_P(LiveAnswers, as_a_bed_does) {
  Live live{{{bank::service, bank::compose}, {desk::service, desk::compose}}, GetParam()};
  EXPECT_EQ(transcript(live), expected());
}

INSTANTIATE_TEST_SUITE_P(Everywhere, LiveAnswers,
                         ::testing::Values(LiveRules{.wire = Wire::rpc}, LiveRules{.wire = Wire::http},
                                           LiveRules{.wire = Wire::rpc, .placement = Placement::together},
                                           LiveRules{.wire = Wire::http, .placement = Placement::together},
                                           LiveRules{.settings = {{"tutti.threads", "2"}}}),
                         [](const auto& tested) {
                           const LiveRules& rules = tested.param;
                           return std::string(rules.wire == Wire::rpc ? "rpc" : "http") +
                                  (rules.placement == Placement::apart ? "_apart" : "_together") +
                                  (rules.settings.empty() ? "" : "_two_threads");
                         });

TEST(Live, streams_over_http) {
  Live live{{bank::service, bank::compose}, {.wire = Wire::http}};
  for (const std::int64_t amount : {1, 2, 3}) (void)live.call(bank::deposit, {.account = "ada", .amount = amount});
  std::vector<std::int64_t> amounts;
  live.run([&](tutti::Caller& call) {
    auto movements = call(bank::movements, {.account = "ada"});
    while (const auto movement = movements.next()) amounts.push_back(movement->amount);
  });
  EXPECT_THAT(amounts, ElementsAre(1, 2, 3));
}

TEST(Live, refuses_a_stream_over_rpc_and_says_what_to_do) {
  Live live{{bank::service, bank::compose}};
  try {
    live.run([](tutti::Caller& call) { (void)call(bank::movements, {.account = "ada"}).next(); });
    ADD_FAILURE() << "nothing was thrown";
  } catch (const tutti::Error& error) {
    EXPECT_EQ(error.code(), tutti::Code::unimplemented);
    EXPECT_THAT(error.what(), HasSubstr("http"));
  }
}

TEST(Live, gives_settings_as_flags_do) {
  Live live{{{bank::service, bank::compose}, {desk::service, desk::compose}}, {.settings = {{"desk.surcharge", "4"}}}};
  fake_rates(live);
  (void)live.call(bank::deposit, {.account = "ada", .amount = 10});
  EXPECT_EQ(live.call(desk::pay, {.from = "ada", .to = "bob", .amount = 1}).fee, 7);
}

TEST(Live, says_what_is_wrong_with_a_setting) {
  Live live{{desk::service, desk::compose}, {.settings = {{"desk.surcharg", "4"}}}};
  try {
    live.start();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const tutti::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("desk.surcharge"));
  }
}

TEST(Live, keeps_databases_in_files_until_it_ends) {
  const auto folders = [] {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::temp_directory_path()))
      count += entry.path().filename().string().starts_with("tutti-live-" + std::to_string(::getpid()));
    return count;
  };
  {
    Live live{{bank::service, bank::compose}};
    (void)live.call(bank::deposit, {.account = "ada", .amount = 7});
    live.run([&](tutti::Caller&) {
      EXPECT_EQ(live.database("bank.main").one<std::int64_t>("select sum(amount) from movements"), 7);
    });
    EXPECT_THROW((void)live.database("bank.other"), tutti::Error);
    EXPECT_EQ(folders(), 1u);
  }
  EXPECT_EQ(folders(), 0u);
}

TEST(Live, tells_its_url_and_its_log) {
  Live live{{bank::service, bank::compose}};
  const std::string url = live.url(bank::service);
  EXPECT_THAT(url, ::testing::StartsWith("http://127.0.0.1:"));
  (void)live.call(bank::balance, {.account = "ada"});
  EXPECT_THAT(live.log(), Contains(HasSubstr("\"ready\"")));
  EXPECT_THROW((void)live.url(desk::service), tutti::Error);
}

TEST(Live, replaces_a_fake_while_the_services_run) {
  Live live{{bank::service, bank::compose}, {desk::service, desk::compose}};
  fake_rates(live);
  (void)live.call(bank::deposit, {.account = "ada", .amount = 10});
  live.fake(rates::get, [](const rates::Ask&) { return rates::Rate{.percent = 9}; });
  EXPECT_EQ(live.call(desk::pay, {.from = "ada", .to = "bob", .amount = 1}).fee, 9);
  EXPECT_EQ(live.calls(rates::get).front().of, "ada");
}

TEST(Live, refuses_fakes_that_cannot_work) {
  Live live{{bank::service, bank::compose}};
  EXPECT_THROW(live.fake(bank::balance, [](const bank::Ask&) { return bank::Balance{}; }), tutti::Error);
  EXPECT_THROW(live.fail(bank::balance, tutti::Code::unavailable), tutti::Error);
  live.start();
  EXPECT_THROW(fake_rates(live), tutti::Error);
}

void fake_that_breaks_its_contract() {
  Live live{{desk::service, desk::compose}};
  live.fake(rates::get, [](const rates::Ask&) -> rates::Rate { throw std::runtime_error("oh"); });
  EXPECT_THROW((void)live.call(desk::pay, {.from = "ada", .to = "bob", .amount = 1}), tutti::Error);
}

TEST(Live, fails_the_test_for_a_fake_that_breaks_its_contract) {
  EXPECT_NONFATAL_FAILURE(fake_that_breaks_its_contract(), "the fake of rates.get threw std::runtime_error");
}

TEST(Live, is_driven_from_outside) {
  Live live{{bank::service, bank::compose}};
  live.run([&](tutti::Caller&) { EXPECT_THROW((void)live.call(bank::balance, {.account = "ada"}), tutti::Error); });
}

// A bank that takes its time for an answer, asked by a stranger while its Live ends.
struct SlowBank {
  SlowBank(std::chrono::nanoseconds time, std::string drain_deadline) {
    const auto compose = [this, time](tutti::App& app) {
      app.serve(bank::balance, [this, time](const bank::Ask& ask) {
        entered = true;
        tutti::sleep(time);
        return bank::Balance{.account = ask.account};
      });
    };
    live.emplace(tutti::Composed{bank::service, compose},
                 LiveRules{.settings = {{"tutti.drain_deadline", std::move(drain_deadline)}}});
    const std::string url = live->url(bank::service);
    stranger = std::thread([this, url] {
      const auto address = tutti::world::parse_address(url.substr(url.rfind('/') + 1));
      try {
        status = tutti::given::ask(address.value(), "GET", "/balances/ada").status;
      } catch (const std::runtime_error&) {
        status = 0;  // cut off
      }
    });
    EXPECT_TRUE(live->eventually([&] { return entered.load(); }));
  }
  int end() {
    live.reset();
    stranger.join();
    return status;
  }

  std::atomic<bool> entered = false;
  std::atomic<int> status = -1;
  std::thread stranger;
  std::optional<Live> live;
};

TEST(Live, lets_what_runs_come_to_its_end) { EXPECT_EQ(SlowBank(200ms, "PT10S").end(), 200); }

void end_too_late() { EXPECT_NE(SlowBank(1min, "PT0.05S").end(), 200); }

TEST(Live, fails_the_test_when_a_service_misses_its_drain_deadline) {
  EXPECT_NONFATAL_FAILURE(end_too_late(), "the process of bank did not end cleanly: exit code 75");
}

TEST(Live, waits_until_something_holds_and_not_for_ever) {
  Live live{{bank::service, bank::compose}};
  int asked = 0;
  EXPECT_TRUE(live.eventually([&] { return ++asked == 2; }));
  EXPECT_FALSE(live.eventually([] { return false; }, 60ms));
}

}  // namespace
