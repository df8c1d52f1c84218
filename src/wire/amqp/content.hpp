// The content of a message (AMQP 0-9-1 section 2.3.5.2): behind the method a header frame with the body's size and the
// properties, then as many body frames as the size needs, none if it is 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/amqp/frame.hpp"
#include "wire/amqp/table.hpp"

namespace tutti::wire::amqp {

// The properties of class basic, in the order of their flags. Only applications give most of them a meaning.
struct Properties {
  std::optional<std::string_view> content_type = {};
  std::optional<std::string_view> content_encoding = {};
  std::optional<Table> headers = {};
  std::optional<std::uint8_t> delivery_mode = {};  // 1: transient, 2: persistent
  std::optional<std::uint8_t> priority = {};
  std::optional<std::string_view> correlation_id = {};
  std::optional<std::string_view> reply_to = {};
  std::optional<std::string_view> expiration = {};  // milliseconds, in decimal digits
  std::optional<std::string_view> message_id = {};
  std::optional<std::uint64_t> timestamp = {};  // seconds since 1970
  std::optional<std::string_view> type = {};
  std::optional<std::string_view> user_id = {};
  std::optional<std::string_view> app_id = {};
  std::optional<std::string_view> cluster_id = {};  // reserved

  static void fields(auto& self, auto& f) {
    f("content-type", self.content_type);
    f("content-encoding", self.content_encoding);
    f("headers", self.headers);
    f("delivery-mode", self.delivery_mode);
    f("priority", self.priority);
    f("correlation-id", self.correlation_id);
    f("reply-to", self.reply_to);
    f("expiration", self.expiration);
    f("message-id", self.message_id);
    f("timestamp", self.timestamp);
    f("type", self.type);
    f("user-id", self.user_id);
    f("app-id", self.app_id);
    f("reserved", self.cluster_id);
  }
  friend bool operator==(const Properties&, const Properties&) = default;
};

struct PropertiesResult {
  Properties properties = {};
  std::string_view fault = {};  // empty: fine
};
// The flags and the values: views into the bytes.
[[nodiscard]] PropertiesResult parse_properties(std::string_view bytes) noexcept;
void append_properties(std::string& out, const Properties& properties);

struct ContentHeader {
  std::uint16_t class_id = 0;
  std::uint64_t body_bytes = 0;
  std::string_view properties = {};  // not yet looked at: who passes a message on need not take it apart
};
// The payload of a header frame. Nothing if it is cut off.
[[nodiscard]] std::optional<ContentHeader> parse_content_header(std::string_view payload) noexcept;

// The header frame and the body frames behind a method with content. `properties` as append_properties() writes them.
void append_content(std::string& out, std::uint16_t channel, std::string_view properties, std::string_view body,
                    std::uint32_t frame_max);

// Puts the content of one channel together. A body that came in one frame is not copied.
class ContentReader {
 public:
  explicit ContentReader(std::size_t body_bytes_max) : body_bytes_max_(body_bytes_max) {}

  // A method with content was read: its header comes next.
  void begin() noexcept;
  // Between begin() and `complete`; then only frames of its content may come on the channel.
  [[nodiscard]] bool under_way() const noexcept { return expected_ != Expected::nothing; }
  // need_more: another frame; complete: properties() and body() are there until the next begin() (a body of one frame
  // as long as the frame); refused: the fault says why, a frame at this place is an unexpected one (505).
  [[nodiscard]] ReadState take(const Frame& frame);
  [[nodiscard]] std::string_view properties() const noexcept { return properties_; }
  [[nodiscard]] std::string_view body() const noexcept { return body_; }
  [[nodiscard]] std::string_view fault() const noexcept { return fault_; }
  // The body was announced as longer than body_bytes_max; precondition failed (406) rather than an error of the frame.
  [[nodiscard]] bool too_long() const noexcept { return too_long_; }

 private:
  enum class Expected : std::uint8_t { nothing, header, body };
  ReadState refuse(std::string_view fault) noexcept;
  ReadState complete() noexcept;
  ReadState take_header(std::string_view payload);
  ReadState take_body(std::string_view payload);

  std::size_t body_bytes_max_;
  Expected expected_ = Expected::nothing;
  std::size_t body_bytes_ = 0;
  std::string properties_;
  std::string gathered_;
  std::string_view body_;
  std::string_view fault_;
  bool too_long_ = false;
};

}  // namespace tutti::wire::amqp
