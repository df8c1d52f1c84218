// Server-sent events (the HTML standard, "Server-sent events"): a response of text/event-stream in which each event
// is a few lines and ends with an empty one. A browser that lost the connection asks again with Last-Event-ID.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::wire::http1 {

inline constexpr std::string_view event_stream_type = "text/event-stream";
inline constexpr std::string_view event_keep_alive = ":\n\n";  // a comment: keeps proxies from closing

struct ServerEvent {
  std::string id = {};
  std::string event = {};  // empty: "message"
  std::string data = {};   // may have several lines
};

// False, and nothing written, if id or event has a line end or the id has a NUL. An empty id is not sent.
[[nodiscard]] bool append_event(std::string& out, std::string_view id, std::string_view event, std::string_view data);

// Reads a stream that arrives in pieces; a line may be cut anywhere, line ends are CR, LF or CRLF.
class EventReader {
 public:
  static constexpr std::size_t event_bytes_max = 1024 * 1024;  // of the lines of one event

  void feed(std::string_view bytes);
  // The next whole event; nothing: feed more, or failed(). An event that is cut off by the end of the stream is
  // dropped.
  [[nodiscard]] std::optional<ServerEvent> next();
  [[nodiscard]] bool failed() const noexcept { return failed_; }  // an event is over the limit
  // What to send as Last-Event-ID: also from events without data.
  [[nodiscard]] const std::string& last_id() const noexcept { return last_id_; }
  [[nodiscard]] std::optional<std::uint64_t> retry_ms() const noexcept { return retry_ms_; }  // as the server asked

 private:
  bool read_line(std::string_view& line) noexcept;
  void take(std::string_view line);

  std::string kept_;
  std::size_t at_ = 0;
  std::size_t scanned_ = 0;
  bool begun_ = false;    // the byte order mark, if any, is read
  bool skip_lf_ = false;  // the line before ended in CR
  bool failed_ = false;
  bool has_data_ = false;
  ServerEvent event_;
  std::string last_id_;
  std::string id_;
  std::optional<std::uint64_t> retry_ms_;
};

}  // namespace tutti::wire::http1
