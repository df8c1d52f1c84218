// Runs test bodies on fibers: `on_fiber(world, body)` makes a shard, runs the body on it as a handler would run, and
// hands out what it throws. In a simulated world time is virtual, so tests may sleep for hours.
#pragma once

#include <chrono>
#include <exception>
#include <utility>

#include <gtest/gtest.h>

#include <tutti/error.hpp>
#include <tutti/wait.hpp>

#include "runtime/shard.hpp"
#include "world/real.hpp"
#include "world/simulated.hpp"

namespace tutti::runtime::testing {

using namespace std::chrono_literals;

template <class F>
void on_fiber(Shard& shard, F body, Instant deadline = Instant::never()) {
  std::exception_ptr error;
  shard.spawn({.name = "test", .deadline = deadline}, [&] {
    try {
      body();
    } catch (...) {
      error = std::current_exception();
    }
    shard.stop();
  });
  shard.run();
  if (error) std::rethrow_exception(error);
}

template <class F>
void on_fiber(world::World& world, F body) {
  Shard shard(world, {});
  on_fiber(shard, std::move(body));
}

// The code that `f` throws as tutti::Error; ok if it throws nothing.
template <class F>
Code code_thrown_by(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.code();
  }
  return Code::ok;
}

template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

// How long `f` takes by the shard's clock.
template <class F>
std::chrono::nanoseconds duration_of(F&& f) {
  const Instant start = Shard::current().read_clock();
  f();
  return Shard::current().read_clock() - start;
}

}  // namespace tutti::runtime::testing
