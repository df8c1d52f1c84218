#include "database/outbox.hpp"

#include "database/given.hpp"

namespace tutti::given {
namespace {

constexpr Service orders{"orders", "1.0"};
constexpr Event<Order> placed{orders, "placed"};

struct Outbox : SimulatedDatabase {
  void reopen(DatabaseRules with = rules()) {
    db.reset();
    db = open(with,
              {.published =
                   [this](const detail::EventSpec& event, std::string_view id, std::string_view body) {
                     heard.push_back(std::string(event.name) + " " + std::string(id) + " " + std::string(body));
                     if (listener_fails) throw std::runtime_error("the listener failed");
                   },
               .traceparent = [] { return std::string("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"); },
               .context = [] { return std::string("\0any bytes", 10); },
               .report = [this](std::string_view sentence) { reports.emplace_back(sentence); }});
  }
  void publish(const std::string& id) {
    db->transaction([&](Transaction& t) { t.publish(placed, order_of(id)); });
  }

  std::vector<std::string> heard;
  std::vector<std::string> reports;
  bool listener_fails = false;
  std::unique_ptr<Database> db;
};

TEST_F(Outbox, a_published_event_is_a_row_and_is_announced_after_the_commit) {
  reopen();
  db->transaction([&](Transaction& t) {
    t.publish(placed, order_of("o-1"));
    EXPECT_TRUE(heard.empty());
  });

  const auto rows = db->core().outbox(10);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].event, "orders.placed");
  EXPECT_EQ(rows[0].body, R"({"id":"o-1","customer":"ada","state":"placed","lines":[{"sku":"mug","quantity":2}]})");
  EXPECT_EQ(rows[0].traceparent, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  EXPECT_EQ(rows[0].context, std::string("\0any bytes", 10));
  EXPECT_EQ(rows[0].created_at, world.clock().now());
  EXPECT_EQ(heard, std::vector<std::string>{"placed " + rows[0].message_id + " " + rows[0].body});
  EXPECT_EQ(db->numbers().outbox_rows, 1);
}

TEST_F(Outbox, nothing_leaves_a_transaction_that_is_rolled_back) {
  reopen();
  EXPECT_THROW(db->transaction([&](Transaction& t) {
    t.publish(placed, order_of("o-1"));
    throw std::domain_error("no");
  }),
               std::domain_error);

  EXPECT_TRUE(heard.empty());
  EXPECT_TRUE(db->core().outbox(10).empty());
  EXPECT_EQ(db->numbers().outbox_rows, 0);
}

TEST_F(Outbox, rows_are_read_in_order_and_removed_by_id) {
  reopen();
  for (const char* id : {"o-1", "o-2", "o-3"}) publish(id);

  const auto rows = db->core().outbox(2);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_LT(rows[0].id, rows[1].id);
  const std::int64_t sent[] = {rows[0].id, rows[1].id};
  db->core().remove_from_outbox(sent);

  const auto left = db->core().outbox(10);
  ASSERT_EQ(left.size(), 1u);
  EXPECT_NE(left[0].body.find("o-3"), std::string::npos);
  EXPECT_EQ(db->numbers().outbox_rows, 1);
}

TEST_F(Outbox, rows_stay_and_are_counted_after_a_restart) {
  reopen();
  publish("o-1");
  reopen();

  EXPECT_EQ(db->numbers().outbox_rows, 1);
  EXPECT_EQ(db->core().outbox(10).size(), 1u);
}

TEST_F(Outbox, a_full_one_refuses_the_next_publish_with_its_transaction) {
  reopen({.migrations = orders_migrations, .outbox_rows_max = 3});
  for (const char* id : {"o-1", "o-2", "o-3"}) publish(id);

  EXPECT_ERROR(db->transaction([&](Transaction& t) {
    t.insert("orders", order_of("o-4"));
    t.publish(placed, order_of("o-4"));
  }),
               Code::resource_exhausted, "3 events wait in the outbox");

  EXPECT_EQ(count(*db, "orders"), 0);
}

TEST_F(Outbox, rows_that_left_out_of_order_make_room) {
  reopen({.migrations = orders_migrations, .outbox_rows_max = 3});
  for (const char* id : {"o-1", "o-2", "o-3"}) publish(id);
  const std::int64_t middle[] = {db->core().outbox(3)[1].id};
  db->core().remove_from_outbox(middle);

  publish("o-4");

  EXPECT_EQ(db->numbers().outbox_rows, 3);
}

TEST_F(Outbox, rows_over_the_age_are_dropped_counted_and_reported) {
  reopen();
  publish("o-1");
  world.advance_to(world.clock().instant() + std::chrono::hours(7 * 24 + 1));

  publish("o-2");

  EXPECT_EQ(db->core().outbox(10).size(), 1u);
  EXPECT_EQ(db->numbers().outbox_dropped, 1u);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_NE(reports[0].find("dropped 1 events"), std::string::npos);
}

TEST_F(Outbox, a_failing_listener_does_not_undo_the_commit) {
  reopen();
  listener_fails = true;

  publish("o-1");

  EXPECT_EQ(db->core().outbox(10).size(), 1u);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_NE(reports[0].find("the listener failed"), std::string::npos);
}

TEST_F(Outbox, a_message_that_breaks_its_contract_is_refused) {
  reopen();
  Order wrong = order_of("o-1");
  wrong.customer = "\xff";

  EXPECT_ERROR(db->transaction([&](Transaction& t) { t.publish(placed, wrong); }), Code::invalid_argument, "customer");
}

TEST_F(Outbox, is_sent_by_one_relay_at_a_time) {
  reopen();
  const auto now = [&] { return world.clock().now(); };
  EXPECT_TRUE(db->core().take_outbox("one", now() + std::chrono::seconds(10)));
  EXPECT_TRUE(db->core().take_outbox("one", now() + std::chrono::seconds(10)));
  EXPECT_FALSE(db->core().take_outbox("other", now() + std::chrono::seconds(10)));

  db->core().remove_from_outbox({}, "one");
  EXPECT_TRUE(db->core().take_outbox("other", now() + std::chrono::seconds(10)));
  world.advance_to(world.clock().instant() + std::chrono::seconds(11));
  EXPECT_TRUE(db->core().take_outbox("one", now() + std::chrono::seconds(10)));
}

}  // namespace
}  // namespace tutti::given
