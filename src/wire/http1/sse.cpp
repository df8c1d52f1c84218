#include "wire/http1/sse.hpp"

#include "wire/http1/characters.hpp"

namespace tutti::wire::http1 {

bool append_event(std::string& out, std::string_view id, std::string_view event, std::string_view data) {
  const auto one_line = [](std::string_view text) { return text.find_first_of("\r\n") == std::string_view::npos; };
  if (!one_line(id) || !one_line(event) || id.find('\0') != std::string_view::npos) return false;
  if (!id.empty()) out.append("id: ").append(id).append("\n");
  if (!event.empty()) out.append("event: ").append(event).append("\n");
  for (;;) {
    const std::size_t end = data.find_first_of("\r\n");
    out.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == std::string_view::npos) break;
    data.remove_prefix(data.substr(end, 2) == "\r\n" ? end + 2 : end + 1);
  }
  out.append("\n");
  return true;
}

void EventReader::feed(std::string_view bytes) {
  kept_.erase(0, at_);
  scanned_ -= at_;
  at_ = 0;
  kept_.append(bytes);
}

bool EventReader::read_line(std::string_view& line) noexcept {
  if (!begun_) {
    constexpr std::string_view mark = "\xef\xbb\xbf";
    const std::string_view head = std::string_view(kept_).substr(0, mark.size());
    if (head.size() < mark.size() && head == mark.substr(0, head.size())) return false;
    if (head == mark) at_ = scanned_ = mark.size();
    begun_ = true;
  }
  if (skip_lf_ && at_ < kept_.size()) {
    if (kept_[at_] == '\n') ++at_;
    skip_lf_ = false;
  }
  if (scanned_ < at_) scanned_ = at_;
  const std::size_t end = kept_.find_first_of("\r\n", scanned_);
  if (end == std::string::npos) {
    scanned_ = kept_.size();
    if (kept_.size() - at_ > event_bytes_max) failed_ = true;
    return false;
  }
  line = std::string_view(kept_).substr(at_, end - at_);
  skip_lf_ = kept_[end] == '\r';
  at_ = scanned_ = end + 1;
  return true;
}

void EventReader::take(std::string_view line) {
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (!value.empty() && value[0] == ' ') value.remove_prefix(1);
  if (name == "data") {
    if (has_data_) event_.data.push_back('\n');
    event_.data.append(value);
    has_data_ = true;
    if (event_.data.size() > event_bytes_max) failed_ = true;
  } else if (name == "event") {
    event_.event = value;
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) id_ = value;
  } else if (name == "retry") {
    if (const auto ms = parse_decimal(value)) retry_ms_ = ms;
  }
}

std::optional<ServerEvent> EventReader::next() {
  std::string_view line;
  while (!failed_ && read_line(line)) {
    if (!line.empty()) {
      take(line);
      continue;
    }
    last_id_ = id_;
    ServerEvent event = std::move(event_);
    const bool whole = has_data_;
    event_ = {};
    has_data_ = false;
    if (!whole) continue;
    event.id = last_id_;
    return event;
  }
  return std::nullopt;
}

}  // namespace tutti::wire::http1
