// A broker that greets as it should, answers what declares and opens, and otherwise does what the test says.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/shard.hpp"
#include "wire/amqp/content.hpp"
#include "wire/amqp/method.hpp"
#include "world/network.hpp"

namespace tutti::bus::testing {

class ScriptedBroker final : private world::Watcher {
 public:
  ScriptedBroker(runtime::Shard& shard, const world::Address& at) {
    int error = 0;
    listener_ = shard.network().listen(at, {}, error);
    listener_->watch(this);
  }
  ~ScriptedBroker() { end_connection(); }

  template <class M>
  void send(std::uint16_t channel, const M& method) {
    std::string bytes;
    wire::amqp::append_method(bytes, channel, method);
    send_bytes(bytes);
  }
  void send_bytes(std::string_view bytes) {
    if (connection_) (void)connection_->write(std::as_bytes(std::span(bytes)));
  }

  std::uint16_t heartbeat = 0;
  std::function<void(std::uint64_t tag)> on_publish = [](std::uint64_t) {};
  int connections = 0;

 private:
  void end_connection() {
    if (connection_) connection_->watch(nullptr);
    connection_.reset();
  }

  void on_ready(world::Ready) override {
    int error = 0;
    while (auto fresh = listener_->accept(error)) {
      end_connection();
      connection_ = std::move(fresh);
      connection_->watch(this);
      in_.clear();
      greeted_ = false;
      tag_ = 0;
      ++connections;
    }
    read();
  }

  void read() {
    std::byte room[4096];
    while (connection_) {
      const world::Transfer moved = connection_->read(room);
      if (moved.outcome == world::Outcome::again) break;
      if (moved.outcome != world::Outcome::done) return end_connection();
      in_.append(reinterpret_cast<const char*>(room), moved.bytes);
    }
    if (!greeted_ && in_.size() >= wire::amqp::protocol_header.size()) {
      in_.erase(0, wire::amqp::protocol_header.size());
      greeted_ = true;
      send(0, wire::amqp::ConnectionStart{.version_minor = 9, .mechanisms = "AMQPLAIN PLAIN", .locales = "en_US"});
    }
    for (;;) {
      const auto frame = wire::amqp::read_frame(in_, 131'072);
      if (frame.state != wire::amqp::ReadState::complete) return;
      const std::string payload(frame.frame.payload);
      const auto type = frame.frame.type;
      const auto channel = frame.frame.channel;
      in_.erase(0, frame.bytes);
      if (type == wire::amqp::FrameType::method) answer(channel, wire::amqp::parse_method(payload).method);
    }
  }

  void answer(std::uint16_t channel, const wire::amqp::Method& method) {
    using namespace wire::amqp;
    if (std::holds_alternative<ConnectionStartOk>(method))
      send(0, ConnectionTune{.channel_max = 10, .frame_max = 131'072, .heartbeat = heartbeat});
    if (std::holds_alternative<ConnectionOpen>(method)) send(0, ConnectionOpenOk{});
    if (std::holds_alternative<ConnectionClose>(method)) send(0, ConnectionCloseOk{});
    if (std::holds_alternative<ChannelOpen>(method)) send(channel, ChannelOpenOk{});
    if (std::holds_alternative<ConfirmSelect>(method)) send(channel, ConfirmSelectOk{});
    if (std::holds_alternative<ExchangeDeclare>(method)) send(channel, ExchangeDeclareOk{});
    if (std::holds_alternative<BasicPublish>(method)) on_publish(++tag_);
  }

  std::unique_ptr<world::Listener> listener_;
  std::unique_ptr<world::Connection> connection_;
  std::string in_;
  bool greeted_ = false;
  std::uint64_t tag_ = 0;
};

}  // namespace tutti::bus::testing
