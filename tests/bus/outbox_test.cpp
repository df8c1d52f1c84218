// The machine loses its power at every single write and sync of a history of transactions that publish, and of the
// relay that sends their events meanwhile. What was committed arrives at least once, in order, with one id; nothing
// else does.
#include <map>

#include <tutti/contract.hpp>
#include <tutti/database.hpp>

#include "bus/given.hpp"
#include "database/core.hpp"
#include "service/outbox_relay.hpp"
#include "wire/amqp/content.hpp"
#include "world/simulated.hpp"

namespace tutti::bus::testing {
namespace {

using world::FileOperation;

struct Parcel {
  std::int64_t number;
};
constexpr Service parcels{"parcels", "1.0"};
constexpr Event<Parcel> sent{parcels, "sent"};

constexpr std::int64_t history = 8;

// A relay at work.
class RunningRelay {
 public:
  RunningRelay(Database& db, Publisher& publisher, world::World& world)
      : relay_(db, publisher, world, [](std::string_view) {}) {
    struct Run {
      detail::OutboxRelay* relay;
      void operator()() const { relay->run(); }
    } task{&relay_};
    running_.spawn(detail::task_type<Run>, &task);
  }
  ~RunningRelay() {
    running_.cancel();
    running_.wait_uninterrupted();
  }
  void wake() { relay_.wake(); }

 private:
  detail::OutboxRelay relay_;
  detail::Family running_;
};

// A service's database with its relay, from one loss of power to the next.
class Machine {
 public:
  Machine(runtime::Shard& shard, Publisher& publisher) : shard_(shard), publisher_(publisher) { start(); }

  void publish(std::int64_t number) {
    db_->transaction([&](Transaction& t) { t.publish(sent, Parcel{number}); });
    relay_->wake();
  }
  void publish_and_take_back(std::int64_t number) {
    try {
      db_->transaction([&](Transaction& t) {
        t.publish(sent, Parcel{number});
        throw std::domain_error("taken back");
      });
    } catch (const std::domain_error&) {
    }
  }
  [[nodiscard]] bool all_sent() { return db_->core().outbox(1).empty(); }
  void start() {
    db_ = database::open_database(shard_.world(), "/data/parcels.db", {});
    relay_ = std::make_unique<RunningRelay>(*db_, publisher_, shard_.world());
  }
  void stop() {
    relay_.reset();
    db_.reset();
  }

 private:
  runtime::Shard& shard_;
  Publisher& publisher_;
  std::unique_ptr<Database> db_;
  std::unique_ptr<RunningRelay> relay_;
};

// One history in a world of its own.
class Scene {
 public:
  // Power is lost at the nth operation of that kind; 0: never. How many there were.
  std::uint64_t play(FileOperation what, std::uint64_t at) {
    std::uint64_t operations = 0;
    runtime::testing::on_fiber(shard_, [&] {
      RunningBroker broker(shard_);
      Publisher publisher(shard_, link_rules(), {});
      Consumer consumer(shard_, link_rules());
      listen(consumer);
      {
        Machine machine(shard_, publisher);
        const std::uint64_t before = world_.files().count(what);
        if (at != 0) world_.files().fail(what, at, EIO);
        const auto fallen = [&] { return at != 0 && world_.files().count(what) - before >= at; };
        for (std::int64_t number = 0; number < history && !fallen(); ++number) {
          commit(machine, number);
          if (fallen()) break;
          undo(machine, 100 + number);
          // The relay is somewhere else in its work each time.
          sleep(std::chrono::microseconds(700 * (number % 4)));
        }
        until([&] { return fallen() || machine.all_sent(); });
        operations = world_.files().count(what) - before;
        if (at != 0) {
          world_.files().crash();
          machine.stop();
          machine.start();
        }
        commit(machine, 1'000);
        until([&] { return !first_.empty() && first_.back() == 1'000; });
      }
      check();
    });
    return operations;
  }

 private:
  void listen(Consumer& consumer) {
    consumer.add({.queue = {.name = "parcels"},
                  .exchange = "parcels.events",
                  .routing_key = "sent",
                  .prefetch = 100,
                  .take = [this, &consumer](const Delivery& delivery) {
                    take(delivery);
                    consumer.acknowledge(delivery);
                  }});
    consumer.start();
    until([&] { return consumer.not_ready().empty(); });
  }
  void take(const Delivery& delivery) {
    const std::int64_t number = std::stoll(delivery.body.substr(delivery.body.find(':') + 1));
    const std::string id(wire::amqp::parse_properties(delivery.properties).properties.message_id.value_or(""));
    const auto [known, fresh] = ids_.emplace(number, id);
    EXPECT_EQ(known->second, id) << "a repeat of " << number << " has another id";
    if (fresh) first_.push_back(number);
  }
  void commit(Machine& machine, std::int64_t number) {
    try {
      machine.publish(number);
      committed_.push_back(number);
    } catch (const Error&) {
      // The crash: it is not committed, and check() looks that it never comes.
    }
  }
  static void undo(Machine& machine, std::int64_t number) {
    try {
      machine.publish_and_take_back(number);
    } catch (const Error&) {
      // The crash.
    }
  }
  void check() { EXPECT_EQ(first_, committed_); }

  world::SimulatedWorld world_{{.seed = 1}};
  runtime::Shard shard_{world_, {}};
  std::vector<std::int64_t> committed_, first_;
  std::map<std::int64_t, std::string> ids_;
};

class OutboxCrash : public ::testing::TestWithParam<FileOperation> {};

TEST_P(OutboxCrash, at_every_occasion_loses_no_committed_event_and_invents_none) {
  const std::uint64_t occasions = Scene().play(GetParam(), 0);
  ASSERT_GT(occasions, 2 * history);

  for (std::uint64_t at = 1; at <= occasions && !HasFailure(); ++at) {
    SCOPED_TRACE("crash at occasion " + std::to_string(at));
    (void)Scene().play(GetParam(), at);
  }
}

INSTANTIATE_TEST_SUITE_P(Files, OutboxCrash, ::testing::Values(FileOperation::write, FileOperation::sync),
                         [](const auto& info) { return info.param == FileOperation::write ? "write" : "sync"; });

TEST(OutboxRelay, of_two_processes_with_one_file_sends_in_order_what_both_commit) {
  world::SimulatedWorld world;
  runtime::Shard shard(world, {});
  runtime::testing::on_fiber(shard, [&] {
    RunningBroker broker(shard);
    Publisher publisher(shard, link_rules(), {}), other_publisher(shard, link_rules(), {});
    std::vector<std::string> came;
    Consumer consumer(shard, link_rules());
    consumer.add({.queue = {.name = "parcels"},
                  .exchange = "parcels.events",
                  .routing_key = "sent",
                  .prefetch = 100,
                  .take = [&](const Delivery& delivery) {
                    came.push_back(delivery.body);
                    consumer.acknowledge(delivery);
                  }});
    consumer.start();
    until([&] { return consumer.not_ready().empty(); });
    // The turn to send is in the file, so it makes no difference that they share the connection to it.
    const auto db = database::open_database(world, "/data/parcels.db", {});
    RunningRelay one(*db, publisher, world), other(*db, other_publisher, world);

    std::vector<std::string> expected;
    for (std::int64_t number = 0; number < 300; ++number) {
      db->transaction([&](Transaction& t) { t.publish(sent, Parcel{number}); });
      (number % 2 == 0 ? one : other).wake();
      expected.push_back("{\"number\":" + std::to_string(number) + "}");
    }
    until([&] { return came.size() >= expected.size(); });

    EXPECT_EQ(came, expected);
  });
}

}  // namespace
}  // namespace tutti::bus::testing
