#include "service/response_cache.hpp"

#include <algorithm>
#include <utility>

#include "message/msgpack.hpp"
#include "runtime/shard.hpp"

namespace tutti::detail {
namespace {

CounterSeries& counter_of(Metrics& metrics, std::string_view name, std::string_view description,
                          std::string_view method) {
  return metrics.counter(name, {.unit = "{call}", .description = description}).with({{"rpc.method", method}});
}

// Names and permissions have no zero bytes that could make two of them one: each is counted.
void append_counted(std::string& key, std::string_view text) {
  key += std::to_string(text.size());
  key += ':';
  key += text;
}

std::string key_of(const MethodSpec& method, const Identity& identity, const void* request) {
  std::string key;
  append_counted(key, identity.name);
  for (const std::string& permission : identity.permissions) append_counted(key, permission);
  key += ';';
  if (method.request) (void)message::write_msgpack(method.request(), request, key);
  return key;
}

// The end of one caller says nothing to the others.
bool is_callers_own(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    return error.code() == Code::cancelled || error.code() == Code::deadline_exceeded;
  } catch (...) {
    return false;
  }
}

}  // namespace

ResponseCache::ResponseCache(const MethodSpec& method, const CacheRules& rules, Metrics& metrics,
                             std::string_view full_name)
    : method_(method),
      rules_(rules),
      hits_(counter_of(metrics, "tutti.cache.hits", "Calls answered by a kept reply or by another call's", full_name)),
      misses_(counter_of(metrics, "tutti.cache.misses", "Calls whose handler had to run", full_name)),
      evictions_(counter_of(metrics, "tutti.cache.evictions", "Replies dropped for want of room", full_name)) {}

void ResponseCache::answer(const Identity& identity, const void* request, void* reply, void* context,
                           void (*run)(void* context)) {
  const std::string key = key_of(method_, identity, request);
  for (;;) {
    if (find(key, reply)) return hits_.add(1);
    const auto under_way = flights_.find(key);
    if (under_way == flights_.end()) return lead(key, reply, context, run);
    const std::shared_ptr<Flight> flight = under_way->second;
    if (await(*flight, reply)) return hits_.add(1);
  }
}

bool ResponseCache::find(const std::string& key, void* reply) {
  const auto found = kept_.find(key);
  if (found == kept_.end()) return false;
  if (found->second->until <= runtime::Shard::current().now()) {
    drop(found->second);
    return false;
  }
  recent_.splice(recent_.begin(), recent_, found->second);
  read(found->second->reply, reply);
  return true;
}

bool ResponseCache::await(Flight& flight, void* reply) {
  runtime::Parker parker;
  flight.waiting.push_back(&parker);
  try {
    (void)parker.park(Instant::never(), "the same call of somebody else");
  } catch (...) {
    std::erase(flight.waiting, &parker);
    throw;
  }
  if (flight.again) return false;
  if (flight.failure) std::rethrow_exception(flight.failure);
  read(flight.reply, reply);
  return true;
}

void ResponseCache::lead(const std::string& key, void* reply, void* context, void (*run)(void* context)) {
  misses_.add(1);
  const auto flight = std::make_shared<Flight>();
  flights_.emplace(key, flight);
  const Instant began = runtime::Shard::current().now();
  try {
    run(context);
  } catch (...) {
    flight->failure = std::current_exception();
    flight->again = is_callers_own(flight->failure);
    land(key, *flight);
    throw;
  }
  try {
    // One that breaks its contract is refused behind us, for each caller.
    flight->again = !message::write_msgpack(method_.reply(), reply, flight->reply).empty();
    if (!flight->again) keep(key, flight->reply, began + rules_.lasts);
  } catch (...) {
    flight->again = true;  // out of memory for others: the caller has its reply
  }
  land(key, *flight);
}

void ResponseCache::land(const std::string& key, Flight& flight) noexcept {
  flights_.erase(key);
  for (runtime::Parker* const parker : std::exchange(flight.waiting, {})) parker->unpark();
}

void ResponseCache::keep(const std::string& key, const std::string& reply, Instant until) {
  Kept kept{key, reply, until};
  const bool fits = kept.bytes() <= rules_.bytes_max && rules_.entries_max > 0;
  if (!fits || until <= runtime::Shard::current().now()) return;
  bytes_ += kept.bytes();
  recent_.push_front(std::move(kept));
  kept_.insert_or_assign(key, recent_.begin());
  while (kept_.size() > rules_.entries_max || bytes_ > rules_.bytes_max) {
    drop(std::prev(recent_.end()));
    evictions_.add(1);
  }
}

void ResponseCache::drop(Recent::iterator kept) {
  bytes_ -= kept->bytes();
  kept_.erase(kept->key);
  recent_.erase(kept);
}

void ResponseCache::read(const std::string& bytes, void* reply) const {
  const Shape& shape = method_.reply();
  shape.construct(reply);
  (void)message::read_msgpack(shape, reply, bytes);
}

}  // namespace tutti::detail
