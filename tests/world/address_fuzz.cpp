// Any text: an address or none, and an address has one spelling that is read as itself.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "world/network.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto address = tutti::world::parse_address({reinterpret_cast<const char*>(data), size});
  if (!address) return 0;
  (void)tutti::world::is_loopback(*address);
  if (tutti::world::parse_address(to_string(*address)) != address) std::abort();
  return 0;
}
