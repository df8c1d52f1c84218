// The replies of one method, kept for a while (CacheRules): by the request, as it is encoded, and by who asks. Callers
// that ask for the same at the same time have one handler between them. Bounded by number and bytes; the reply that was
// not asked for longest goes. One for each shard, so nothing is locked.
#pragma once

#include <cstddef>
#include <exception>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <tutti/app.hpp>

#include "runtime/parker.hpp"

namespace tutti::detail {

class ResponseCache {
 public:
  ResponseCache(const MethodSpec& method, const CacheRules& rules, Metrics& metrics, std::string_view full_name);

  // Constructs *reply (raw memory): from what is kept, by waiting for the same call, or by run(context), which
  // constructs it or throws. What a run throws is thrown to all who wait for it, but for the end of its own caller
  // (cancelled, deadline_exceeded): then the next of them runs.
  void answer(const Identity& identity, const void* request, void* reply, void* context, void (*run)(void* context));

 private:
  struct Kept {
    std::string key;
    std::string reply;
    Instant until;
    [[nodiscard]] std::size_t bytes() const noexcept { return 2 * key.size() + reply.size(); }
  };
  // One run and who waits for it.
  struct Flight {
    std::vector<runtime::Parker*> waiting = {};
    std::exception_ptr failure = {};
    std::string reply = {};
    bool again = false;  // it ended without an answer for others
  };
  using Recent = std::list<Kept>;  // asked for last, first

  [[nodiscard]] bool find(const std::string& key, void* reply);
  [[nodiscard]] bool await(Flight& flight, void* reply);  // false: look again
  void lead(const std::string& key, void* reply, void* context, void (*run)(void* context));
  void land(const std::string& key, Flight& flight) noexcept;
  void keep(const std::string& key, const std::string& reply, Instant until);
  void drop(Recent::iterator kept);
  void read(const std::string& bytes, void* reply) const;

  const MethodSpec& method_;
  const CacheRules rules_;
  Recent recent_;
  std::unordered_map<std::string, Recent::iterator> kept_;
  std::unordered_map<std::string, std::shared_ptr<Flight>> flights_;
  std::size_t bytes_ = 0;
  CounterSeries& hits_;
  CounterSeries& misses_;
  CounterSeries& evictions_;
};

}  // namespace tutti::detail
