#include "broker/session/channel.hpp"

#include <utility>

#include "broker/session/channel_send.hpp"

namespace tutti::broker {

namespace amqp = wire::amqp;

// ---- its consumers

bool ChannelConsumer::can_take() const {
  const Channel& channel = channel_;
  if (!channel.flowing_ || !channel.session_.takes_deliveries()) return false;
  if (rules_.settling == Settling::at_once) return true;
  return (rules_.prefetch == 0 || unacked_ < rules_.prefetch) &&
         (channel.channel_prefetch_ == 0 || channel.deliveries_.size() < channel.channel_prefetch_);
}

void ChannelConsumer::deliver(Queue& queue, Entry entry) {
  if (rules_.settling == Settling::awaited) ++unacked_;
  channel_.deliver(*this, queue, std::move(entry));
}

void ChannelConsumer::queue_deleted() { channel_.cancel_from_here(*this); }

// ---- the channel

Channel::Channel(Session& session, std::uint16_t number)
    : session_(session), number_(number), content_(session.limits().body_bytes_max) {}

Channel::~Channel() { close(); }

void Channel::take(const amqp::Frame& frame) {
  gone_.clear();
  if (state_ == State::closing) {
    if (frame.type != amqp::FrameType::method) return;
    const amqp::MethodResult parsed = amqp::parse_method(frame.payload);
    if (!parsed.fault.empty()) return;
    if (std::holds_alternative<amqp::ChannelClose>(parsed.method)) send(amqp::ChannelCloseOk{});
    if (std::holds_alternative<amqp::ChannelCloseOk>(parsed.method)) state_ = State::closed;
    return;
  }
  if (content_.under_way()) {
    switch (content_.take(frame)) {
      case amqp::ReadState::need_more:
        return;
      case amqp::ReadState::complete:
        break;
      case amqp::ReadState::refused:
        if (!content_.too_long()) throw Refusal(ReplyCode::unexpected_frame, std::string(content_.fault()));
        return fail(Refusal(ReplyCode::precondition_failed, std::string(content_.fault())), amqp::BasicPublish::key);
    }
    try {
      publish();
    } catch (const Refusal& refusal) {
      fail(refusal, amqp::BasicPublish::key);
    }
    return;
  }
  if (frame.type != amqp::FrameType::method)
    throw Refusal(ReplyCode::unexpected_frame, "content without a method that has some");
  const amqp::MethodResult parsed = amqp::parse_method(frame.payload);
  if (!parsed.known) throw Refusal(ReplyCode::not_implemented, std::string(parsed.fault));
  if (!parsed.fault.empty()) throw Refusal(ReplyCode::syntax_error, std::string(parsed.fault));
  try {
    take_method(parsed.method);
  } catch (const Refusal& refusal) {
    fail(refusal, amqp::key_of(parsed.method));
  }
}

template <class M>
void Channel::on(const M&) {
  const std::string_view name = M::key.name;
  if (name.starts_with("tx.")) throw Refusal(ReplyCode::not_implemented, "transactions; use publisher confirms");
  throw Refusal(ReplyCode::command_invalid, std::string(name) + " is not expected here");
}

void Channel::take_method(const amqp::Method& method) {
  std::visit([this](const auto& one) { on(one); }, method);
}

void Channel::fail(const Refusal& refusal, const amqp::MethodKey& method) {
  if (ends_connection(refusal.code())) throw refusal;
  close();
  send(amqp::ChannelClose{.reply_code = static_cast<std::uint16_t>(refusal.code()),
                          .reply_text = std::string_view(refusal.what()).substr(0, amqp::shortstr_bytes_max),
                          .class_id = method.class_id,
                          .method_id = method.method_id});
  state_ = State::closing;
}

void Channel::close() noexcept {
  flowing_ = false;
  for (const auto& [tag, consumer] : consumers_) {
    deliveries_.forget(*consumer);
    consumer->queue().remove_consumer(*consumer);
  }
  consumers_.clear();
  settle(deliveries_.take(0, Deliveries::Reach::up_to), Fate::requeued);
}

void Channel::wake_consumers() {
  for (const auto& [tag, consumer] : consumers_) consumer->wake();
}

void Channel::on(const amqp::ChannelFlow& method) {
  flowing_ = method.active;
  send(amqp::ChannelFlowOk{.active = method.active});
  if (flowing_) wake_consumers();
}

void Channel::on(const amqp::ChannelClose&) {
  close();
  send(amqp::ChannelCloseOk{});
  state_ = State::closed;
}

void Channel::on(const amqp::ConfirmSelect& method) {
  confirming_ = true;
  answer(method.no_wait, amqp::ConfirmSelectOk{});
}

void Channel::send_confirms() {
  const Store* const store = session_.shared().store;
  confirms_.settle(store == nullptr ? 0 : store->durable(),
                   [this](Confirms::Verdict verdict, std::uint64_t tag, bool multiple) {
                     if (verdict == Confirms::Verdict::ack) {
                       send(amqp::BasicAck{.delivery_tag = tag, .multiple = multiple});
                     } else {
                       send(amqp::BasicNack{.delivery_tag = tag, .multiple = multiple});
                     }
                   });
}

}  // namespace tutti::broker
