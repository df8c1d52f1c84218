// A bearer token from a mounted file. Looked at again every few seconds, so that a token that is renewed is used.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "runtime/shard.hpp"
#include "world/files.hpp"

namespace tutti::client {

class BearerToken {
 public:
  static constexpr std::chrono::nanoseconds look_every = std::chrono::seconds(5);
  static constexpr std::size_t bytes_max = 16 * 1024;

  BearerToken(runtime::Shard& shard, std::string file) : shard_(shard), file_(std::move(file)) {}
  // "Bearer ..."; empty: no file is set. Throws tutti::Error(failed_precondition) if it was never readable. Waits.
  [[nodiscard]] const std::string& authorization();

 private:
  runtime::Shard& shard_;
  std::string file_;
  std::string authorization_;
  Instant next_look_ = {};
};

}  // namespace tutti::client
