// SQLite reaches its machine through a table of functions, the VFS. Ours hands it the world instead: clock and
// randomness always, so that datetime('now') and randomblob() follow a test's virtual time and seed.
// In a simulated world the files are the world's too: torn writes, failing syncs and full disks then test SQLite's
// recovery and ours. In the real world reads, writes, locks and shared memory are SQLite's own for Unix, so that
// several instances on one host share a file.
#pragma once

#include <memory>
#include <string>

#include "world/world.hpp"

struct sqlite3_vfs;

namespace tutti::database {

// Registered while it lives, under a name of its own. Connections opened with it must be closed before.
class Vfs {
 public:
  virtual ~Vfs() = default;
  [[nodiscard]] virtual const std::string& name() const noexcept = 0;
  [[nodiscard]] virtual sqlite3_vfs* table() noexcept = 0;
};

// Over the files of the world; has no shared memory, so its connections need locking_mode=exclusive.
[[nodiscard]] std::unique_ptr<Vfs> make_simulated_vfs(world::World& world);
// Clock and randomness of the world over SQLite's own Unix files.
[[nodiscard]] std::unique_ptr<Vfs> make_real_vfs(world::World& world);

}  // namespace tutti::database
