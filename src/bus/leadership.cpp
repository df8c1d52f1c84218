#include "bus/leadership.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <tutti/error.hpp>
#include <tutti/wait.hpp>

namespace tutti::bus {

namespace amqp = wire::amqp;

namespace {

constexpr std::uint16_t leading = 1;

LinkRules with_heartbeat(LinkRules rules) {
  const std::chrono::seconds given = rules.uri.heartbeat;
  rules.uri.heartbeat = given.count() == 0 ? Leadership::heartbeat : std::min(given, Leadership::heartbeat);
  return rules;
}

std::string queue_of(std::string_view name) { return "tutti.leader." + std::string(name); }

}  // namespace

Leadership::Leadership(runtime::Shard& shard, LinkRules link)
    : shard_(shard), link_(shard, with_heartbeat(std::move(link)), *this) {}

Leadership::~Leadership() {
  exchanging_.cancel();
  exchanging_.wait_uninterrupted();
}

void Leadership::start() {
  link_.start();
  struct Exchange {
    Leadership* leadership;
    void operator()() const { leadership->exchange_tokens(); }
  } task{this};
  exchanging_.spawn(detail::task_type<Exchange>, &task);
}

bool Leadership::leads(std::string_view name) const {
  const auto contest = std::ranges::find(contests_, name, &Contest::name);
  // The broker beats every half of a heartbeat; it gives us up after two whole ones.
  return contest != contests_.end() && contest->token && shard_.read_clock() - link_.heard() < 2 * heartbeat;
}

void Leadership::close(Instant until) {
  exchanging_.cancel();
  link_.close(until);
}

void Leadership::opened() {
  link_.append(leading, amqp::ChannelOpen{});
  link_.append(leading, amqp::BasicQos{.prefetch_count = 1});
  answers_left_ = 2;
  for (std::size_t number = 0; number < contests_.size(); ++number) {
    amqp::TableBuilder arguments;
    arguments.boolean("x-single-active-consumer", true).integer("x-max-length", 1);
    const std::string queue = queue_of(contests_[number].name);
    const std::string tag = std::to_string(number);
    link_.append(leading, amqp::QueueDeclare{.queue = queue, .durable = true, .arguments = arguments.table()});
    put_token(contests_[number]);
    link_.append(leading, amqp::BasicConsume{.queue = queue, .consumer_tag = tag});
    answers_left_ += 2;
  }
}

void Leadership::put_token(const Contest& contest) {
  const std::string queue = queue_of(contest.name);
  std::string properties;
  amqp::append_properties(properties, {.delivery_mode = 2});
  link_.append(leading, amqp::BasicPublish{.routing_key = queue});
  link_.append_content(leading, properties, {});
}

void Leadership::take(std::uint16_t, const amqp::Method& method) {
  if (const auto* close = std::get_if<amqp::ChannelClose>(&method)) {
    link_.append(leading, amqp::ChannelCloseOk{});
    return link_.fail("the broker refuses the queues of who leads: " + std::to_string(close->reply_code) + " " +
                      std::string(close->reply_text));
  }
  if (std::holds_alternative<amqp::BasicCancel>(method))
    return link_.fail("the broker no longer delivers from a queue of who leads");
  if (answers_left_ != 0 && --answers_left_ == 0) link_.settled();
}

void Leadership::take_content(std::uint16_t, const amqp::Method& method, std::string_view, std::string_view) {
  const auto* const deliver = std::get_if<amqp::BasicDeliver>(&method);
  if (!deliver) return;
  const std::string_view tag = deliver->consumer_tag;
  std::size_t number = contests_.size();
  std::from_chars(tag.data(), tag.data() + tag.size(), number);
  if (number < contests_.size()) contests_[number].token = deliver->delivery_tag;
}

void Leadership::lost() {
  for (Contest& contest : contests_) contest.token.reset();
}

// The new one lies in the queue before the old one is acknowledged, and the active consumer gets it.
void Leadership::exchange_tokens() {
  runtime::set_deadline(Instant::never());
  runtime::set_context(nullptr);
  try {
    for (;;) {
      sleep(held_longest);
      for (const Contest& contest : contests_) {
        if (!contest.token) continue;
        put_token(contest);
        link_.append(leading, amqp::BasicAck{.delivery_tag = *contest.token});
      }
    }
  } catch (const Error&) {
    // Cancelled: the end.
  }
}

}  // namespace tutti::bus
