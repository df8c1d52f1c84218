// Any text as an endpoint and as a file of endpoints: read, or refused as the error that is foretold.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "client/discovery.hpp"

using namespace tutti;

namespace {

void read_place(std::string_view text) {
  try {
    const client::Place place = client::parse_place(text);
    if (!place.address && (place.host.empty() || place.port == 0)) std::abort();
    if (place.origin.host.empty()) std::abort();
  } catch (const Error& refused) {
    if (refused.code() != Code::failed_precondition) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_place(text);
  try {
    for (const std::string& endpoint : client::endpoints_in("payments.json", text, "payments", client::Transport::rpc))
      read_place(endpoint);
  } catch (const Error& refused) {
    if (refused.code() != Code::failed_precondition) std::abort();
  }
  return 0;
}
