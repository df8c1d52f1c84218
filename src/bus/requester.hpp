// Asking over a broker and waiting for the answer: requests go through an exchange to the queue of a service, and
// answers come back to one queue of this process, told apart by their correlation ids. A request lies on the stack of
// the fiber that waits. One connection carries both; when it is lost, what was asked stays asked: the answer may still
// come to the queue, which outlives the connection, and what may be asked twice is asked again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "bus/link.hpp"
#include "wire/amqp/content.hpp"

namespace tutti::bus {

struct RequesterRules {
  std::string exchange = {};                               // topic, durable; declared
  std::string reply_queue = {};                            // ours, durable
  std::string reply_key = {};                              // binds it
  std::chrono::milliseconds reply_queue_expires{300'000};  // after the last connection that used it
};

struct Request {
  enum class Outcome : std::uint8_t {
    pending,
    answered,
    unroutable,  // no queue takes it
    unsent,      // there was no connection in time; `reason` says why
    unanswered,  // it left, and the deadline passed
  };
  enum class Again : std::uint8_t { never, may };

  std::string_view routing_key = {};
  wire::amqp::Properties properties = {};  // correlation id, reply_to and expiration are set by the requester
  std::string_view body = {};
  Again again = Again::never;  // may: asked again when the connection was lost
  Instant send_by = Instant::never();
  Instant deadline = Instant::never();  // the broker drops what was not delivered by then

  Outcome outcome = Outcome::pending;
  std::string reason = {};
  std::string reply_properties = {};
  std::string reply_body = {};

  // The requester's own.
  bool sent = false;  // on the connection that there is
  bool left = false;  // on any
  runtime::Parker parker = {};
};

struct RequesterFigures {
  std::size_t waiting = 0;
  std::uint64_t late = 0;  // answers that nobody waited for any more
  std::uint64_t sent_again = 0;
  std::uint64_t reconnects = 0;
};

class Requester final : private LinkUser {
 public:
  Requester(runtime::Shard& shard, const LinkRules& link, RequesterRules rules);
  Requester(const Requester&) = delete;
  Requester& operator=(const Requester&) = delete;

  // Connects if it has not. Waits until the request has an outcome. Throws what is pending on the fiber (cancelled).
  void ask(Request& request);
  // The reply queue is removed: nobody waits for an answer any more. Waits, at most until then.
  void close(Instant until);
  // Empty if requests can be sent, or nothing was to be sent yet; otherwise why not.
  [[nodiscard]] std::string not_ready() const;
  [[nodiscard]] RequesterFigures figures() const noexcept;

 private:
  void opened() override;
  void take(std::uint16_t channel, const wire::amqp::Method& method) override;
  void take_content(std::uint16_t channel, const wire::amqp::Method& method, std::string_view properties,
                    std::string_view body) override;
  void drained() override { send_all(); }
  void blocked_changed() override { send_all(); }
  void lost() override;

  template <class M>
  void expect_answer(const M& method);
  [[nodiscard]] bool wait_for(Request& request);
  void send_all();
  void send(std::uint64_t number, Request& request);
  [[nodiscard]] Request* waiting_for(std::string_view correlation_id);
  void acknowledge(std::uint64_t tag, std::size_t bytes);
  void end(Request& request, Request::Outcome outcome);

  runtime::Shard& shard_;
  const RequesterRules rules_;
  const std::string id_prefix_;
  std::map<std::uint64_t, Request*> waiting_;  // by the number in their correlation ids
  std::uint64_t next_number_ = 1;
  std::uint64_t first_unsent_ = 1;  // nothing below it waits to be sent
  std::size_t answers_left_ = 0;    // of the set-up
  bool ready_ = false;
  std::size_t unacknowledged_ = 0;
  std::size_t unacknowledged_bytes_ = 0;
  std::uint64_t late_ = 0;
  std::uint64_t sent_again_ = 0;
  Link link_;
};

}  // namespace tutti::bus
