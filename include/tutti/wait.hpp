// Everything by which a handler may wait. All of it holds to the handler's deadline and cancellation: either comes
// out of the wait as tutti::Error (deadline_exceeded, cancelled) and stays pending, so the next wait throws
// again at once; shield() gives clean-up a short time of its own. While one fiber waits, the others of its shard run.
#pragma once

#include <chrono>
#include <cstdint>

#include <tutti/mutex.hpp>
#include <tutti/offload.hpp>
#include <tutti/queue.hpp>
#include <tutti/scope.hpp>

namespace tutti {

// Waits at least so long; never less. Zero lets others run first.
void sleep(std::chrono::nanoseconds duration);

enum class Readiness : std::uint8_t { readable, writable };
// Waits until a non-blocking descriptor of a foreign driver (libpq, hiredis, ...) can be read or written. One fiber per
// descriptor. Throws unimplemented in a simulated world, which has no descriptors.
void wait(int descriptor, Readiness readiness);

}  // namespace tutti
