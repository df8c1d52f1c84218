#include "broker/session/session.hpp"

#include <algorithm>
#include <utility>

#include "broker/session/channel.hpp"

namespace tutti::broker {

namespace amqp = wire::amqp;

namespace {

constexpr std::size_t client_bytes_max = 256;  // of the name that a client gives itself

amqp::TableBuilder server_properties() {
  amqp::TableBuilder capabilities;
  for (const std::string_view known :
       {"publisher_confirms", "exchange_exchange_bindings", "basic.nack", "consumer_cancel_notify",
        "connection.blocked", "per_consumer_qos", "authentication_failure_close", "direct_reply_to"})
    capabilities.boolean(known, true);
  amqp::TableBuilder properties;
  properties.table("capabilities", capabilities.table()).text("product", "tutti").text("platform", "C++");
  return properties;
}

bool has_capability(amqp::Table client, std::string_view name) {
  const auto capabilities = amqp::find(client, "capabilities");
  if (!capabilities || !capabilities->table()) return false;
  const auto value = amqp::find(*capabilities->table(), name);
  return value && value->boolean().value_or(false);
}

// The smaller of two limits of which 0 is none.
template <class Number>
Number agreed(Number ours, Number theirs) {
  return theirs == 0 ? ours : std::min(ours, theirs);
}

}  // namespace

Session::Session(Access& access, Shared& shared, const SessionLimits& limits, SessionOwner& owner, std::uint64_t number)
    : access_(access),
      shared_(shared),
      limits_(limits),
      owner_(owner),
      number_(number),
      frame_max_(limits.frame_max),
      channel_max_(limits.channel_max) {}

Session::~Session() { close(); }

std::size_t Session::take(std::string_view data) {
  std::size_t used = 0;
  taking_ = true;
  while (state_ != State::over && !stalled()) {
    if (state_ == State::header) {
      const amqp::ReadState header = amqp::read_protocol_header(data);
      if (header == amqp::ReadState::need_more) break;
      if (header == amqp::ReadState::refused) {
        out_ += amqp::protocol_header;  // what would be taken (section 4.2.2)
        state_ = State::over;
        break;
      }
      used += amqp::protocol_header.size();
      start();
      continue;
    }
    const amqp::FrameResult frame = amqp::read_frame(data.substr(used), frame_max_);
    if (frame.state == amqp::ReadState::need_more) break;
    if (frame.state == amqp::ReadState::refused) {
      fail(Refusal(ReplyCode::frame_error, std::string(frame.fault)), 0, 0);
      state_ = State::over;  // nothing can be read any more, not even close-ok
      break;
    }
    used += frame.bytes;
    take_frame(frame.frame);
  }
  send_confirms();
  taking_ = false;
  return used;
}

void Session::start() {
  const amqp::TableBuilder properties = server_properties();
  std::string offered(mechanisms);
  if (!certificate_.empty()) offered += " " + std::string(external);
  send(0, amqp::ConnectionStart{.version_major = 0,
                                .version_minor = 9,
                                .server_properties = properties.table(),
                                .mechanisms = offered,
                                .locales = "en_US"});
  state_ = State::start;
}

void Session::take_frame(const amqp::Frame& frame) {
  if (frame.type == amqp::FrameType::heartbeat) return;
  std::uint16_t class_id = 0, method_id = 0;
  try {
    if (frame.channel != 0) {
      if (state_ == State::running)
        take_channel_frame(frame);
      else if (state_ != State::closing)
        throw Refusal(ReplyCode::channel_error, "the connection is not open");
      return;
    }
    if (frame.type != amqp::FrameType::method)
      throw Refusal(ReplyCode::unexpected_frame, "channel 0 carries methods only");
    const amqp::MethodResult parsed = amqp::parse_method(frame.payload);
    class_id = parsed.class_id;
    method_id = parsed.method_id;
    if (!parsed.known) throw Refusal(ReplyCode::not_implemented, std::string(parsed.fault));
    if (!parsed.fault.empty()) throw Refusal(ReplyCode::syntax_error, std::string(parsed.fault));
    take_connection_method(parsed.method);
  } catch (const Refusal& refusal) {
    fail(refusal, class_id, method_id);
  }
}

void Session::take_connection_method(const amqp::Method& method) {
  if (std::holds_alternative<amqp::ConnectionCloseOk>(method)) {
    state_ = State::over;
    return;
  }
  if (state_ == State::closing) return;  // only close-ok counts now
  if (std::holds_alternative<amqp::ConnectionClose>(method)) {
    close();
    send(0, amqp::ConnectionCloseOk{});
    state_ = State::over;
    return;
  }
  if (const auto* start_ok = std::get_if<amqp::ConnectionStartOk>(&method); start_ok && state_ == State::start)
    return take_start_ok(*start_ok);
  if (const auto* tune_ok = std::get_if<amqp::ConnectionTuneOk>(&method); tune_ok && state_ == State::tune)
    return take_tune_ok(*tune_ok);
  if (const auto* open = std::get_if<amqp::ConnectionOpen>(&method); open && state_ == State::open)
    return take_open(*open);
  if (std::holds_alternative<amqp::ConnectionUpdateSecret>(method))
    throw Refusal(ReplyCode::not_implemented, "secrets that change");
  throw Refusal(ReplyCode::command_invalid, std::string(amqp::key_of(method).name) + " is not expected here");
}

void Session::take_start_ok(const amqp::ConnectionStartOk& method) {
  for (const std::string_view name : {"connection_name", "product"}) {
    const auto value = amqp::find(method.client_properties, name);
    if (client_.empty() && value && value->text()) client_ = value->text()->substr(0, client_bytes_max);
  }
  tells_cancels_ = has_capability(method.client_properties, "consumer_cancel_notify");
  tells_blocked_ = has_capability(method.client_properties, "connection.blocked");
  told_login_failures_ = has_capability(method.client_properties, "authentication_failure_close");
  if (!log_in(method))
    return refuse_login("Login was refused using authentication mechanism " + std::string(method.mechanism));
  send(0,
       amqp::ConnectionTune{
           .channel_max = limits_.channel_max, .frame_max = limits_.frame_max, .heartbeat = limits_.heartbeat_seconds});
  state_ = State::tune;
}

bool Session::log_in(const amqp::ConnectionStartOk& method) {
  if (method.mechanism == external) {
    user_ = certificate_;
    return !certificate_.empty() && access_.knows(certificate_);
  }
  const auto credentials = credentials_of(method.mechanism, method.response);
  if (!credentials || !access_.admits(credentials->user, credentials->password)) return false;
  user_ = credentials->user;
  return true;
}

void Session::refuse_login(std::string_view text) {
  if (told_login_failures_) throw Refusal(ReplyCode::access_refused, std::string(text));
  state_ = State::over;  // as the specification has it: without a word
}

void Session::take_tune_ok(const amqp::ConnectionTuneOk& method) {
  frame_max_ = agreed(limits_.frame_max, method.frame_max);
  channel_max_ = agreed(limits_.channel_max, method.channel_max);
  heartbeat_seconds_ = method.heartbeat;
  if (frame_max_ < amqp::frame_bytes_min)
    throw Refusal(ReplyCode::not_allowed, "frame_max is less than " + std::to_string(amqp::frame_bytes_min));
  state_ = State::open;
}

void Session::take_open(const amqp::ConnectionOpen& method) {
  host_ = access_.host(method.virtual_host);
  if (host_ == nullptr)
    throw Refusal(ReplyCode::not_allowed, "vhost '" + std::string(method.virtual_host) + "' not found");
  if (!access_.may_enter(user_, method.virtual_host)) {
    host_ = nullptr;
    throw Refusal(ReplyCode::not_allowed,
                  "access to vhost '" + std::string(method.virtual_host) + "' refused for user '" + user_ + "'");
  }
  send(0, amqp::ConnectionOpenOk{});
  state_ = State::running;
}

void Session::take_channel_frame(const amqp::Frame& frame) {
  const auto place = channels_.find(frame.channel);
  if (place != channels_.end()) {
    place->second->take(frame);
    if (place->second->closed()) channels_.erase(place);
    return;
  }
  const amqp::MethodResult parsed = frame.type == amqp::FrameType::method ? amqp::parse_method(frame.payload)
                                                                          : amqp::MethodResult{.fault = "no method"};
  if (!parsed.fault.empty() || !std::holds_alternative<amqp::ChannelOpen>(parsed.method))
    throw Refusal(ReplyCode::channel_error, "channel " + std::to_string(frame.channel) + " is not open");
  if (frame.channel > channel_max_)
    throw Refusal(ReplyCode::not_allowed,
                  "channel " + std::to_string(frame.channel) + " is over channel_max, " + std::to_string(channel_max_));
  channels_.emplace(frame.channel, std::make_unique<Channel>(*this, frame.channel));
  send(frame.channel, amqp::ChannelOpenOk{});
}

void Session::fail(const Refusal& refusal, std::uint16_t class_id, std::uint16_t method_id) {
  close();
  const std::string_view text = std::string_view(refusal.what()).substr(0, amqp::shortstr_bytes_max);
  send(0, amqp::ConnectionClose{.reply_code = static_cast<std::uint16_t>(refusal.code()),
                                .reply_text = text,
                                .class_id = class_id,
                                .method_id = method_id});
  state_ = State::closing;
}

void Session::force_close(std::string_view text) {
  if (state_ == State::closing || state_ == State::over) return;
  if (state_ == State::header) {
    state_ = State::over;
    return;
  }
  fail(Refusal(ReplyCode::connection_forced, std::string(text)), 0, 0);
}

void Session::close() noexcept {
  for (const auto& [number, channel] : channels_) channel->close();
  channels_.clear();
  held_.clear();
  owes_confirms_ = false;
  if (host_ != nullptr) std::exchange(host_, nullptr)->delete_exclusive_queues(number_);
}

void Session::set_blocked(std::string_view reason) {
  if (blocked_ == !reason.empty() || state_ != State::running) return;
  blocked_ = !reason.empty();
  if (!tells_blocked_) return;
  if (blocked_) {
    send(0, amqp::ConnectionBlocked{.reason = reason});
  } else {
    send(0, amqp::ConnectionUnblocked{});
  }
}

void Session::append_heartbeat() {
  amqp::append_heartbeat(out_);
  written();
}

bool Session::takes_deliveries() noexcept {
  if (out_.size() < limits_.unsent_bytes_max) return true;
  held_back_ = true;
  return false;
}

void Session::sent() {
  if (!held_back_ || out_.size() >= limits_.unsent_bytes_max) return;
  held_back_ = false;
  for (const auto& [number, channel] : channels_) channel->wake_consumers();
}

void Session::send_confirms() {
  if (!owes_confirms_) return;
  owes_confirms_ = false;
  for (const auto& [number, channel] : channels_) {
    channel->send_confirms();
    owes_confirms_ = owes_confirms_ || channel->owes_confirms();
  }
}

void Session::store_moved() {
  send_confirms();
  if (!stalled() || shared_.store->durable() < held_for_) return;
  out_ += held_;
  held_.clear();
  written();
}

}  // namespace tutti::broker
