#include "service/hub_relay.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "message/json_reader.hpp"
#include "service/environment.hpp"
#include "service/host.hpp"
#include "service/value.hpp"
#include "wire/amqp/content.hpp"
#include "wire/amqp/table.hpp"

namespace tutti::detail {
namespace {

namespace amqp = wire::amqp;

constexpr std::uint16_t prefetch = 64;
constexpr std::string_view origin_header = "tutti.origin";
constexpr std::string_view topic_header = "tutti.topic";
constexpr std::string_view peer_header = "tutti.peer";

std::string exchange_of(const ServedChannel& channel) { return std::string(channel.spec().service->name) + ".channels"; }

std::string properties_of(const Announcement& announcement, std::string_view origin) {
  amqp::TableBuilder headers;
  headers.text(origin_header, origin);
  if (announcement.to == Announcement::To::topic) headers.text(topic_header, announcement.name);
  if (announcement.to == Announcement::To::peer) headers.text(peer_header, announcement.name);
  std::string bytes;
  amqp::append_properties(bytes, {.content_type = "application/json", .content_encoding = "utf-8", .headers = headers.table(), .delivery_mode = 1});
  return bytes;
}

// What keeps a text from being one of the channel's messages; empty: nothing.
std::string violation_of(const ServedChannel& channel, std::string_view text) {
  Value value(channel.spec().outgoing());
  value.construct();
  const Violations violations = message::read_json(channel.spec().outgoing(), value.get(), text);
  return violations.empty() ? std::string() : violations.to_string();
}

}  // namespace

HubRelay::~HubRelay() {
  family_.cancel();
  family_.wait_uninterrupted();
}

void HubRelay::add(ServedChannel& channel, bus::Consumer& consumer) {
  channels_.emplace(channel.full_name(), &channel);
  consumer.add({.queue = {.name = "tutti.channel-" + std::string(channel.full_name()) + "-" + instance_, .exclusive = true, .auto_delete = true},
                .exchange = exchange_of(channel),
                .routing_key = std::string(channel.spec().name),
                .prefetch = prefetch,
                .take = [this, &channel, &consumer](bus::Delivery delivery) {
                  take(channel, delivery);
                  consumer.acknowledge(delivery);
                }});
}

void HubRelay::start() {
  struct Run {
    HubRelay* relay;
    void operator()() const { relay->run(); }
  } task{this};
  family_.spawn(task_type<Run>, &task);
}

void HubRelay::announce(std::string_view channel, std::shared_ptr<const Announcement> announcement) {
  const auto known = channels_.find(channel);
  if (known == channels_.end()) return;
  lost_ += waiting_.push({known->second, std::move(announcement)});
  parker_.unpark();
}

void HubRelay::drain(Instant until) {
  ending_ = true;
  parker_.unpark();
  try {
    Limited limited(std::max(until - host_.shard().now(), std::chrono::nanoseconds(0)));
    family_.wait();
  } catch (const Error&) {
    family_.cancel();
    family_.wait_uninterrupted();
  }
}

// Other publishers may write to the exchange, too: what is no message of the channel reaches no client.
void HubRelay::take(ServedChannel& channel, const bus::Delivery& delivery) {
  const auto headers = amqp::parse_properties(delivery.properties).properties.headers;
  const auto text = [&](std::string_view key) {
    const auto value = headers ? amqp::find(*headers, key) : std::nullopt;
    return value ? value->text() : std::nullopt;
  };
  if (text(origin_header) == instance_) return;
  if (const std::string why = violation_of(channel, delivery.body); !why.empty()) {
    channel.composition().log().warn("what came for the clients of a channel is no message of it", {{"tutti.channel", channel.full_name()}, {"error.message", why}});
    return;
  }
  Announcement announcement{.text = delivery.body};
  if (const auto topic = text(topic_header)) announcement = {Announcement::To::topic, std::string(*topic), delivery.body};
  if (const auto peer = text(peer_header)) announcement = {Announcement::To::peer, std::string(*peer), delivery.body};
  channel.deliver_in_process(std::make_shared<const Announcement>(std::move(announcement)));
}

// In their order, all that wait at once.
void HubRelay::run() {
  runtime::set_deadline(Instant::never());
  runtime::set_context(nullptr);
  try {
    for (;;) {
      if (!waiting_.empty()) {
        send(waiting_.take_all());
      } else if (ending_) {
        return;
      } else {
        (void)parker_.park(Instant::never(), "announcements of channels");
      }
    }
  } catch (const Error&) {  // cancelled
  }
}

void HubRelay::send(const std::deque<WaitingAnnouncement>& batch) {
  struct Parts {
    std::string exchange, properties;
  };
  std::deque<Parts> parts;
  std::vector<bus::Publication> publications;
  for (const WaitingAnnouncement& each : batch) {
    parts.push_back({exchange_of(*each.channel), properties_of(*each.announcement, instance_)});
    publications.push_back({.exchange = parts.back().exchange, .routing_key = each.channel->spec().name, .properties = parts.back().properties, .body = each.announcement->text});
  }
  std::string why;
  try {
    publisher_.publish(publications, host_.shard().now() + host_.environment().library().broker.publish_timeout);
  } catch (const Error& error) {
    if (error.code() == Code::cancelled) throw;
    why = error.what();
  }
  for (const bus::Publication& publication : publications) {
    if (publication.outcome == bus::Publication::Outcome::confirmed) continue;
    ++lost_;
    if (why.empty()) why = publication.reason;
  }
  if (lost_ == 0) return;
  Logger(host_.environment().log()).warn("messages of channels have not reached the clients of other instances", {{"tutti.messages", static_cast<std::int64_t>(std::exchange(lost_, 0))}, {"error.message", why}});
}

}  // namespace tutti::detail
