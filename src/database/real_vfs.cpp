#include "database/vfs_base.hpp"

namespace tutti::database {
namespace {

sqlite3_vfs* real(sqlite3_vfs* vfs) { return table_of(vfs).unix_vfs; }

int open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* out_flags) {
  return real(vfs)->xOpen(real(vfs), name, file, flags, out_flags);
}
int remove(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  return real(vfs)->xDelete(real(vfs), name, sync_directory);
}
int access(sqlite3_vfs* vfs, const char* name, int flags, int* out) {
  return real(vfs)->xAccess(real(vfs), name, flags, out);
}
int full_path(sqlite3_vfs* vfs, const char* name, int size, char* out) {
  return real(vfs)->xFullPathname(real(vfs), name, size, out);
}
int sleep(sqlite3_vfs* vfs, int microseconds) { return real(vfs)->xSleep(real(vfs), microseconds); }
int last_error(sqlite3_vfs* vfs, int size, char* out) { return real(vfs)->xGetLastError(real(vfs), size, out); }

class RealVfs final : public RegisteredVfs {
 public:
  explicit RealVfs(world::World& world) : RegisteredVfs(world, "tutti-real-") {
    sqlite3_vfs* const unix_vfs = sqlite3_vfs_find("unix");
    if (unix_vfs == nullptr) throw Error(Code::internal, "this SQLite has no VFS \"unix\"");
    table_.unix_vfs = unix_vfs;
    table_.szOsFile = unix_vfs->szOsFile;
    table_.mxPathname = unix_vfs->mxPathname;
    table_.xOpen = open;
    table_.xDelete = remove;
    table_.xAccess = access;
    table_.xFullPathname = full_path;
    table_.xSleep = sleep;
    table_.xGetLastError = last_error;
    enter();
  }
};

}  // namespace

std::unique_ptr<Vfs> make_real_vfs(world::World& world) {
  sqlite3_initialize();  // registers "unix"; harmless when done before
  return std::make_unique<RealVfs>(world);
}

}  // namespace tutti::database
