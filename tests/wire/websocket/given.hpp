// Frames as a peer writes them, and everything that a reader says of some bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wire/websocket/message_reader.hpp"

namespace tutti::wire::websocket::testing {

inline constexpr MaskKey key{0x37, 0xfa, 0x21, 0x3d};

inline std::string frame(Opcode opcode, std::string_view payload, bool last = true, bool compressed = false) {
  std::string out;
  append_frame(out, {.opcode = opcode, .last = last, .compressed = compressed, .mask = key}, payload);
  return out;
}
inline std::string text(std::string_view payload) { return frame(Opcode::text, payload); }
inline std::string first(std::string_view payload) { return frame(Opcode::text, payload, false); }
inline std::string more(std::string_view payload) { return frame(Opcode::continuation, payload, false); }
inline std::string last(std::string_view payload) { return frame(Opcode::continuation, payload); }

// "text:Hello", "ping:x", "close:1000:bye", "refused:1002", one after the other; "more" if something has begun.
inline std::string told(MessageReader& reader, std::string_view bytes, std::size_t step = std::string_view::npos) {
  std::string out;
  const auto say = [&out](std::string_view word, std::string_view what) {
    if (!out.empty()) out += ' ';
    out.append(word).append(":").append(what);
  };
  std::string unread;
  for (std::size_t at = 0;;) {
    ReadStep read = reader.next(unread);
    unread.erase(0, read.consumed);
    switch (read.state) {
      case ReadStep::State::message:
        say(read.kind == MessageKind::text ? "text" : "binary", read.message);
        break;
      case ReadStep::State::ping:
        say("ping", read.control);
        break;
      case ReadStep::State::pong:
        say("pong", read.control);
        break;
      case ReadStep::State::close:
        say("close", std::to_string(read.code) + ":" + std::string(read.control));
        return out;
      case ReadStep::State::refused:
        say("refused", std::to_string(read.code));
        return out;
      case ReadStep::State::need_more:
        if (at >= bytes.size()) return out;
        unread += bytes.substr(at, step);
        at += std::min(step, bytes.size() - at);
    }
  }
}
inline std::string told(std::string_view bytes, const ReadLimits& limits = {}, Inflater* inflater = nullptr,
                        std::size_t step = std::string_view::npos) {
  MessageReader reader(Sender::client, limits, inflater);
  return told(reader, bytes, step);
}

}  // namespace tutti::wire::websocket::testing
