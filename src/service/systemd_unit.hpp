// A unit file for a service's binary: `payments systemd`. Directives as systemd.service(5) and systemd.exec(5) of
// version 252 define them.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "service/library_settings.hpp"

namespace tutti::detail {

struct SystemdUnit {
  std::string_view name;               // of the unit, its state folder and its environment file
  std::string_view program;            // absolute path of the binary
  std::span<const std::string> flags;  // settings given on the command line: they become part of it
  const LibrarySettings& library;
};

[[nodiscard]] std::string unit_text(const SystemdUnit& unit);

}  // namespace tutti::detail
