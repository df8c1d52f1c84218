// A connection's bytes give the same messages and the same end at once and in pieces, and nothing over the limits. The
// first byte of the input chooses the pieces, the second whether compression was agreed on and who sends.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "message/utf8.hpp"
#include "wire/websocket/given.hpp"

using namespace tutti::wire::websocket;

namespace {

constexpr ReadLimits limits{.frame_bytes_max = 2'000, .message_bytes_max = 3'000};

std::string read(std::string_view data, std::uint8_t rules, std::size_t step) {
  Inflater inflater;
  MessageReader reader((rules & 2) != 0 ? Sender::server : Sender::client, limits,
                       (rules & 1) != 0 ? &inflater : nullptr);
  return tutti::wire::websocket::testing::told(reader, data, step);
}

void check_messages(std::string_view data, std::uint8_t rules) {
  Inflater inflater;
  MessageReader reader((rules & 2) != 0 ? Sender::server : Sender::client, limits,
                       (rules & 1) != 0 ? &inflater : nullptr);
  for (;;) {
    const ReadStep step = reader.next(data);
    if (step.consumed > data.size() || step.message.size() > limits.message_bytes_max ||
        step.control.size() > control_bytes_max)
      std::abort();
    data.remove_prefix(step.consumed);
    if (step.state == ReadStep::State::need_more && !data.empty()) std::abort();
    if (step.state == ReadStep::State::message && step.kind == MessageKind::text &&
        !tutti::message::utf8_valid(step.message))
      std::abort();
    if (step.state == ReadStep::State::need_more || step.state == ReadStep::State::close ||
        step.state == ReadStep::State::refused)
      return;
  }
}

// What we write is read as what it was.
void check_writer(std::string_view payload, std::uint8_t rules) {
  Inflater inflater;
  Deflater deflater(window_bits_min + rules % 7);
  std::string compressed, bytes;
  deflater.deflate(payload, compressed);
  append_frame(bytes, {.opcode = Opcode::binary, .last = false, .mask = tutti::wire::websocket::testing::key},
               payload.substr(0, payload.size() / 2));
  append_frame(bytes, {.opcode = Opcode::continuation, .mask = tutti::wire::websocket::testing::key},
               payload.substr(payload.size() / 2));
  append_frame(bytes, {.opcode = Opcode::binary, .compressed = true, .mask = tutti::wire::websocket::testing::key},
               compressed);
  MessageReader reader(Sender::client, {.frame_bytes_max = bytes.size(), .message_bytes_max = bytes.size()}, &inflater);
  for (std::string_view rest = bytes; !rest.empty();) {
    const ReadStep step = reader.next(rest);
    if (step.state != ReadStep::State::message || step.message != payload) std::abort();
    rest.remove_prefix(step.consumed);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view data(reinterpret_cast<const char*>(bytes) + 2, size - 2);
  check_messages(data, bytes[1]);
  if (read(data, bytes[1], data.size() + 1) != read(data, bytes[1], bytes[0] % 31 + 1u)) std::abort();
  check_writer(data, bytes[1]);
  return 0;
}
