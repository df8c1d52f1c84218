#include "bus/queue_reader.hpp"

#include <utility>

#include <tutti/error.hpp>

namespace tutti::bus {

namespace amqp = wire::amqp;

namespace {

constexpr std::uint16_t reading = 1;
constexpr std::uint16_t not_found = 404;

template <class Self>
LinkRules reporting_to(LinkRules rules, Self* self, void (*failed)(Self*, std::string_view)) {
  rules.report = [self, failed](std::string_view why) { failed(self, why); };
  return rules;
}

}  // namespace

QueueReader::QueueReader(runtime::Shard& shard, LinkRules rules)
    : hosts_(rules.uri.hosts.size()),
      link_(shard,
            reporting_to<QueueReader>(std::move(rules), this,
                                      [](QueueReader* self, std::string_view why) { self->failed(why); }),
            *this) {}

std::optional<std::uint32_t> QueueReader::count(std::string_view queue, Instant until) {
  connect(until);
  missing_ = false;
  ask(amqp::QueueDeclare{.queue = queue, .passive = true}, until);
  if (missing_) return {};
  return number_;
}

std::optional<Delivery> QueueReader::take(std::string_view queue, Instant until) {
  connect(until);
  delivery_.reset();
  ask(amqp::BasicGet{.queue = queue}, until);
  return std::exchange(delivery_, {});
}

std::uint32_t QueueReader::purge(std::string_view queue, Instant until) {
  connect(until);
  ask(amqp::QueuePurge{.queue = queue}, until);
  return number_;
}

void QueueReader::acknowledge(const Delivery& delivery) {
  if (delivery.connection == connection_) link_.append(reading, amqp::BasicAck{.delivery_tag = delivery.tag});
}

void QueueReader::close(Instant until) {
  if (link_.started()) link_.close(until);
}

void QueueReader::connect(Instant until) {
  if (failure_.empty() && link_.up()) return;
  if (failure_.empty()) {
    link_.start();
    await_answer(until);
  }
  if (!failure_.empty()) throw Error(Code::unavailable, failure_);
}

template <class M>
void QueueReader::ask(const M& method, Instant until) {
  refusal_.clear();
  link_.append(reading, method);
  await_answer(until);
  if (!failure_.empty()) throw Error(Code::unavailable, failure_);
  if (!refusal_.empty()) throw Error(Code::permission_denied, "the broker refuses: " + refusal_);
}

void QueueReader::await_answer(Instant until) {
  waiting_ = true;
  const bool in_time = parker_.park(until, "a broker's answer");
  waiting_ = false;
  if (!in_time) throw Error(Code::deadline_exceeded, "the broker did not answer in time");
}

void QueueReader::answer() {
  if (waiting_) parker_.unpark();
}

// Before the first connection each host of the list has its turn; afterwards what was taken is lost with the
// connection.
void QueueReader::failed(std::string_view why) {
  if (link_.up() || (connection_ == 0 && link_.reconnects() < hosts_)) return;
  failure_ = why;
  answer();
}

void QueueReader::opened() { link_.append(reading, amqp::ChannelOpen{}); }

void QueueReader::take(std::uint16_t, const amqp::Method& method) {
  if (std::holds_alternative<amqp::ChannelOpenOk>(method)) {
    if (!link_.up()) link_.settled();
  } else if (const auto* declared = std::get_if<amqp::QueueDeclareOk>(&method)) {
    number_ = declared->message_count;
  } else if (const auto* purged = std::get_if<amqp::QueuePurgeOk>(&method)) {
    number_ = purged->message_count;
  } else if (const auto* close = std::get_if<amqp::ChannelClose>(&method)) {
    // What was taken over the channel has gone back.
    ++connection_;
    missing_ = close->reply_code == not_found;
    if (!missing_) refusal_ = std::to_string(close->reply_code) + " " + std::string(close->reply_text);
    link_.append(reading, amqp::ChannelCloseOk{});
    return link_.append(reading, amqp::ChannelOpen{});
  }
  answer();
}

void QueueReader::take_content(std::uint16_t, const amqp::Method& method, std::string_view properties,
                               std::string_view body) {
  const auto* const got = std::get_if<amqp::BasicGetOk>(&method);
  if (!got) return;
  delivery_ = Delivery{.connection = connection_,
                       .tag = got->delivery_tag,
                       .redelivered = got->redelivered,
                       .exchange = std::string(got->exchange),
                       .routing_key = std::string(got->routing_key),
                       .properties = std::string(properties),
                       .body = std::string(body)};
  answer();
}

}  // namespace tutti::bus
