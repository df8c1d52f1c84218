#include "wire/msgpack_rpc/scanner.hpp"

namespace tutti::wire::msgpack_rpc {

void MessageScanner::clear() noexcept {
  depth_ = 0;
  at_ = 0;
  complete_ = false;
  fault_ = {};
}

MessageScanner::State MessageScanner::refuse(std::string_view fault) noexcept {
  fault_ = fault;
  return State::refused;
}

MessageScanner::State MessageScanner::scan(std::string_view data) noexcept {
  if (!fault_.empty()) return State::refused;
  if (complete_) return at_ <= data.size() ? State::complete : State::need_more;
  // Not members while it walks: those would be stored for each element.
  std::size_t at = at_;
  std::size_t depth = depth_;
  const auto stop = [&](State state) {
    at_ = at;
    depth_ = depth;
    return state;
  };
  do {
    if (at >= data.size()) return stop(State::need_more);
    // Nearly all that stands inside: a value whose first byte tells its size.
    const detail::ShortHead& known = detail::short_heads[static_cast<unsigned char>(data[at])];
    if (depth != 0 && known.known && known.elements == 0 && at + 1 + known.payload <= limits_.message_bytes_max) {
      at += std::size_t{1} + known.payload;
      while (depth != 0 && --left_[depth - 1] == 0) --depth;
      continue;
    }
    Head head;
    switch (read_head(data.substr(at), head)) {
      case HeadState::incomplete:
        return stop(State::need_more);
      case HeadState::bad:
        return refuse("there is a byte 0xc1, which MessagePack never uses");
      case HeadState::complete:
        break;
    }
    if (at == 0 && (head.kind != Head::Kind::array || head.elements < 3 || head.elements > 5)) {
      return refuse("a message is not an array of three to five elements");
    }
    // Sizes that are only announced count too: nobody waits for four gigabytes. An element has a byte at least.
    const std::size_t room = limits_.message_bytes_max > at ? limits_.message_bytes_max - at : 0;
    if (head.bytes > room || head.payload > room - head.bytes || head.elements > room - head.bytes) {
      return refuse("a message is too large");
    }
    at += head.bytes + static_cast<std::size_t>(head.payload);
    if (head.elements != 0) {
      if (depth == left_.size()) return refuse("a message is nested too deeply");
      left_[depth++] = head.elements;
      continue;
    }
    while (depth != 0 && --left_[depth - 1] == 0) --depth;
  } while (depth != 0);
  complete_ = true;
  return stop(at <= data.size() ? State::complete : State::need_more);
}

}  // namespace tutti::wire::msgpack_rpc
