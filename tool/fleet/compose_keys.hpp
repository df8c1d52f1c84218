// Every key of the Compose specification and what tutti does with it. The reader refuses by this table and
// docs/reference/fleet-file.md lists it; a test holds the two together.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tutti::fleet {

enum class Treatment { honoured, ignored, refused };

struct ComposeKey {
  std::string_view section;  // "" is the top of the file, "services" is one service, "services.deploy" its deploy
  std::string_view name;
  Treatment treatment;
  std::string_view note;  // honoured: what is different here; otherwise why, and what to do instead
};

[[nodiscard]] std::span<const ComposeKey> compose_keys() noexcept;
[[nodiscard]] const ComposeKey* find_key(std::string_view section, std::string_view name) noexcept;
// The key of the section that differs from `name` by the fewest letters; empty if none is near.
[[nodiscard]] std::string_view nearest_key(std::string_view section, std::string_view name);
// The tables of docs/reference/fleet-file.md.
[[nodiscard]] std::string keys_as_markdown();

}  // namespace tutti::fleet
