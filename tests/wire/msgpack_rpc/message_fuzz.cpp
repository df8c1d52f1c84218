// The scanner finds the same end at once and in pieces; what it found is parsed without running past it.
#include "wire/msgpack_rpc/message.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "wire/msgpack_rpc/scanner.hpp"

using namespace tutti::wire::msgpack_rpc;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = bytes[0] % 31 + 1u;
  const std::string_view data(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  MessageScanner once({4096});
  const auto state = once.scan(data);
  MessageScanner pieces({4096});
  auto piecewise = MessageScanner::State::need_more;
  for (std::size_t at = 0; piecewise == MessageScanner::State::need_more;) {
    at = std::min(data.size(), at + step);
    piecewise = pieces.scan(std::string(data.substr(0, at)));
    if (at == data.size()) break;
  }
  if (state != piecewise || once.fault() != pieces.fault()) std::abort();
  if (state == MessageScanner::State::complete && once.bytes() != pieces.bytes()) std::abort();

  const std::string_view whole = state == MessageScanner::State::complete ? data.substr(0, once.bytes()) : data;
  const MessageResult result = parse_message(whole, Dialect::tutti);
  (void)argument_of(result.message.params);
  (void)parse_metadata(result.message.metadata);
  (void)parse_error(result.message.error);
  (void)parse_hello(result.message.result);
  (void)parse_cancel(result.message.params);
  return 0;
}
