// Whatever a client sends, its session neither fails nor stops others: bytes of two clients in turn, cut anywhere, over
// one broker that keeps what they leave behind.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "broker/server/broker.hpp"
#include "broker/session/session.hpp"
#include "wire/amqp/method.hpp"
#include "world/simulated.hpp"

using namespace tutti;

namespace {

namespace amqp = wire::amqp;

struct NoOwner final : broker::SessionOwner {
  void send_later() override {}
};

constexpr broker::SessionLimits limits{.body_bytes_max = 64 * 1024, .unsent_bytes_max = 16 * 1024};

// Logged in, with two channels open.
std::string greeting() {
  std::string out(amqp::protocol_header);
  amqp::append_method(out, 0, amqp::ConnectionStartOk{.mechanism = "PLAIN", .response = {"\0guest\0guest", 12}});
  amqp::append_method(out, 0, amqp::ConnectionTuneOk{.frame_max = 8192});
  amqp::append_method(out, 0, amqp::ConnectionOpen{.virtual_host = "/"});
  amqp::append_method(out, 1, amqp::ChannelOpen{});
  amqp::append_method(out, 2, amqp::ChannelOpen{});
  return out;
}

class Client {
 public:
  Client(broker::Broker& broker, std::uint64_t number) : session_(broker, broker.shared(), limits, owner_, number) {}

  void send(std::string_view bytes) {
    if (session_.over()) return;
    in_ += bytes;
    in_.erase(0, session_.take(in_));
    check_answers();
    session_.out().clear();
    session_.sent();
  }

 private:
  // What comes back is well formed.
  void check_answers() {
    std::string_view out = session_.out();
    if (out.starts_with("AMQP")) return;
    while (!out.empty()) {
      const amqp::FrameResult frame = amqp::read_frame(out, limits.frame_max);
      if (frame.state != amqp::ReadState::complete) std::abort();
      if (frame.frame.type == amqp::FrameType::method && !amqp::parse_method(frame.frame.payload).fault.empty())
        std::abort();
      out.remove_prefix(frame.bytes);
    }
  }

  NoOwner owner_;
  std::string in_;
  broker::Session session_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  world::SimulatedWorld world;
  runtime::Shard shard(world, {});
  const runtime::CurrentShard current(shard);
  broker::Broker broker(shard, world.files(), {});
  Client first(broker, 1);
  auto second = std::make_unique<Client>(broker, 2);
  first.send(greeting());
  second->send(greeting());
  const std::size_t step = bytes[0] % 61 + 1u;
  std::string_view rest(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  // The first gets all of it in pieces, the second whole frames as the first leaves them.
  std::string given;
  while (!rest.empty()) {
    const std::string_view piece = rest.substr(0, step);
    rest.remove_prefix(piece.size());
    given += piece;
    first.send(piece);
    (void)shard.turn();
  }
  second->send(given);
  second.reset();
  (void)shard.turn();
  first.send(given);
  return 0;
}
