// A body over its limit: resource_exhausted to the handler that reads it, 413 to the client that sends it.
#pragma once

#include <cstddef>
#include <span>

#include <tutti/error.hpp>

#include "net/http_server.hpp"

namespace tutti::detail {

class BodyTooLong final : public Error {
 public:
  explicit BodyTooLong(const std::string& message) : Error(Code::resource_exhausted, message) {}
};

// As HttpExchange::read, whose only resource_exhausted is this.
inline std::size_t read_body(net::HttpExchange& exchange, std::span<std::byte> into) {
  try {
    return exchange.read(into);
  } catch (const Error& error) {
    if (error.code() == Code::resource_exhausted) throw BodyTooLong(error.what());
    throw;
  }
}

}  // namespace tutti::detail
