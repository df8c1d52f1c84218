// Load for the broker benchmarks: says `ready` once all is declared, and begins with a line from its input. Connections
// that publish messages of 1 KB with confirms, so many in flight together, and with `consume` as many that take and
// acknowledge them. Prints one line of JSON: messages, those consumed, seconds, mean and percentiles of the time from
// publishing to the confirm in microseconds.
//   broker_load PORT CONNECTIONS QUEUES IN_FLIGHT SECONDS persistent|transient publish|consume
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/amqp/content.hpp"
#include "wire/amqp/frame.hpp"
#include "wire/amqp/method.hpp"

namespace {

namespace amqp = tutti::wire::amqp;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t frame_max = 128 * 1024;
constexpr std::size_t body_bytes = 1024;
constexpr std::uint16_t prefetch = 256;
constexpr std::size_t consuming_connections_max = 8;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

struct Load {
  int port;
  std::size_t connections, queues, in_flight;
  std::chrono::seconds time;
  bool persistent, consume;
};

std::string queue_name(std::size_t number) { return "bench-" + std::to_string(number); }

// A connection with one channel in confirm mode; it waits for each answer until run() begins.
class Client {
 public:
  explicit Client(int port) {
    descriptor_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    if (::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("cannot connect");
    const int on = 1;
    ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    out_ += amqp::protocol_header;
    await<amqp::ConnectionStart>();
    amqp::append_method(
        out_, 0, amqp::ConnectionStartOk{.mechanism = "PLAIN", .response = {"\0guest\0guest", 12}, .locale = "en_US"});
    await<amqp::ConnectionTune>();
    amqp::append_method(out_, 0, amqp::ConnectionTuneOk{.channel_max = 10, .frame_max = frame_max, .heartbeat = 0});
    amqp::append_method(out_, 0, amqp::ConnectionOpen{.virtual_host = "/"});
    await<amqp::ConnectionOpenOk>();
    ask<amqp::ChannelOpenOk>(amqp::ChannelOpen{});
  }
  virtual ~Client() { ::close(descriptor_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  template <class Answer, class M>
  void ask(const M& method) {
    amqp::append_method(out_, 1, method);
    await<Answer>();
  }

  [[nodiscard]] int descriptor() const { return descriptor_; }
  // What has arrived, and answers to it.
  void take_more() {
    receive();
    std::size_t used = 0;
    while (true) {
      const amqp::FrameResult frame = amqp::read_frame(std::string_view(in_).substr(used), frame_max);
      if (frame.state != amqp::ReadState::complete) break;
      used += frame.bytes;
      if (frame.frame.type == amqp::FrameType::method) take(amqp::parse_method(frame.frame.payload).method);
    }
    in_.erase(0, used);
    end_turn();
    send();
  }

 protected:
  virtual void take(const amqp::Method&) {}
  virtual void end_turn() {}
  void send() {
    for (std::string_view rest = out_; !rest.empty();) {
      const ssize_t sent = ::send(descriptor_, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent <= 0) fail("the broker closed the connection");
      rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    out_.clear();
  }
  std::string out_;

 private:
  void receive() {
    std::array<char, 64 * 1024> room;
    const ssize_t count = ::recv(descriptor_, room.data(), room.size(), 0);
    if (count <= 0) fail("the broker closed the connection");
    in_.append(room.data(), static_cast<std::size_t>(count));
  }
  template <class Answer>
  void await() {
    send();
    while (true) {
      const amqp::FrameResult frame = amqp::read_frame(in_, frame_max);
      if (frame.state != amqp::ReadState::complete) {
        receive();
        continue;
      }
      const amqp::Method method = amqp::parse_method(frame.frame.payload).method;
      const bool here = std::holds_alternative<Answer>(method);
      if (std::holds_alternative<amqp::ConnectionClose>(method) || std::holds_alternative<amqp::ChannelClose>(method))
        fail("refused: " + amqp::to_text(method));
      in_.erase(0, frame.bytes);
      if (here) return;
    }
  }

  int descriptor_;
  std::string in_;
};

class Publisher final : public Client {
 public:
  Publisher(const Load& load, std::size_t number)
      : Client(load.port), load_(load), next_queue_(number), body_(body_bytes, 'x') {
    amqp::append_properties(properties_, {.delivery_mode = static_cast<std::uint8_t>(load.persistent ? 2 : 1)});
    ask<amqp::ConfirmSelectOk>(amqp::ConfirmSelect{});
  }

  void begin() {
    const std::size_t own = std::max<std::size_t>(1, load_.in_flight / load_.connections);
    for (std::size_t i = 0; i < own; ++i) publish(Clock::now());
    send();
  }
  void stop() { stopped_ = true; }
  [[nodiscard]] bool idle() const { return started_.empty(); }
  [[nodiscard]] std::uint64_t published() const { return published_; }
  std::vector<std::uint32_t> nanoseconds;

 private:
  void publish(Clock::time_point now) {
    const std::string queue = queue_name(std::exchange(next_queue_, next_queue_ + load_.connections) % load_.queues);
    amqp::append_method(out_, 1, amqp::BasicPublish{.routing_key = queue});
    amqp::append_content(out_, 1, properties_, body_, frame_max);
    started_.push_back({now});
    ++published_;
  }
  void take(const amqp::Method& method) override {
    if (const auto* ack = std::get_if<amqp::BasicAck>(&method)) return confirmed(*ack);
    fail("unexpected: " + amqp::to_text(method));
  }
  void confirmed(const amqp::BasicAck& ack) {
    // RabbitMQ confirms messages of several queues out of order.
    const Clock::time_point now = Clock::now();
    for (std::uint64_t tag = ack.multiple ? first_tag_ : ack.delivery_tag; tag <= ack.delivery_tag; ++tag) {
      Started& one = started_[tag - first_tag_];
      if (std::exchange(one.confirmed, true)) continue;
      nanoseconds.push_back(static_cast<std::uint32_t>((now - one.at).count()));  // before publish() moves it
      if (!stopped_) publish(now);
    }
    for (; !started_.empty() && started_.front().confirmed; ++first_tag_) started_.pop_front();
  }

  struct Started {
    Clock::time_point at;
    bool confirmed = false;
  };
  const Load& load_;
  std::size_t next_queue_;
  std::string body_;
  std::string properties_;
  std::deque<Started> started_;  // not yet confirmed, and confirmed ones behind them
  std::uint64_t first_tag_ = 1;  // of started_
  std::uint64_t published_ = 0;
  bool stopped_ = false;
};

class Consuming final : public Client {
 public:
  explicit Consuming(int port) : Client(port) { ask<amqp::BasicQosOk>(amqp::BasicQos{.prefetch_count = prefetch}); }
  void consume(const std::string& queue) { ask<amqp::BasicConsumeOk>(amqp::BasicConsume{.queue = queue}); }
  [[nodiscard]] std::uint64_t consumed() const { return tag_; }

 private:
  void take(const amqp::Method& method) override {
    if (const auto* delivery = std::get_if<amqp::BasicDeliver>(&method)) tag_ = delivery->delivery_tag;
  }
  void end_turn() override {
    if (tag_ == acknowledged_) return;
    acknowledged_ = tag_;
    amqp::append_method(out_, 1, amqp::BasicAck{.delivery_tag = tag_, .multiple = true});
  }
  std::uint64_t tag_ = 0;
  std::uint64_t acknowledged_ = 0;
};

class Run {
 public:
  explicit Run(const Load& load) : load_(load), control_(load.port), poll_(::epoll_create1(0)) {
    for (std::size_t queue = 0; queue < load.queues; ++queue)
      control_.ask<amqp::QueueDeclareOk>(amqp::QueueDeclare{.queue = queue_name(queue), .durable = true});
    const std::size_t consuming = std::min({load.connections, load.queues, consuming_connections_max});
    for (std::size_t i = 0; load.consume && i < consuming; ++i) {
      consumers_.push_back(std::make_unique<Consuming>(load.port));
      for (std::size_t queue = i; queue < load.queues; queue += consuming)
        consumers_.back()->consume(queue_name(queue));
      watch(*consumers_.back());
    }
    for (std::size_t i = 0; i < load.connections; ++i) {
      publishers_.push_back(std::make_unique<Publisher>(load, i));
      watch(*publishers_.back());
    }
  }
  ~Run() {
    for (std::size_t queue = 0; queue < load_.queues; ++queue)
      control_.ask<amqp::QueueDeleteOk>(amqp::QueueDelete{.queue = queue_name(queue)});
    ::close(poll_);
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  void run() {
    const Clock::time_point begin = Clock::now();
    for (const auto& publisher : publishers_) publisher->begin();
    while (Clock::now() < begin + load_.time) turn();
    for (const auto& publisher : publishers_) publisher->stop();
    while (!done()) turn();
    seconds_ = std::chrono::duration<double>(Clock::now() - begin).count();
  }

  void print() const {
    std::vector<std::uint32_t> all;
    for (const auto& publisher : publishers_)
      all.insert(all.end(), publisher->nanoseconds.begin(), publisher->nanoseconds.end());
    std::sort(all.begin(), all.end());
    double sum = 0;
    for (const std::uint32_t one : all) sum += one;
    const auto at = [&](double part) {
      return all[static_cast<std::size_t>(part * static_cast<double>(all.size() - 1))] / 1e3;
    };
    std::printf(
        "{\"messages\": %zu, \"consumed\": %llu, \"seconds\": %.3f, \"mean_us\": %.1f, \"p50_us\": %.1f, \"p99_us\": "
        "%.1f}\n",
        all.size(), static_cast<unsigned long long>(consumed()), seconds_, sum / static_cast<double>(all.size()) / 1e3,
        at(0.5), at(0.99));
  }

 private:
  void watch(Client& client) {
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &client}};
    ::epoll_ctl(poll_, EPOLL_CTL_ADD, client.descriptor(), &event);
  }
  void turn() {
    std::array<epoll_event, 64> events;
    const int count = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), 1000);
    for (int i = 0; i < count; ++i) static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr)->take_more();
  }
  [[nodiscard]] std::uint64_t consumed() const {
    std::uint64_t sum = 0;
    for (const auto& consumer : consumers_) sum += consumer->consumed();
    return sum;
  }
  [[nodiscard]] bool done() const {
    std::uint64_t published = 0;
    for (const auto& publisher : publishers_) {
      if (!publisher->idle()) return false;
      published += publisher->published();
    }
    return !load_.consume || consumed() == published;
  }

  const Load& load_;
  Client control_;
  int poll_;
  std::vector<std::unique_ptr<Consuming>> consumers_;
  std::vector<std::unique_ptr<Publisher>> publishers_;
  double seconds_ = 0;
};

}  // namespace

int main(int count, char** words) {
  if (count != 8)
    fail("usage: broker_load PORT CONNECTIONS QUEUES IN_FLIGHT SECONDS persistent|transient publish|consume");
  const auto number = [&](int at) { return static_cast<std::size_t>(std::atoll(words[at])); };
  const Load load{.port = static_cast<int>(number(1)),
                  .connections = number(2),
                  .queues = number(3),
                  .in_flight = number(4),
                  .time = std::chrono::seconds(number(5)),
                  .persistent = std::strcmp(words[6], "persistent") == 0,
                  .consume = std::strcmp(words[7], "consume") == 0};
  Run run(load);
  std::puts("ready");
  std::fflush(stdout);
  (void)std::getchar();
  run.run();
  run.print();
  std::fflush(stdout);  // before the queues are deleted
  return 0;
}
