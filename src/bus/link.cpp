#include "bus/link.hpp"

#include <algorithm>
#include <utility>

#include <tutti/error.hpp>
#include <tutti/offload.hpp>
#include <tutti/scope.hpp>
#include <tutti/wait.hpp>

#include "world/world.hpp"

namespace tutti::bus {

namespace amqp = wire::amqp;

namespace {

constexpr std::uint32_t frame_bytes_max = 128 * 1024;  // what we offer; as RabbitMQ's default
constexpr std::size_t read_bytes = 16 * 1024;
constexpr std::size_t kept_bytes_max = 256 * 1024;  // a larger buffer is given back when it is empty
constexpr std::chrono::nanoseconds write_timeout = std::chrono::seconds(30);

[[noreturn]] void give_up(const std::string& why) { throw Error(Code::unavailable, why); }

template <class Close>
std::string told_with(const Close& close) {
  return std::to_string(close.reply_code) + " " + std::string(close.reply_text);
}

// Of the words in "PLAIN AMQPLAIN".
bool offers(std::string_view mechanisms, std::string_view wanted) {
  while (!mechanisms.empty()) {
    const std::size_t end = std::min(mechanisms.find(' '), mechanisms.size());
    if (mechanisms.substr(0, end) == wanted) return true;
    mechanisms.remove_prefix(std::min(end + 1, mechanisms.size()));
  }
  return false;
}

// In tune 0 stands for "no limit".
template <class Number>
Number smaller_limit(Number ours, Number theirs) {
  return theirs == 0 ? ours : std::min(ours, theirs);
}

}  // namespace

Link::Link(runtime::Shard& shard, const LinkRules& rules, LinkUser& user)
    : shard_(shard),
      rules_(rules),
      user_(user),
      channels_{ChannelState(rules.message_bytes_max), ChannelState(rules.message_bytes_max)},
      reason_("not connected yet") {}

Link::~Link() {
  closing_ = true;
  family_.cancel();
  family_.wait_uninterrupted();
}

void Link::start() {
  if (std::exchange(started_, true)) return;
  struct Run {
    Link* link;
    void operator()() const { link->run(); }
  } task{this};
  family_.spawn(detail::task_type<Run>, &task);
}

void Link::close(Instant until) {
  closing_ = true;
  if (connected_)
    append(0, amqp::ConnectionClose{.reply_code = 200, .reply_text = "goodbye"});
  else
    family_.cancel();
  try {
    detail::Limited limited(std::max(until - shard_.now(), std::chrono::nanoseconds(0)));
    family_.wait();
  } catch (const Error&) {
    // Late, or cancelled while it was not connected: it goes without a goodbye.
    family_.cancel();
    family_.wait_uninterrupted();
  }
}

void Link::append_content(std::uint16_t channel, std::string_view properties, std::string_view body) {
  if (!connected_) return;
  amqp::append_content(out_, channel, properties, body, frame_max_);
  parker_.unpark();
}

void Link::settled() {
  up_ = was_up_ = true;
  reason_.clear();
  if (!std::exchange(told_, {}).empty() && rules_.report) rules_.report("connected to the broker " + host_ + " again");
}

void Link::fail(std::string why) {
  if (failure_.empty()) failure_ = std::move(why);
  parker_.unpark();
}

void Link::run() {
  // The life of its own: neither the deadline nor the identity of whoever needed it first.
  runtime::set_deadline(Instant::never());
  runtime::set_context(nullptr);
  std::chrono::nanoseconds pause = rules_.backoff_first;
  try {
    for (;;) {
      std::string why;
      if (!serve(why) || closing_) return;
      ++reconnects_;
      reason_ = why;
      if (std::exchange(told_, why) != why && rules_.report) rules_.report(why);
      if (std::exchange(was_up_, false)) pause = rules_.backoff_first;
      sleep(jittered(pause));
      pause = std::min(pause * 2, rules_.backoff_longest);
    }
  } catch (const Error&) {
    // Cancelled in the pause: nobody needs it any more.
  }
}

// Half of the pause is fixed, half is drawn: the instances of a fleet do not come back at the same moment.
std::chrono::nanoseconds Link::jittered(std::chrono::nanoseconds pause) {
  const double share = 0.5 + shard_.world().random().unit() / 2;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(static_cast<double>(pause.count()) * share));
}

bool Link::serve(std::string& why) {
  bool cancelled = false;
  try {
    {
      detail::Limited limited(rules_.connect_timeout);
      connect();
      greet();
    }
    connected_ = true;
    user_.opened();
    const auto read = [this] { read_all(); };
    const auto write = [this] { write_all(); };
    all(read, write);
  } catch (const Error& error) {
    why = error.what();
    cancelled = error.code() == Code::cancelled;
    // Only the wait for a connection and a greeting ends so: others have words of their own.
    if (error.code() == Code::deadline_exceeded) why = "the broker " + host_ + " did not answer in time";
  }
  forget_connection();
  return !cancelled;
}

void Link::forget_connection() {
  const bool was_connected = std::exchange(connected_, false);
  up_ = blocked_ = said_goodbye_ = false;
  stream_.reset();
  in_.clear();
  out_.clear();
  at_ = 0;
  failure_.clear();
  for (ChannelState& channel : channels_) channel = ChannelState(rules_.message_bytes_max);
  if (was_connected) user_.lost();
}

void Link::connect() {
  const BrokerUri::Host& host = rules_.uri.hosts[next_host_++ % rules_.uri.hosts.size()];
  host_ = to_string(host);
  const std::vector<world::Address> addresses = addresses_of(host);
  const BrokerUri& uri = rules_.uri;
  // With a certificate each time anew: it may have been renewed.
  if (uri.tls && (!tls_ || !uri.certificate.empty()))
    tls_ = net::make_tls_client(shard_.world().files(), uri.authorities, {},
                                {.certificate_path = uri.certificate, .key_path = uri.key});
  connect_to(addresses, host.name);
}

std::vector<world::Address> Link::addresses_of(const BrokerUri::Host& host) {
  if (const auto numeric = world::parse_address(host_)) return {*numeric};
  struct Found {
    std::vector<world::Address> addresses;
    std::string error;
  };
  Found found = offload([&world = shard_.world(), name = host.name] {
    Found all;
    all.addresses = world.resolve(name, all.error);
    return all;
  });
  if (found.addresses.empty()) give_up("cannot find the broker " + host_ + ": " + found.error);
  for (world::Address& address : found.addresses) address.port = host.port;
  return std::move(found.addresses);
}

// The first that answers, in the resolver's order. One that is silent leaves the others their share of the time.
void Link::connect_to(const std::vector<world::Address>& addresses, const std::string& name) {
  for (std::size_t i = 0;; ++i) {
    try {
      detail::Limited limited(rules_.connect_timeout / addresses.size());
      stream_ = net::connect(shard_, addresses[i], tls_.get(), name);
      return;
    } catch (const Error& error) {
      if (error.code() == Code::cancelled || i + 1 == addresses.size()) throw;
    }
  }
}

void Link::greet() {
  frame_max_ = frame_bytes_max;
  stream_->write(amqp::protocol_header);

  const amqp::Method first = next_greeting();
  const auto* const start = std::get_if<amqp::ConnectionStart>(&first);
  if (!start) give_up(host_ + " is no AMQP 0-9-1 broker");
  const std::string mechanism = login_to(start->mechanisms);
  amqp::TableBuilder can;
  can.boolean("publisher_confirms", true).boolean("basic.nack", true).boolean("consumer_cancel_notify", true);
  can.boolean("connection.blocked", true).boolean("authentication_failure_close", true);
  amqp::TableBuilder properties;
  properties.text("product", "tutti").text("connection_name", rules_.name).table("capabilities", can.table());
  const std::string response =
      rules_.uri.login == BrokerUri::Login::external
          ? std::string()  // the one of the certificate
          : std::string(1, '\0') + rules_.uri.user + std::string(1, '\0') + rules_.uri.password;
  amqp::append_method(
      out_, 0,
      amqp::ConnectionStartOk{
          .client_properties = properties.table(), .mechanism = mechanism, .response = response, .locale = "en_US"});
  send_now();

  const amqp::Method second = next_greeting();
  const auto* const tune = std::get_if<amqp::ConnectionTune>(&second);
  if (!tune) give_up("the broker " + host_ + " did not greet: " + amqp::to_text(second));
  frame_max_ = std::max(smaller_limit(frame_bytes_max, tune->frame_max), amqp::frame_bytes_min);
  const auto wanted = static_cast<std::uint16_t>(rules_.uri.heartbeat.count());
  const std::uint16_t seconds = wanted == 0 ? wanted : smaller_limit(wanted, tune->heartbeat);
  heartbeat_ = std::chrono::seconds(seconds);
  amqp::append_method(
      out_, 0,
      amqp::ConnectionTuneOk{
          .channel_max = smaller_limit(channels, tune->channel_max), .frame_max = frame_max_, .heartbeat = seconds});
  amqp::append_method(out_, 0, amqp::ConnectionOpen{.virtual_host = rules_.uri.virtual_host});
  send_now();

  const amqp::Method third = next_greeting();
  if (!std::holds_alternative<amqp::ConnectionOpenOk>(third))
    give_up("the broker " + host_ + " did not greet: " + amqp::to_text(third));
}

// The mechanism; refused if the broker does not offer it.
std::string Link::login_to(std::string_view mechanisms) const {
  const std::string_view wanted = rules_.uri.login == BrokerUri::Login::external ? "EXTERNAL" : "PLAIN";
  if (!offers(mechanisms, wanted))
    give_up("the broker " + host_ + " takes no " + std::string(wanted) + " login, only " + std::string(mechanisms));
  return std::string(wanted);
}

// A close in the place of what is expected says why: a wrong password, an unknown virtual host.
amqp::Method Link::next_greeting() {
  for (;;) {
    const amqp::Frame frame = next_frame();
    if (frame.type == amqp::FrameType::heartbeat) continue;
    if (frame.type != amqp::FrameType::method || frame.channel != 0)
      give_up("the broker " + host_ + " sent something before its greeting was complete");
    const amqp::MethodResult parsed = amqp::parse_method(frame.payload);
    if (!parsed.fault.empty())
      give_up("the broker " + host_ + " greeted with a malformed method: " + std::string(parsed.fault));
    if (const auto* close = std::get_if<amqp::ConnectionClose>(&parsed.method)) {
      give_up("the broker " + host_ + " refused the connection: " + told_with(*close));
    }
    return parsed.method;
  }
}

void Link::send_now() {
  stream_->write(out_);
  out_.clear();
}

// Until the next call it stays where it is.
amqp::Frame Link::next_frame() {
  for (;;) {
    const std::string_view rest = std::string_view(in_).substr(at_);
    // Whoever speaks another version answers with the header of its own.
    if (rest.starts_with("AMQP")) give_up(host_ + " speaks another version of AMQP than 0-9-1");
    const amqp::FrameResult read = amqp::read_frame(rest, frame_max_);
    if (read.state == amqp::ReadState::refused) give_up(host_ + " sent what is no AMQP: " + std::string(read.fault));
    if (read.state == amqp::ReadState::complete) {
      at_ += read.bytes;
      return read.frame;
    }
    fill();
  }
}

void Link::fill() {
  in_.erase(0, at_);
  at_ = 0;
  if (in_.empty() && in_.capacity() > kept_bytes_max) std::string().swap(in_);
  const std::size_t before = in_.size();
  in_.resize(before + read_bytes);
  const std::size_t bytes = stream_->read(std::as_writable_bytes(std::span(in_).subspan(before)));
  in_.resize(before + bytes);
  heard_ = shard_.read_clock();
  if (bytes == 0) give_up("the broker " + host_ + " closed the connection");
}

void Link::read_all() {
  for (;;) {
    if (heartbeat_.count() == 0) {
      take_frame(next_frame());
      continue;
    }
    // Both sides send at least every half of it (section 4.2.7): two whole ones without a byte, and the other side is
    // gone.
    amqp::Frame frame;
    try {
      detail::Limited limited(2 * heartbeat_);
      frame = next_frame();
    } catch (const Error& error) {
      if (error.code() != Code::deadline_exceeded) throw;
      give_up("the broker " + host_ + " was silent for two heartbeats");
    }
    take_frame(frame);
  }
}

void Link::write_all() {
  Instant next_beat = shard_.now() + heartbeat_ / 2;
  for (;;) {
    if (!failure_.empty() && (!said_goodbye_ || out_.empty())) give_up(failure_);
    if (out_.empty()) {
      const bool told = parker_.park(heartbeat_.count() == 0 ? Instant::never() : next_beat, "something to send");
      if (!told && out_.empty()) amqp::append_heartbeat(out_);
      continue;
    }
    std::string batch;
    batch.swap(out_);
    try {
      detail::Limited limited(write_timeout);
      stream_->write(batch);
    } catch (const Error& error) {
      if (error.code() != Code::deadline_exceeded) throw;
      give_up("the broker " + host_ + " does not read");
    }
    next_beat = shard_.now() + heartbeat_ / 2;
    user_.drained();
  }
}

void Link::take_frame(const amqp::Frame& frame) {
  if (frame.type == amqp::FrameType::heartbeat) return;
  if (frame.channel > channels) give_up("the broker " + host_ + " sent a frame on a channel that was not opened");
  if (frame.channel != 0 && channels_[frame.channel - 1u].content.under_way()) {
    ChannelState& channel = channels_[frame.channel - 1u];
    switch (channel.content.take(frame)) {
      case amqp::ReadState::need_more:
        return;
      case amqp::ReadState::refused:
        give_up("a message of the broker " + host_ + " is refused: " + std::string(channel.content.fault()));
      case amqp::ReadState::complete:
        return user_.take_content(frame.channel, amqp::parse_method(channel.method).method,
                                  channel.content.properties(), channel.content.body());
    }
  }
  if (frame.type != amqp::FrameType::method) give_up("the broker " + host_ + " sent content without its method");
  take_method(frame);
}

void Link::take_method(const amqp::Frame& frame) {
  const amqp::MethodResult parsed = amqp::parse_method(frame.payload);
  if (!parsed.fault.empty()) give_up("the broker " + host_ + " sent a malformed method: " + std::string(parsed.fault));
  if (frame.channel == 0) return take_connection_method(parsed.method);
  if (amqp::key_of(parsed.method).content == amqp::Content::follows) {
    ChannelState& channel = channels_[frame.channel - 1u];
    channel.method = frame.payload;
    channel.content.begin();
    return;
  }
  user_.take(frame.channel, parsed.method);
}

void Link::take_connection_method(const amqp::Method& method) {
  if (const auto* close = std::get_if<amqp::ConnectionClose>(&method)) {
    append(0, amqp::ConnectionCloseOk{});
    said_goodbye_ = true;  // the answer leaves first
    fail("the broker " + host_ + " closed the connection: " + told_with(*close));
  } else if (std::holds_alternative<amqp::ConnectionCloseOk>(method)) {
    give_up("the connection was closed on this side");
  } else if (std::holds_alternative<amqp::ConnectionBlocked>(method)) {
    blocked_ = true;
    user_.blocked_changed();
  } else if (std::holds_alternative<amqp::ConnectionUnblocked>(method)) {
    blocked_ = false;
    user_.blocked_changed();
  }
}

}  // namespace tutti::bus
