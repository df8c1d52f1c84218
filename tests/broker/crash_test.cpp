// The power fails before every single change of the disk that a history of publishing, acknowledging and deleting
// makes, again and again over one disk. What was confirmed is there, what was acknowledged and confirmed so is not, and
// the rest is in order.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "broker/life.hpp"
#include "wire/amqp/content.hpp"
#include "world/seeded_random.hpp"
#include "world/simulated.hpp"

namespace tutti::broker {
namespace {

const std::vector<std::string> queue_names{"a", "b", "c"};

// What must hold of one message in one queue.
struct Expected {
  bool confirmed = false;  // it must be there
  std::uint64_t told = 0;  // until the store has that much it may be missing
  bool acknowledged = false;
  std::uint64_t acknowledged_told = 0;
};
using Expectations = std::map<std::string, std::map<std::string, Expected>>;  // by queue and body

void declare(Life& life) {
  for (const std::string& name : queue_names) life.host().declare_queue(name, {.durable = true}, 1);
  life.host().declare_exchange("all", {.type = ExchangeType::fanout, .durable = true});
  for (const std::string& name : queue_names)
    life.host().bind("all", life.host().queue(name, 1).as_destination(), "", "");
}

class History {
 public:
  explicit History(std::uint64_t seed) : random_(seed, "the history", hash_) {}

  void step(Life& life) {
    switch (random_.below(8)) {
      case 0:
      case 1:
        return publish(life, "", some_queue());
      case 2:
        return publish(life, "all", "");
      case 3:
      case 4:
      case 5:
        return acknowledge(life, some_queue());
      default:
        return life.turn();
    }
  }

  // Against what is there now; and from now on that is what must be there.
  void check(Life& life, const std::string& where) {
    for (const std::string& name : queue_names) {
      const std::vector<std::string> found = take_all(life, name);
      std::map<std::string, Expected>& expected = expected_[name];
      std::size_t last = 0;
      for (const std::string& body : found) {
        ASSERT_TRUE(expected.contains(body)) << where << ": " << name << " has what nobody published";
        const std::size_t number = std::stoul(body);
        ASSERT_GT(number, last) << where << ": the order in " << name;
        last = number;
        ASSERT_FALSE(expected[body].acknowledged && expected[body].acknowledged_told <= durable_)
            << where << ": " << number << " was acknowledged in " << name;
      }
      for (const auto& [body, message] : expected) {
        if (message.acknowledged || (!message.confirmed && message.told > durable_)) continue;
        ASSERT_NE(std::find(found.begin(), found.end(), body), found.end())
            << where << ": " << std::stoul(body) << " was confirmed and is not in " << name;
      }
      expected.clear();
      for (const std::string& body : found) expected[body] = {.confirmed = true};
    }
  }
  void note_durable(Life& life) { durable_ = life.store().durable(); }

 private:
  // The last one seldom: what lies in it lies long, and keeps files that are empty but for it.
  const std::string& some_queue() { return queue_names[random_.below(8) == 0 ? 2 : random_.below(2)]; }

  void publish(Life& life, std::string_view exchange, const std::string& key) {
    const std::string body = std::to_string(++published_) + " " + std::string(random_.below(300), 'x');
    std::string properties;
    wire::amqp::append_properties(properties, {.delivery_mode = 2});
    life.act([&] {
      (void)life.host().publish(life.host().exchange(exchange),
                                {.exchange = exchange, .routing_key = key, .properties = properties, .body = body},
                                {.persistent = true}, {});
    });
    for (const std::string& name : queue_names)
      if (key.empty() || key == name) expected_[name][body] = {.told = life.store().told()};
  }

  void acknowledge(Life& life, const std::string& name) {
    life.act([&] {
      Queue& queue = life.host().queue(name, 1);
      const auto entry = queue.take(Settling::awaited);
      if (!entry) return;
      queue.acknowledge(*entry);
      Expected& expected = expected_[name][std::string(entry->message->body())];
      expected.acknowledged = true;
      expected.acknowledged_told = life.store().told();
    });
  }

  // And puts it back.
  static std::vector<std::string> take_all(Life& life, const std::string& name) {
    std::vector<std::string> bodies;
    life.act([&] {
      Queue& queue = life.host().queue(name, 1);
      std::vector<Entry> entries;
      while (auto entry = queue.take(Settling::awaited)) entries.push_back(std::move(*entry));
      for (Entry& entry : entries) {
        bodies.emplace_back(entry.message->body());
        queue.put_back(std::move(entry));
      }
    });
    return bodies;
  }

  world::TraceHash hash_;
  world::SeededRandom random_;
  std::uint64_t published_ = 0;
  std::uint64_t durable_ = 0;
  Expectations expected_;
};

// Lives of so many steps over one disk, each ended by a crash; how many there were until one saw none.
std::uint64_t lives_until_none_crashes(std::uint64_t seed, std::uint64_t crash_at, int steps) {
  world::SimulatedWorld world({.seed = seed});
  History history(seed);
  {
    Life first(world, 0);
    first.act([&] { declare(first); });
    while (first.store().durable() < first.store().told()) first.turn();
  }
  std::uint64_t crashes = 0;
  for (int life_number = 0; life_number < 3; ++life_number) {
    const std::string where = "seed " + std::to_string(seed) + ", crash before change " + std::to_string(crash_at) +
                              ", life " + std::to_string(life_number);
    try {
      Life life(world, crash_at);
      history.check(life, where);
      for (int step = 0; step < steps && !life.crashed() && !testing::Test::HasFatalFailure(); ++step)
        history.step(life);
      history.note_durable(life);
      if (life.crashed()) ++crashes;
    } catch (const std::runtime_error& error) {  // the power failed while it started: nothing was done
      ++crashes;
    }
    world.files().crash();
  }
  Life last(world, 0);
  history.check(last, "seed " + std::to_string(seed) + ", crash before change " + std::to_string(crash_at) + ", last");
  return crashes;
}

TEST(Crash, nothing_confirmed_is_lost_and_nothing_acknowledged_comes_back) {
  std::uint64_t crashes = 0;
  for (std::uint64_t seed = 1; seed <= 55 && !HasFatalFailure(); ++seed) {
    for (std::uint64_t crash_at = 1; !HasFatalFailure(); ++crash_at) {
      const std::uint64_t more = lives_until_none_crashes(seed, crash_at, 120);
      if (more == 0) break;
      crashes += more;
    }
  }
  RecordProperty("crashes", static_cast<int>(crashes));
  EXPECT_GT(crashes, 10'000u);
}

}  // namespace
}  // namespace tutti::broker
