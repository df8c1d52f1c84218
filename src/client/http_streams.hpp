// Streams of a method as the bodies of HTTP messages, from the calling side: raw bytes, or one JSON document a line.
#pragma once

#include <string>

#include <tutti/detail/shape.hpp>
#include <tutti/stream.hpp>

#include "client/http_pool.hpp"
#include "message/buffer.hpp"

namespace tutti::client {

inline constexpr std::size_t stream_line_bytes_max = 1024 * 1024;  // of one JSON line

// What is written leaves as chunks of the request's body.
class ChunkedSink final : public detail::Sink {
 public:
  ChunkedSink(HttpPool::Lease& connection, const detail::Shape& element) : connection_(connection), element_(element) {}
  // If the server no longer reads because it has answered already, the rest is dropped: its answer says why.
  void write(const void* item, std::string_view id) override;
  void finish();

 private:
  void send(std::string_view bytes);

  HttpPool::Lease& connection_;
  const detail::Shape& element_;
  message::Buffer line_;
  std::string chunk_;
  bool refused_ = false;
};

// The body of an answer. Owns its connection, which goes back to the pool at the end.
class AnswerSource final : public detail::Source {
 public:
  AnswerSource(HttpPool::Lease connection, const detail::Shape& element, Instant deadline)
      : connection_(std::move(connection)), element_(element), deadline_(deadline) {}
  bool next(void* item) override;

 private:
  bool next_line(void* item);

  HttpPool::Lease connection_;
  const detail::Shape& element_;
  const Instant deadline_;
  std::string read_;
  std::size_t at_ = 0;
  std::uint64_t lines_ = 0;
  bool ended_ = false;
};

}  // namespace tutti::client
