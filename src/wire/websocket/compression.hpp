// permessage-deflate (RFC 7692) without context takeover in either direction: each message is compressed for itself, so
// no connection owns a window (a deflater has 256 KB) and a message to many is compressed once. What small messages
// lose by it a channel with ten thousand peers could not pay. Both objects may serve any number of connections, one
// message after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "wire/http1/fields.hpp"

namespace tutti::wire::websocket {

inline constexpr int window_bits_min = 9;  // zlib cannot write raw deflate with a window of 8 bits
inline constexpr int window_bits_max = 15;

struct Compression {
  int window_bits = window_bits_max;  // what the client can inflate
};

// The first offer of Sec-WebSocket-Extensions that we can take; nothing: the connection goes on uncompressed. A
// malformed offer is no offer.
[[nodiscard]] std::optional<Compression> accept_compression(const http1::Fields& fields);
// The value of Sec-WebSocket-Extensions in the answer.
[[nodiscard]] std::string extension_of(const Compression& compression);

class Deflater {
 public:
  explicit Deflater(int window_bits);
  ~Deflater();
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  // Appends the payload of the compressed message. Throws std::bad_alloc.
  void deflate(std::string_view message, std::string& out);

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
};

class Inflater {
 public:
  enum class Result : std::uint8_t { done, too_long, malformed };

  Inflater();
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Appends at most bytes_max bytes: what a few bytes would inflate to a gigabyte ends there. Throws std::bad_alloc.
  [[nodiscard]] Result inflate(std::string_view compressed, std::uint64_t bytes_max, std::string& out);

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
};

}  // namespace tutti::wire::websocket
