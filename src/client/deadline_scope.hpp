// While it lives the fiber's deadline is at most this one.
#pragma once

#include <algorithm>

#include "runtime/shard.hpp"

namespace tutti::client {

class DeadlineScope {
 public:
  explicit DeadlineScope(Instant deadline) noexcept : before_(runtime::deadline()) {
    runtime::set_deadline(std::min(before_, deadline));
  }
  ~DeadlineScope() { runtime::set_deadline(before_); }
  DeadlineScope(const DeadlineScope&) = delete;
  DeadlineScope& operator=(const DeadlineScope&) = delete;

 private:
  Instant before_;
};

}  // namespace tutti::client
