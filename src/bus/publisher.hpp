// Publishing with confirms. A publication lies on the stack of the fiber that waits for its confirm; many fibers wait
// at once, and one may wait for many. What was sent and not confirmed when the connection is lost is sent again, in the
// old order; so a message may come twice, and its id tells.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "bus/link.hpp"

namespace tutti::bus {

struct PublisherRules {
  std::size_t waiting_max = 10'000;   // messages not confirmed yet, sent or not
  std::size_t in_flight_max = 1'000;  // of them sent
};

struct Publication {
  enum class Outcome : std::uint8_t {
    pending,
    confirmed,   // the broker has it
    unroutable,  // must_route, and no queue takes it
    refused,     // `reason` says why
  };
  std::string_view exchange = {};  // a topic exchange, declared if it is not there; empty: `routing_key` is a queue
  std::string_view routing_key = {};
  std::string_view message_id = {};
  std::string_view properties = {};  // as wire::amqp::append_properties() writes them
  std::string_view body = {};
  bool must_route = false;
  Outcome outcome = Outcome::pending;
  std::string reason = {};

  struct Batch* batch = nullptr;  // the publisher's own
};

struct PublisherFigures {
  std::uint64_t confirmed = 0;
  std::uint64_t sent_again = 0;
  std::size_t waiting = 0;
  std::uint64_t reconnects = 0;
};

class Publisher final : private LinkUser {
 public:
  Publisher(runtime::Shard& shard, const LinkRules& link, const PublisherRules& rules);
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // Connects if it has not. Waits until all have an outcome. Throws resource_exhausted at once if too many wait, and
  // when `deadline` (or the fiber's own) has passed: unavailable with the reason while there is no connection,
  // deadline_exceeded otherwise. Then a message that had been sent may be with the broker all the same.
  void publish(std::span<Publication> all, Instant deadline);
  void start() { link_.start(); }
  void close(Instant until) { link_.close(until); }
  // Empty if messages can be sent, or nothing was to be sent yet; otherwise why not.
  [[nodiscard]] std::string not_ready() const;
  [[nodiscard]] PublisherFigures figures() const noexcept;

 private:
  enum class Declared : std::uint8_t { no, asked, yes, refused };
  struct Exchange {
    Declared declared = Declared::no;
    std::string reason = {};
  };

  void opened() override;
  void take(std::uint16_t channel, const wire::amqp::Method& method) override;
  void take_content(std::uint16_t channel, const wire::amqp::Method& method, std::string_view properties,
                    std::string_view body) override;
  void drained() override { pump(); }
  void blocked_changed() override { pump(); }
  void lost() override;

  void open_declaring();
  void declare(const std::string& name, Exchange& exchange);
  void take_declaring(const wire::amqp::Method& method);
  void settle_if_ready();
  void pump();
  void send(Publication& publication);
  void confirm(std::uint64_t tag, bool multiple, Publication::Outcome outcome);
  void end(Publication& publication, Publication::Outcome outcome);
  void withdraw(std::span<Publication> all) noexcept;

  const PublisherRules rules_;
  std::list<Publication*> queued_;        // not sent
  std::deque<Publication*> unconfirmed_;  // sent; null: given up, or confirmed out of order
  std::uint64_t first_tag_ = 1;           // of unconfirmed_
  std::size_t waiting_ = 0;
  std::map<std::string, Exchange, std::less<>> exchanges_;
  std::deque<std::string> declaring_;  // asked for, in order
  bool ready_ = false;                 // the channel takes messages
  std::uint64_t confirmed_ = 0;
  std::uint64_t sent_again_ = 0;
  Link link_;
};

}  // namespace tutti::bus
