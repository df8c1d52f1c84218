#include "bus/publisher.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <tutti/error.hpp>

#include "runtime/parker.hpp"

namespace tutti::bus {

namespace amqp = wire::amqp;

// One call of publish().
struct Batch {
  std::size_t left = 0;
  runtime::Parker parker = {};
};

namespace {

constexpr std::uint16_t publishing = 1;
constexpr std::uint16_t declaring =
    2;  // an exchange that is refused closes its channel: it must not be that of the messages
constexpr std::size_t unsent_bytes_max = 1024 * 1024;  // handed to the connection and not yet to the network
constexpr std::uint16_t precondition_failed = 406;

}  // namespace

Publisher::Publisher(runtime::Shard& shard, const LinkRules& link, const PublisherRules& rules)
    : rules_(rules), link_(shard, link, *this) {}

void Publisher::publish(std::span<Publication> all, Instant deadline) {
  detail::check_may_wait("a broker's confirm");
  if (waiting_ + all.size() > rules_.waiting_max) {
    throw Error(Code::resource_exhausted, std::to_string(waiting_) +
                                              " messages wait for the broker, the most that may" +
                                              (link_.up() ? "" : ": " + link_.reason()));
  }
  link_.start();
  Batch batch{.left = all.size()};
  for (Publication& publication : all) {
    publication.batch = &batch;
    if (!publication.exchange.empty()) exchanges_.try_emplace(std::string(publication.exchange));
    queued_.push_back(&publication);
    ++waiting_;
  }
  pump();
  if (batch.left == 0) return;
  bool in_time = false;
  try {
    in_time = batch.parker.park(deadline, "a broker's confirm");
  } catch (const Error& error) {
    withdraw(all);
    if (error.code() != Code::deadline_exceeded) throw;
  }
  if (in_time || batch.left == 0) return;
  withdraw(all);
  if (!link_.up()) throw Error(Code::unavailable, "the message could not be published in time: " + link_.reason());
  throw Error(Code::deadline_exceeded, link_.blocked() ? "the deadline passed while the broker blocks publishers"
                                                       : "the deadline passed while waiting for a broker's confirm");
}

void Publisher::withdraw(std::span<Publication> all) noexcept {
  const auto mine = [all](const Publication* one) {
    return one != nullptr && one >= all.data() && one < all.data() + all.size();
  };
  waiting_ -= std::erase_if(queued_, mine);
  for (Publication*& sent : unconfirmed_) {
    if (!mine(sent)) continue;
    sent = nullptr;
    --waiting_;
  }
}

std::string Publisher::not_ready() const {
  if (!link_.started() || (link_.up() && !link_.blocked())) return {};
  return link_.up() ? "the broker blocks publishers" : link_.reason();
}

PublisherFigures Publisher::figures() const noexcept {
  return {.confirmed = confirmed_, .sent_again = sent_again_, .waiting = waiting_, .reconnects = link_.reconnects()};
}

void Publisher::opened() {
  first_tag_ = 1;
  link_.append(publishing, amqp::ChannelOpen{});
  link_.append(publishing, amqp::ConfirmSelect{});
  open_declaring();
}

void Publisher::open_declaring() {
  link_.append(declaring, amqp::ChannelOpen{});
  declaring_.clear();
  for (auto& [name, exchange] : exchanges_) {
    if (exchange.declared == Declared::no || exchange.declared == Declared::asked) declare(name, exchange);
  }
}

void Publisher::declare(const std::string& name, Exchange& exchange) {
  link_.append(declaring, amqp::ExchangeDeclare{.exchange = name, .type = "topic", .durable = true});
  exchange.declared = Declared::asked;
  declaring_.push_back(name);
}

void Publisher::lost() {
  ready_ = false;
  declaring_.clear();
  for (auto& [name, exchange] : exchanges_) exchange = {};
  std::erase(unconfirmed_, nullptr);
  sent_again_ += unconfirmed_.size();
  queued_.insert(queued_.begin(), unconfirmed_.begin(), unconfirmed_.end());
  unconfirmed_.clear();
}

void Publisher::take(std::uint16_t channel, const amqp::Method& method) {
  if (channel == declaring) return take_declaring(method);
  if (std::holds_alternative<amqp::ConfirmSelectOk>(method)) {
    ready_ = true;
    settle_if_ready();
  } else if (const auto* ack = std::get_if<amqp::BasicAck>(&method)) {
    confirm(ack->delivery_tag, ack->multiple, Publication::Outcome::confirmed);
  } else if (const auto* nack = std::get_if<amqp::BasicNack>(&method)) {
    confirm(nack->delivery_tag, nack->multiple, Publication::Outcome::refused);
  } else if (const auto* close = std::get_if<amqp::ChannelClose>(&method)) {
    // Mostly an exchange that somebody removed: declared anew with the next connection.
    link_.append(publishing, amqp::ChannelCloseOk{});
    link_.fail("the broker refuses messages: " + std::to_string(close->reply_code) + " " +
               std::string(close->reply_text));
  }
  pump();
}

void Publisher::take_declaring(const amqp::Method& method) {
  const auto* const close = std::get_if<amqp::ChannelClose>(&method);
  if (!close && !std::holds_alternative<amqp::ExchangeDeclareOk>(method)) return;
  if (!declaring_.empty()) {
    Exchange& exchange = exchanges_[declaring_.front()];
    // One with other properties is there: whoever declared it first knows why, and messages go through it.
    const bool there = !close || close->reply_code == precondition_failed;
    exchange.declared = there ? Declared::yes : Declared::refused;
    if (!there)
      exchange.reason = "the broker refuses the exchange " + declaring_.front() + ": " +
                        std::to_string(close->reply_code) + " " + std::string(close->reply_text);
    declaring_.pop_front();
  }
  if (close) {
    link_.append(declaring, amqp::ChannelCloseOk{});
    open_declaring();
  }
  settle_if_ready();
  pump();
}

void Publisher::settle_if_ready() {
  if (ready_ && declaring_.empty() && !link_.up()) link_.settled();
}

// In the order in which they were published: one whose exchange is being declared holds up those behind it.
void Publisher::pump() {
  while (ready_ && !queued_.empty() && !link_.blocked() && unconfirmed_.size() < rules_.in_flight_max &&
         link_.out_bytes() < unsent_bytes_max) {
    Publication& publication = *queued_.front();
    if (!publication.exchange.empty()) {
      const auto found = exchanges_.find(publication.exchange);
      Exchange& exchange = found->second;
      if (exchange.declared == Declared::no) declare(found->first, exchange);
      if (exchange.declared == Declared::asked) return;
      if (exchange.declared == Declared::refused) {
        queued_.pop_front();
        publication.reason = exchange.reason;
        end(publication, Publication::Outcome::refused);
        continue;
      }
    }
    send(publication);
    queued_.pop_front();
    unconfirmed_.push_back(&publication);
  }
}

void Publisher::send(Publication& publication) {
  publication.outcome = Publication::Outcome::pending;
  link_.append(publishing, amqp::BasicPublish{.exchange = publication.exchange,
                                              .routing_key = publication.routing_key,
                                              .mandatory = publication.must_route});
  link_.append_content(publishing, publication.properties, publication.body);
}

void Publisher::confirm(std::uint64_t tag, bool multiple, Publication::Outcome outcome) {
  if (tag < first_tag_ || tag >= first_tag_ + unconfirmed_.size()) return;
  const std::size_t last = static_cast<std::size_t>(tag - first_tag_);
  for (std::size_t i = multiple ? 0 : last; i <= last; ++i) {
    Publication* const publication = std::exchange(unconfirmed_[i], nullptr);
    if (!publication) continue;
    if (outcome == Publication::Outcome::refused) publication->reason = "the broker could not take the message";
    // A return came before: its confirm says only that the broker is done with it.
    end(*publication, publication->outcome == Publication::Outcome::unroutable ? publication->outcome : outcome);
  }
  while (!unconfirmed_.empty() && unconfirmed_.front() == nullptr) {
    unconfirmed_.pop_front();
    ++first_tag_;
  }
}

void Publisher::take_content(std::uint16_t, const amqp::Method& method, std::string_view properties, std::string_view) {
  const auto* const returned = std::get_if<amqp::BasicReturn>(&method);
  if (!returned) return;
  const auto id = amqp::parse_properties(properties).properties.message_id.value_or("");
  for (Publication* publication : unconfirmed_) {
    if (!publication || !publication->must_route || publication->message_id != id ||
        publication->routing_key != returned->routing_key)
      continue;
    publication->outcome = Publication::Outcome::unroutable;
    publication->reason = "no queue takes it: " + std::string(returned->reply_text);
  }
}

void Publisher::end(Publication& publication, Publication::Outcome outcome) {
  publication.outcome = outcome;
  --waiting_;
  if (outcome == Publication::Outcome::confirmed) ++confirmed_;
  if (--publication.batch->left == 0) publication.batch->parker.unpark();
}

}  // namespace tutti::bus
