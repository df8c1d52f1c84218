// `SERVICE dead-letters`: the events that this service's handlers gave up, as a person or a script works with them.
// They lie in the broker's queues tutti.dead.<queue>; each command looks there itself and needs no running service.
#pragma once

#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "service/host.hpp"

namespace tutti::detail {

struct DeadLettersCommand {
  enum class What : std::uint8_t { list, show, replay, purge };
  What what = What::list;
  std::string id = {};  // or how it begins; empty: all
  bool json = false;
};
// The operands behind `dead-letters`; `wrong` says what is not understood.
[[nodiscard]] DeadLettersCommand parse_dead_letters(std::span<const std::string> operands, std::string& wrong);

// Where what a handler gives up lies, and where it came from.
struct DeadQueue {
  std::string name;     // "tutti.dead.evt-orders-placed--mails.on_placed"
  std::string event;    // "orders.placed"
  std::string handler;  // "mails.on_placed"
  std::string queue;    // "evt-orders-placed--mails.on_placed"; of a broadcast what its queues' names begin with
  bool broadcast = false;
};
// Of all services of the host, each queue once.
[[nodiscard]] std::vector<DeadQueue> dead_queues_of(Host& host);

// Results to `out`, what went wrong to `err`; the exit code. Waits. Throws tutti::Error for a broker that is not there.
// A replayed event is confirmed in its handler's queue before it leaves the dead letters: whoever kills the command in
// between finds it in both, with the same message id.
[[nodiscard]] int run_dead_letters(Host& host, const std::vector<DeadQueue>& queues, const DeadLettersCommand& command,
                                   std::FILE* out, std::FILE* err);

}  // namespace tutti::detail
