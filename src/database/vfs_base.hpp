// What both VFS have in common: a name of their own, registration, and the world's clock and randomness.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <span>
#include <string>

#include <tutti/error.hpp>

#include "database/vfs.hpp"

namespace tutti::database {

// The table that SQLite holds; it finds its way back to the world by the C++ object that it is part of.
struct VfsTable : sqlite3_vfs {
  world::World* world = nullptr;
  sqlite3_vfs* unix_vfs = nullptr;          // real world only
  std::atomic<std::uint64_t> temporary{0};  // numbers temporary files; simulated world only
};

inline VfsTable& table_of(sqlite3_vfs* vfs) { return *static_cast<VfsTable*>(vfs); }

// Milliseconds since noon in Greenwich on November 24, 4714 BC, the Julian day's zero; 1970-01-01 is day 2440587.5.
inline int current_time_int64(sqlite3_vfs* vfs, sqlite3_int64* out) {
  constexpr sqlite3_int64 unix_epoch_ms = 24405875 * sqlite3_int64{8640000};
  *out = unix_epoch_ms + table_of(vfs).world->clock().now().since_epoch.count() / 1'000'000;
  return SQLITE_OK;
}

inline int current_time(sqlite3_vfs* vfs, double* out) {
  sqlite3_int64 milliseconds = 0;
  current_time_int64(vfs, &milliseconds);
  *out = static_cast<double>(milliseconds) / 86'400'000.0;
  return SQLITE_OK;
}

inline int randomness(sqlite3_vfs* vfs, int bytes, char* out) {
  table_of(vfs).world->random().fill(std::as_writable_bytes(std::span(out, static_cast<std::size_t>(bytes))));
  return bytes;
}

class RegisteredVfs : public Vfs {
 public:
  ~RegisteredVfs() override { sqlite3_vfs_unregister(&table_); }
  RegisteredVfs(const RegisteredVfs&) = delete;
  RegisteredVfs& operator=(const RegisteredVfs&) = delete;

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] sqlite3_vfs* table() noexcept override { return &table_; }

 protected:
  RegisteredVfs(world::World& world, const char* prefix) {
    static std::atomic<std::uint64_t> made{0};  // names only; nothing that a test could see
    name_ = prefix + std::to_string(made.fetch_add(1));
    static_cast<sqlite3_vfs&>(table_) = sqlite3_vfs{};
    table_.iVersion = 2;
    table_.zName = name_.c_str();
    table_.world = &world;
    table_.xRandomness = randomness;
    table_.xCurrentTime = current_time;
    table_.xCurrentTimeInt64 = current_time_int64;
  }
  void enter() {
    if (sqlite3_vfs_register(&table_, 0) != SQLITE_OK)
      throw Error(Code::internal, "SQLite refused to register the VFS \"" + name_ + "\"");
  }

  VfsTable table_;

 private:
  std::string name_;
};

}  // namespace tutti::database
