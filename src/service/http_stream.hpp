// Streams of a method over HTTP. A Stream<Bytes> is the raw body; any other is one JSON document a line
// (application/jsonl) or, where the client's Accept asks for it, server-sent events with ids and keep-alive comments.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <tutti/detail/shape.hpp>
#include <tutti/mutex.hpp>
#include <tutti/stream.hpp>

#include "message/buffer.hpp"
#include "net/http_server.hpp"

namespace tutti::detail {

inline constexpr std::size_t stream_piece_bytes = 64 * 1024;      // of a Stream<Bytes>, read at once
inline constexpr std::size_t stream_line_bytes_max = 1024 * 1024;  // of one JSON line
inline constexpr std::chrono::nanoseconds sse_keep_alive = std::chrono::seconds(15);

// The body of a request as a stream.
class HttpSource final : public Source {
 public:
  HttpSource(net::HttpExchange& exchange, const Shape& element) : exchange_(exchange), element_(element) {}
  bool next(void* item) override;

 private:
  bool next_line(void* item);

  net::HttpExchange& exchange_;
  const Shape& element_;
  std::string read_;
  std::size_t at_ = 0;  // of what is not used yet
  std::uint64_t lines_ = 0;
  bool ended_ = false;
};

// The body of an answer as a stream. The head leaves with the first item, so that a handler that fails before can still
// answer with a problem; that of events leaves with the first keep-alive at the latest, so that a browser sees its stream
// open and no proxy takes it for dead.
class HttpSink final : public Sink {
 public:
  enum class Form : std::uint8_t { bytes, lines, events };

  HttpSink(net::HttpExchange& exchange, const Shape& element, Form form, int status, std::span<const net::HttpHeader> headers);
  ~HttpSink();

  void write(const void* item, std::string_view id) override;
  // The handler has returned: the head, if nothing was written, and the end.
  void finish();

 private:
  void begin();

  net::HttpExchange& exchange_;
  const Shape& element_;
  const Form form_;
  const int status_;
  const std::vector<net::HttpHeader> headers_;
  message::Buffer buffer_;
  Mutex writing_;  // the handler and the keep-alive take turns
  Family keep_alive_;
  bool wrote_ = false;  // since the keep-alive last looked
};

// What the client wants of a stream: events if its Accept prefers text/event-stream.
[[nodiscard]] HttpSink::Form form_for(const Shape& element, std::string_view accept);

}  // namespace tutti::detail
