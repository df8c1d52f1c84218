// One connection to a broker that comes back. It connects, greets, and tells its user, who appends the whole set-up
// (channels, exchanges, queues, consumers) at once; then it reads, tells what came, and beats. When it is lost, for
// whatever reason, it begins anew, at the next of the broker's hosts, after a pause that doubles and is jittered; only
// a set-up that was answered makes the pauses short again.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tutti/detail/waiting.hpp>

#include "bus/uri.hpp"
#include "net/connector.hpp"
#include "net/tls.hpp"
#include "runtime/parker.hpp"
#include "runtime/shard.hpp"
#include "wire/amqp/content.hpp"
#include "wire/amqp/method.hpp"

namespace tutti::bus {

struct LinkRules {
  BrokerUri uri = {};
  std::string name = "tutti";                                          // as the broker lists the connection
  std::chrono::nanoseconds connect_timeout = std::chrono::seconds(5);  // with the greeting
  std::chrono::nanoseconds backoff_first = std::chrono::milliseconds(100);
  std::chrono::nanoseconds backoff_longest = std::chrono::seconds(10);
  std::size_t message_bytes_max = 16 * 1024 * 1024;            // of one that comes; over it the connection is given up
  std::function<void(std::string_view sentence)> report = {};  // what an operator should read, once per occasion
};

// Who uses a link. Called on the link's own fiber; must not wait.
class LinkUser {
 public:
  virtual void opened() = 0;  // greeted: append the set-up, and call settled() when it is answered
  virtual void take(std::uint16_t channel, const wire::amqp::Method& method) = 0;
  virtual void take_content(std::uint16_t channel, const wire::amqp::Method& method, std::string_view properties,
                            std::string_view body) = 0;
  virtual void drained() {}  // what was appended has been sent
  virtual void blocked_changed() {}
  virtual void lost() = 0;  // what was appended and not answered is as if it had not been

 protected:
  ~LinkUser() = default;
};

class Link {
 public:
  static constexpr std::uint16_t channels = 2;  // 1 and 2 may be opened

  Link(runtime::Shard& shard, const LinkRules& rules, LinkUser& user);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void start();  // once; more often changes nothing
  [[nodiscard]] bool started() const noexcept { return started_; }
  // Says goodbye behind what was appended. Waits, at most until then. It does not come back.
  void close(Instant until);

  // While connected; otherwise it goes nowhere.
  template <class M>
  void append(std::uint16_t channel, const M& method) {
    if (!connected_) return;
    wire::amqp::append_method(out_, channel, method);
    parker_.unpark();
  }
  void append_content(std::uint16_t channel, std::string_view properties, std::string_view body);
  void settled();
  // Gives the connection up and begins anew.
  void fail(std::string why);

  [[nodiscard]] bool up() const noexcept { return up_; }
  [[nodiscard]] bool blocked() const noexcept { return blocked_; }
  [[nodiscard]] std::size_t out_bytes() const noexcept { return out_.size(); }
  // When the broker sent something last, be it a heartbeat.
  [[nodiscard]] Instant heard() const noexcept { return heard_; }
  [[nodiscard]] std::uint64_t reconnects() const noexcept { return reconnects_; }
  // Empty if it is up; otherwise why not: "cannot connect to 127.0.0.1:5672: Connection refused".
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

 private:
  struct ChannelState {
    explicit ChannelState(std::size_t body_bytes_max) : content(body_bytes_max) {}
    wire::amqp::ContentReader content;
    std::string method;  // the payload of the one with content
  };

  void run();
  [[nodiscard]] bool serve(std::string& why);  // false: cancelled
  void connect();
  [[nodiscard]] std::vector<world::Address> addresses_of(const BrokerUri::Host& host);
  void connect_to(const std::vector<world::Address>& addresses, const std::string& name);
  void greet();
  [[nodiscard]] std::string login_to(std::string_view mechanisms) const;
  [[nodiscard]] wire::amqp::Frame next_frame();
  [[nodiscard]] wire::amqp::Method next_greeting();
  void fill();
  void send_now();
  void read_all();
  void write_all();
  void take_frame(const wire::amqp::Frame& frame);
  void take_method(const wire::amqp::Frame& frame);
  void take_connection_method(const wire::amqp::Method& method);
  void forget_connection();
  [[nodiscard]] std::chrono::nanoseconds jittered(std::chrono::nanoseconds pause);

  runtime::Shard& shard_;
  const LinkRules rules_;
  LinkUser& user_;
  std::unique_ptr<net::TlsClient> tls_;
  std::unique_ptr<net::FiberStream> stream_;
  std::size_t next_host_ = 0;
  std::string host_;  // the one spoken to
  std::string in_;    // [at_, size) is not looked at yet
  std::size_t at_ = 0;
  std::string out_;
  runtime::Parker parker_;  // the writer's
  std::array<ChannelState, channels> channels_;
  std::uint32_t frame_max_ = 0;
  std::chrono::nanoseconds heartbeat_{0};
  Instant heard_;
  std::string failure_;  // why this connection is being given up
  std::string reason_;
  std::string told_;  // the reason that was reported last
  std::uint64_t reconnects_ = 0;
  bool started_ = false;
  bool connected_ = false;
  bool was_up_ = false;
  bool up_ = false;
  bool blocked_ = false;
  bool said_goodbye_ = false;
  bool closing_ = false;
  detail::Family family_;
};

}  // namespace tutti::bus
