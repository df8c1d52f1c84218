#include "database/once.hpp"

#include "database/given.hpp"

namespace tutti::given {
namespace {

struct Charge {
  std::string order;
  std::int64_t amount = 0;
};
struct Receipt {
  std::string id;
  std::int64_t amount = 0;
  friend bool operator==(const Receipt&, const Receipt&) = default;
};
struct Declined {
  static constexpr auto code = Code::failed_precondition;
  std::string reason;
};
struct Closed {
  static constexpr auto code = Code::unavailable;
  std::string until;
};

constexpr Service payments{"payments", "1.0"};
constexpr Method<Receipt(Charge), Throws<Declined>> charge{
    payments, "charge", post("/charges"), {.repeat = Repeat::by_key}};
constexpr Method<Receipt(Charge), Throws<Closed>> charge_v2{
    payments, "charge", post("/charges"), {.repeat = Repeat::by_key}};
constexpr Event<Receipt> charged{payments, "charged"};

constexpr Migration receipts_migrations[] = {
    {"0001-receipts.sql", "create table receipts (id text primary key, amount integer not null)"}};

struct Once : SimulatedDatabase {
  Receipt call(Database& db, const std::string& key, const Charge& request, const std::string& identity = "ada") {
    const detail::OnceCall call{&charge, identity, key, &request};
    return db.once(call, [&](Transaction& t) {
      ++bodies;
      if (request.amount > 100) throw Declined{"over the limit"};
      Receipt receipt{.id = world.random().id(), .amount = request.amount};
      t.insert("receipts", receipt);
      t.publish(charged, receipt);
      if (request.amount < 0) throw std::logic_error("a bug");
      return receipt;
    });
  }

  int bodies = 0;
  std::vector<std::string> published;
  DatabaseRules with{.migrations = receipts_migrations};
  std::unique_ptr<Database> db =
      open(with, {.published = [this](const detail::EventSpec& event, std::string_view, std::string_view) {
             published.emplace_back(event.name);
           }});
};

TEST_F(Once, a_repeated_call_gets_the_first_reply) {
  const Receipt first = call(*db, "k", {"o-1", 5});
  const Receipt second = call(*db, "k", {"o-1", 5});

  EXPECT_EQ(first, second);
  EXPECT_EQ(bodies, 1);
  EXPECT_EQ(count(*db, "receipts"), 1);
  EXPECT_EQ(published.size(), 1u);
}

TEST_F(Once, the_reply_survives_a_restart) {
  const Receipt first = call(*db, "k", {"o-1", 5});
  db.reset();
  db = open(with);

  EXPECT_EQ(call(*db, "k", {"o-1", 5}), first);
  EXPECT_EQ(bodies, 1);
}

TEST_F(Once, the_same_key_with_another_request_is_refused) {
  (void)call(*db, "k", {"o-1", 5});

  EXPECT_ERROR(call(*db, "k", {"o-1", 6}), Code::invalid_argument,
               "the idempotency key \"k\" was used for payments.charge with another request");
  EXPECT_EQ(count(*db, "receipts"), 1);
}

TEST_F(Once, a_key_counts_per_identity) {
  (void)call(*db, "k", {"o-1", 5}, "ada");
  (void)call(*db, "k", {"o-1", 6}, "bob");

  EXPECT_EQ(bodies, 2);
}

TEST_F(Once, without_a_key_the_body_runs_each_time) {
  (void)call(*db, "", {"o-1", 5});
  (void)call(*db, "", {"o-1", 5});

  EXPECT_EQ(bodies, 2);
  EXPECT_EQ(count(*db, "tutti_once"), 0);
}

TEST_F(Once, a_contract_error_is_kept_and_what_the_body_wrote_is_not) {
  for (int i = 0; i < 2; ++i) {
    try {
      (void)call(*db, "k", {"o-1", 500});
      FAIL() << "expected Declined";
    } catch (const Declined& declined) {
      EXPECT_EQ(declined.reason, "over the limit");
    }
  }

  EXPECT_EQ(bodies, 1);
  EXPECT_EQ(count(*db, "receipts"), 0);
}

TEST_F(Once, a_contract_error_takes_back_what_was_published) {
  const Charge request{"o-1", 1};
  const auto refused = [&] {
    (void)db->once(detail::OnceCall{&charge, "ada", "k", &request}, [&](Transaction& t) -> Receipt {
      t.insert("receipts", Receipt{"r", 1});
      t.publish(charged, Receipt{"r", 1});
      throw Declined{"late"};
    });
  };

  EXPECT_THROW(refused(), Declined);

  EXPECT_EQ(count(*db, "receipts"), 0);
  EXPECT_EQ(count(*db, "tutti_outbox"), 0);
  EXPECT_TRUE(published.empty());
}

TEST_F(Once, a_kept_error_that_this_version_does_not_declare_arrives_as_an_error_with_its_json) {
  EXPECT_THROW((void)call(*db, "k", {"o-1", 500}), Declined);

  const Charge request{"o-1", 500};
  try {
    (void)db->once(detail::OnceCall{&charge_v2, "ada", "k", &request}, [](Transaction&) { return Receipt{}; });
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::failed_precondition);
    EXPECT_EQ(error.type(), "payments.Declined");
    EXPECT_EQ(error.value_json(), R"({"reason":"over the limit"})");
  }
}

TEST_F(Once, an_internal_error_is_not_kept) {
  EXPECT_THROW((void)call(*db, "k", {"o-1", -1}), std::logic_error);
  EXPECT_THROW((void)call(*db, "k", {"o-1", -1}), std::logic_error);

  EXPECT_EQ(bodies, 2);
  EXPECT_EQ(count(*db, "receipts"), 0);
  EXPECT_EQ(count(*db, "tutti_once"), 0);
}

TEST_F(Once, a_void_body_runs_once) {
  const Charge request{"o-1", 1};
  for (int i = 0; i < 2; ++i)
    db->once(detail::OnceCall{&charge, "ada", "k", &request}, [&](Transaction&) { ++bodies; });

  EXPECT_EQ(bodies, 1);
}

TEST_F(Once, calls_at_the_same_time_run_the_body_once) {
  Fibers fibers(world);
  std::vector<Receipt> receipts;
  for (int i = 0; i < 10; ++i) fibers.spawn([&] { receipts.push_back(call(*db, "k", {"o-1", 5})); });
  fibers.run();

  EXPECT_EQ(bodies, 1);
  ASSERT_EQ(receipts.size(), 10u);
  for (const Receipt& receipt : receipts) EXPECT_EQ(receipt, receipts.front());
}

TEST_F(Once, a_reply_is_forgotten_after_its_time) {
  (void)call(*db, "k", {"o-1", 5});
  world.advance_to(world.clock().instant() + std::chrono::hours(24) + std::chrono::seconds(1));

  (void)call(*db, "k", {"o-1", 6});

  EXPECT_EQ(bodies, 2);
  EXPECT_EQ(count(*db, "tutti_once"), 1);
}

TEST_F(Once, old_replies_leave_in_small_batches) {
  const int many = static_cast<int>(database::clean_batch_max) + 50;
  for (int i = 0; i < many; ++i) (void)call(*db, "k" + std::to_string(i), {"o-1", 5});
  world.advance_to(world.clock().instant() + std::chrono::hours(25));

  (void)call(*db, "new", {"o-1", 5});
  EXPECT_EQ(count(*db, "tutti_once"), 51);
  (void)call(*db, "newer", {"o-1", 5});
  EXPECT_EQ(count(*db, "tutti_once"), 2);
}

struct PlanRow {
  std::int64_t id;
  std::string detail;
};

TEST_F(Once, cleaning_uses_an_index) {
  const auto plan =
      db->query<PlanRow>("explain query plan select id from tutti_once where kept_at < 5 order by kept_at limit 9");

  ASSERT_EQ(plan.size(), 1u);
  EXPECT_NE(plan[0].detail.find("USING COVERING INDEX tutti_once_by_age"), std::string::npos) << plan[0].detail;
}

TEST_F(Once, a_key_of_an_event_comes_once_and_is_forgotten_with_its_transaction_or_its_age) {
  const auto fresh = [&](const std::string& key) {
    return db->transaction([&](Transaction& t) { return t.once(key); });
  };
  EXPECT_THROW(db->transaction([&](Transaction& t) {
    EXPECT_TRUE(t.once("m-1"));
    throw std::domain_error("no");
  }),
               std::domain_error);

  EXPECT_TRUE(fresh("m-1"));
  EXPECT_FALSE(fresh("m-1"));
  EXPECT_TRUE(fresh("m-2"));
  EXPECT_ERROR(fresh(""), Code::invalid_argument, "empty key");
  world.advance_to(world.clock().instant() + with.once_kept + std::chrono::seconds(1));
  EXPECT_TRUE(fresh("m-1"));
  EXPECT_EQ(count(*db, "tutti_once_keys"), 1);
}

}  // namespace
}  // namespace tutti::given
