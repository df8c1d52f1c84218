// Any bytes: read or refused within the limits, with a place; and any scalar goes through interpolation.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "settings/interpolation.hpp"
#include "settings/yaml.hpp"

namespace {

void walk(const tutti::yaml::Node& node, const tutti::settings::Lookup& lookup) {
  if (node.at.line == 0 || node.at.column == 0) std::abort();
  (void)tutti::yaml::type_of(node);
  (void)tutti::settings::interpolate(node.text, lookup);
  for (const auto& item : node.items) walk(item, lookup);
  for (const auto& entry : node.entries) {
    if (entry.at.line == 0 || node.find(entry.key) != &entry.value) std::abort();  // no key twice
    walk(entry.value, lookup);
  }
}

}  // namespace

// libfyaml 0.7.12 loses a few KiB over a quoted scalar of very many pieces ('' forty times). Settings are read once, at
// start; what counts here is what our own code loses.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libfyaml"; }

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto document =
      tutti::yaml::read(text, {.bytes_max = 64 * 1024, .nodes_max = 10'000, .expanded_bytes_max = 256 * 1024});
  if (document.problem) {
    if (document.problem->at.line == 0 || document.problem->what.empty()) std::abort();
    return 0;
  }
  walk(document.root, [](std::string_view name) -> std::optional<std::string> {
    if (name.size() % 2 == 0) return std::nullopt;
    return std::string(name);
  });
  return 0;
}
