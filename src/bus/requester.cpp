#include "bus/requester.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <tutti/error.hpp>

namespace tutti::bus {

namespace amqp = wire::amqp;

namespace {

constexpr std::uint16_t channel = 1;
constexpr std::size_t unsent_bytes_max = 1024 * 1024;  // handed to the connection and not yet to the network
// Answers are acknowledged together. What is not acknowledged when the connection ends comes once more, and is late
// then.
constexpr std::size_t unacknowledged_max = 32;
constexpr std::size_t unacknowledged_bytes_max = 64 * 1024;

}  // namespace

Requester::Requester(runtime::Shard& shard, const LinkRules& link, RequesterRules rules)
    : shard_(shard), rules_(std::move(rules)), id_prefix_(rules_.reply_key + "."), link_(shard, link, *this) {}

void Requester::ask(Request& request) {
  detail::check_may_wait("an answer over a broker");
  link_.start();
  const std::uint64_t number = next_number_++;
  const auto at = waiting_.emplace(number, &request).first;
  struct Forget {
    std::map<std::uint64_t, Request*>& waiting;
    std::map<std::uint64_t, Request*>::iterator at;
    ~Forget() { waiting.erase(at); }
  } const forget{waiting_, at};
  send_all();
  while (request.outcome == Request::Outcome::pending) {
    if (wait_for(request)) continue;
    if (request.outcome != Request::Outcome::pending) return;
    request.outcome = request.left ? Request::Outcome::unanswered : Request::Outcome::unsent;
    request.reason = link_.up() && link_.blocked() ? "the broker blocks publishers" : link_.reason();
  }
}

// False: too late.
bool Requester::wait_for(Request& request) {
  try {
    return request.left ? request.parker.park(request.deadline, "an answer over a broker")
                        : request.parker.park(std::min(request.send_by, request.deadline), "a broker");
  } catch (const Error& error) {
    if (error.code() != Code::deadline_exceeded) throw;
    return false;
  }
}

void Requester::close(Instant until) {
  link_.append(channel, amqp::QueueDelete{.queue = rules_.reply_queue, .no_wait = true});
  link_.close(until);
}

std::string Requester::not_ready() const {
  if (!link_.started() || (link_.up() && !link_.blocked())) return {};
  return link_.up() ? "the broker blocks publishers" : link_.reason();
}

RequesterFigures Requester::figures() const noexcept {
  return {.waiting = waiting_.size(), .late = late_, .sent_again = sent_again_, .reconnects = link_.reconnects()};
}

template <class M>
void Requester::expect_answer(const M& method) {
  link_.append(channel, method);
  ++answers_left_;
}

void Requester::opened() {
  answers_left_ = 0;
  amqp::TableBuilder arguments;
  arguments.integer("x-expires", rules_.reply_queue_expires.count());
  expect_answer(amqp::ChannelOpen{});
  expect_answer(amqp::ExchangeDeclare{.exchange = rules_.exchange, .type = "topic", .durable = true});
  expect_answer(amqp::QueueDeclare{.queue = rules_.reply_queue, .durable = true, .arguments = arguments.table()});
  expect_answer(
      amqp::QueueBind{.queue = rules_.reply_queue, .exchange = rules_.exchange, .routing_key = rules_.reply_key});
  expect_answer(amqp::BasicConsume{.queue = rules_.reply_queue, .consumer_tag = "replies"});
}

void Requester::lost() {
  ready_ = false;
  unacknowledged_ = unacknowledged_bytes_ = 0;
  for (auto& [number, request] : waiting_) {
    if (!request->sent || request->again == Request::Again::never) continue;
    request->sent = false;
    ++sent_again_;
    first_unsent_ = std::min(first_unsent_, number);
  }
}

void Requester::take(std::uint16_t, const amqp::Method& method) {
  if (const auto* close = std::get_if<amqp::ChannelClose>(&method)) {
    link_.append(channel, amqp::ChannelCloseOk{});
    return link_.fail("the broker refuses requests: " + std::to_string(close->reply_code) + " " +
                      std::string(close->reply_text));
  }
  // Somebody removed the reply queue: it is declared anew with the next connection.
  if (std::holds_alternative<amqp::BasicCancel>(method))
    return link_.fail("the broker no longer delivers from the queue " + rules_.reply_queue);
  if (answers_left_ == 0 || --answers_left_ != 0) return;
  ready_ = true;
  link_.settled();
  send_all();
}

// In the order in which they were asked.
void Requester::send_all() {
  auto at = waiting_.lower_bound(first_unsent_);
  while (at != waiting_.end()) {
    if (!ready_ || link_.blocked() || link_.out_bytes() >= unsent_bytes_max) return;
    if (!at->second->sent && at->second->outcome == Request::Outcome::pending) send(at->first, *at->second);
    first_unsent_ = at->first + 1;
    ++at;
  }
  first_unsent_ = next_number_;
}

void Requester::send(std::uint64_t number, Request& request) {
  const std::string id = id_prefix_ + std::to_string(number);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(request.deadline - shard_.read_clock());
  const std::string expiration = std::to_string(std::max<std::int64_t>(left.count(), 1));
  amqp::Properties properties = request.properties;
  properties.correlation_id = id;
  properties.reply_to = rules_.reply_key;
  if (request.deadline != Instant::never()) properties.expiration = expiration;
  std::string bytes;
  amqp::append_properties(bytes, properties);
  link_.append(channel,
               amqp::BasicPublish{.exchange = rules_.exchange, .routing_key = request.routing_key, .mandatory = true});
  link_.append_content(channel, bytes, request.body);
  request.sent = request.left = true;
  request.parker.unpark();
}

Request* Requester::waiting_for(std::string_view correlation_id) {
  if (!correlation_id.starts_with(id_prefix_)) return nullptr;
  correlation_id.remove_prefix(id_prefix_.size());
  std::uint64_t number = 0;
  const auto [end, error] =
      std::from_chars(correlation_id.data(), correlation_id.data() + correlation_id.size(), number);
  if (error != std::errc() || end != correlation_id.data() + correlation_id.size()) return nullptr;
  const auto found = waiting_.find(number);
  return found == waiting_.end() || found->second->outcome != Request::Outcome::pending ? nullptr : found->second;
}

void Requester::take_content(std::uint16_t, const amqp::Method& method, std::string_view properties,
                             std::string_view body) {
  Request* const request = waiting_for(amqp::parse_properties(properties).properties.correlation_id.value_or(""));
  if (const auto* returned = std::get_if<amqp::BasicReturn>(&method)) {
    if (!request) return;
    request->reason = std::string(returned->reply_text);
    return end(*request, Request::Outcome::unroutable);
  }
  const auto* const deliver = std::get_if<amqp::BasicDeliver>(&method);
  if (!deliver) return;
  if (request) {
    request->reply_properties = properties;
    request->reply_body = body;
    end(*request, Request::Outcome::answered);
  } else {
    ++late_;
  }
  acknowledge(deliver->delivery_tag, body.size());
}

void Requester::acknowledge(std::uint64_t tag, std::size_t bytes) {
  unacknowledged_bytes_ += bytes;
  if (++unacknowledged_ < unacknowledged_max && unacknowledged_bytes_ < unacknowledged_bytes_max) return;
  link_.append(channel, amqp::BasicAck{.delivery_tag = tag, .multiple = true});
  unacknowledged_ = unacknowledged_bytes_ = 0;
}

void Requester::end(Request& request, Request::Outcome outcome) {
  request.outcome = outcome;
  request.parker.unpark();
}

}  // namespace tutti::bus
