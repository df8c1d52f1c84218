#include "by_hand.hpp"

#include "../../limit/hand_codec.hpp"

namespace bench {

bool read_by_hand(std::string_view text, Message& message) {
  static HandReader reader;
  return reader.read(text, message);
}

void write_by_hand(const Message& message, std::string& out) { HandWriter(out).write(message); }

}  // namespace bench
