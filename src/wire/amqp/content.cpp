#include "wire/amqp/content.hpp"

#include <algorithm>

#include "wire/amqp/primitives.hpp"

namespace tutti::wire::amqp {
namespace {

constexpr std::uint16_t basic_class = 60;
constexpr unsigned first_flag = 15;                    // the highest bit is the first property's
constexpr std::uint16_t unused_flags = 0b11;           // the lowest would say that more flags follow: basic has none
constexpr std::size_t reserved_bytes_max = 64 * 1024;  // a body's size is believed that far; then as it arrives

class PropertiesReader {
 public:
  explicit PropertiesReader(std::string_view bytes) : reader_(bytes), flags_(reader_.number<std::uint16_t>()) {}

  template <class T>
  void operator()(std::string_view, std::optional<T>& property) {
    if ((flags_ >> flag_-- & 1u) != 0) property = read(T{});
  }
  [[nodiscard]] std::string_view fault() const noexcept {
    if ((flags_ & unused_flags) != 0) return "a content header has flags that class basic does not know";
    if (reader_.failed()) return "a content header ends before its last property";
    if (bad_table_) return "a content header's table is malformed or too deep";
    if (reader_.left() > 0) return "a content header has bytes behind its last property";
    return {};
  }

 private:
  std::string_view read(std::string_view) noexcept { return reader_.shortstr(); }
  std::uint8_t read(std::uint8_t) noexcept { return reader_.number<std::uint8_t>(); }
  std::uint64_t read(std::uint64_t) noexcept { return reader_.number<std::uint64_t>(); }
  Table read(Table) noexcept {
    const auto table = read_table(reader_);
    if (!table && !reader_.failed()) bad_table_ = true;
    return table.value_or(Table{});
  }

  Reader reader_;
  std::uint16_t flags_;
  unsigned flag_ = first_flag;
  bool bad_table_ = false;
};

class FlagsOf {
 public:
  template <class T>
  void operator()(std::string_view, const std::optional<T>& property) {
    if (property) flags_ = static_cast<std::uint16_t>(flags_ | 1u << flag_);
    --flag_;
  }
  [[nodiscard]] std::uint16_t flags() const noexcept { return flags_; }

 private:
  std::uint16_t flags_ = 0;
  unsigned flag_ = first_flag;
};

class PropertiesWriter {
 public:
  explicit PropertiesWriter(std::string& out) : out_(out) {}

  template <class T>
  void operator()(std::string_view, const std::optional<T>& property) {
    if (property) write(*property);
  }

 private:
  void write(std::string_view text) { append_shortstr(out_, text); }
  void write(std::uint8_t number) { append_number(out_, number); }
  void write(std::uint64_t number) { append_number(out_, number); }
  void write(Table table) { append_table(out_, table); }

  std::string& out_;
};

}  // namespace

PropertiesResult parse_properties(std::string_view bytes) noexcept {
  PropertiesResult result;
  PropertiesReader reader(bytes);
  Properties::fields(result.properties, reader);
  result.fault = reader.fault();
  return result;
}

void append_properties(std::string& out, const Properties& properties) {
  FlagsOf flags;
  Properties::fields(properties, flags);
  append_number(out, flags.flags());
  PropertiesWriter writer(out);
  Properties::fields(properties, writer);
}

std::optional<ContentHeader> parse_content_header(std::string_view payload) noexcept {
  Reader reader(payload);
  ContentHeader header;
  header.class_id = reader.number<std::uint16_t>();
  (void)reader.number<std::uint16_t>();  // weight: unused
  header.body_bytes = reader.number<std::uint64_t>();
  header.properties = reader.rest();
  if (reader.failed()) return std::nullopt;
  return header;
}

void append_content(std::string& out, std::uint16_t channel, std::string_view properties, std::string_view body,
                    std::uint32_t frame_max) {
  FrameWriter head(out, FrameType::header, channel);
  append_number(out, basic_class);
  append_number(out, std::uint16_t{0});
  append_number(out, std::uint64_t{body.size()});
  out += properties;
  head.end();
  const std::size_t piece_max = std::max(frame_max, frame_bytes_min) - frame_overhead_bytes;
  for (std::size_t at = 0; at < body.size(); at += piece_max) {
    FrameWriter frame(out, FrameType::body, channel);
    out += body.substr(at, piece_max);
    frame.end();
  }
}

void ContentReader::begin() noexcept {
  expected_ = Expected::header;
  properties_.clear();
  gathered_.clear();
  body_ = {};
  too_long_ = false;
}

ReadState ContentReader::take(const Frame& frame) {
  if (expected_ == Expected::header && frame.type == FrameType::header) return take_header(frame.payload);
  if (expected_ == Expected::body && frame.type == FrameType::body) return take_body(frame.payload);
  return refuse(expected_ == Expected::header ? "a content header was expected" : "a body frame was expected");
}

ReadState ContentReader::take_header(std::string_view payload) {
  const auto header = parse_content_header(payload);
  if (!header) return refuse("a content header is cut off");
  if (header->class_id != basic_class) return refuse("a content header is not of the method's class");
  if (header->body_bytes > body_bytes_max_) {
    too_long_ = true;
    return refuse("a message is longer than this side takes");
  }
  properties_ = header->properties;
  body_bytes_ = static_cast<std::size_t>(header->body_bytes);
  if (body_bytes_ == 0) return complete();
  expected_ = Expected::body;
  return ReadState::need_more;
}

ReadState ContentReader::take_body(std::string_view payload) {
  if (payload.size() > body_bytes_ - gathered_.size()) return refuse("a body is longer than its header said");
  if (payload.size() == body_bytes_) {
    body_ = payload;
    return complete();
  }
  if (gathered_.empty()) gathered_.reserve(std::min(body_bytes_, reserved_bytes_max));
  gathered_ += payload;
  if (gathered_.size() < body_bytes_) return ReadState::need_more;
  body_ = gathered_;
  return complete();
}

ReadState ContentReader::complete() noexcept {
  expected_ = Expected::nothing;
  return ReadState::complete;
}

ReadState ContentReader::refuse(std::string_view fault) noexcept {
  expected_ = Expected::nothing;
  fault_ = fault;
  return ReadState::refused;
}

}  // namespace tutti::wire::amqp
