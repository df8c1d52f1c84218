#include <cerrno>
#include <cstdio>
#include <new>

#include "database/vfs_base.hpp"

namespace tutti::database {
namespace {

constexpr int path_bytes_max = 512;
constexpr int sector_bytes = 4096;

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// What SQLite calls a file: a C struct that begins with the method table. Made in memory that SQLite owns.
struct SimulatedFile : sqlite3_file {
  std::unique_ptr<world::File> file;
  world::World* world = nullptr;
  std::string path;
  bool remove_on_close = false;
  bool directory_synced = true;  // a new file's name is durable only after its directory was synced
  bool locked = false;
  int level = SQLITE_LOCK_NONE;
};

SimulatedFile& file_of(sqlite3_file* file) { return *static_cast<SimulatedFile*>(file); }

int close(sqlite3_file* raw) {
  SimulatedFile& file = file_of(raw);
  file.file.reset();
  // A temporary file that stays behind costs space and nothing else.
  if (file.remove_on_close) (void)file.world->files().remove(file.path);
  std::destroy_at(&file);
  return SQLITE_OK;
}

int read(sqlite3_file* raw, void* into, int bytes, sqlite3_int64 offset) {
  auto left = std::span(static_cast<std::byte*>(into), static_cast<std::size_t>(bytes));
  auto at = static_cast<std::uint64_t>(offset);
  while (!left.empty()) {
    const auto result = file_of(raw).file->read(at, left);
    if (result.error != 0) return SQLITE_IOERR_READ;
    if (result.bytes == 0) {  // SQLite wants the rest of a short read zeroed
      std::memset(left.data(), 0, left.size());
      return SQLITE_IOERR_SHORT_READ;
    }
    left = left.subspan(result.bytes);
    at += result.bytes;
  }
  return SQLITE_OK;
}

int write(sqlite3_file* raw, const void* from, int bytes, sqlite3_int64 offset) {
  auto left = std::span(static_cast<const std::byte*>(from), static_cast<std::size_t>(bytes));
  auto at = static_cast<std::uint64_t>(offset);
  while (!left.empty()) {
    const auto result = file_of(raw).file->write(at, left);
    if (result.error == ENOSPC) return SQLITE_FULL;
    if (result.error != 0 || result.bytes == 0) return SQLITE_IOERR_WRITE;
    left = left.subspan(result.bytes);
    at += result.bytes;
  }
  return SQLITE_OK;
}

int truncate(sqlite3_file* raw, sqlite3_int64 size) {
  return file_of(raw).file->truncate(static_cast<std::uint64_t>(size)) == 0 ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}

int sync(sqlite3_file* raw, int) {
  SimulatedFile& file = file_of(raw);
  if (const int error = file.file->sync(); error != 0) return error == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_FSYNC;
  if (!file.directory_synced) {
    if (file.world->files().sync_directory(directory_of(file.path)) != 0) return SQLITE_IOERR_DIR_FSYNC;
    file.directory_synced = true;
  }
  return SQLITE_OK;
}

int file_size(sqlite3_file* raw, sqlite3_int64* out) {
  *out = static_cast<sqlite3_int64>(file_of(raw).file->size());
  return SQLITE_OK;
}

// One lock on the whole file stands for all of SQLite's levels: connections here are exclusive, and keep it to the end.
int lock(sqlite3_file* raw, int level) {
  SimulatedFile& file = file_of(raw);
  if (!file.locked && !file.file->try_lock()) return SQLITE_BUSY;
  file.locked = true;
  if (level > file.level) file.level = level;
  return SQLITE_OK;
}

int unlock(sqlite3_file* raw, int level) {
  file_of(raw).level = level;
  return SQLITE_OK;
}

int check_reserved(sqlite3_file* raw, int* out) {
  *out = file_of(raw).level >= SQLITE_LOCK_RESERVED ? 1 : 0;
  return SQLITE_OK;
}

int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return sector_bytes; }
// As SQLite's own for Unix says: a crash while writing damages no byte outside of what was written.
int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

constexpr sqlite3_io_methods make_methods() {
  sqlite3_io_methods methods{};
  methods.iVersion = 1;  // no shared memory
  methods.xClose = close;
  methods.xRead = read;
  methods.xWrite = write;
  methods.xTruncate = truncate;
  methods.xSync = sync;
  methods.xFileSize = file_size;
  methods.xLock = lock;
  methods.xUnlock = unlock;
  methods.xCheckReservedLock = check_reserved;
  methods.xFileControl = control;
  methods.xSectorSize = sector_size;
  methods.xDeviceCharacteristics = characteristics;
  return methods;
}
constexpr sqlite3_io_methods methods = make_methods();

int open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* raw, int flags, int* out_flags) {
  VfsTable& table = table_of(vfs);
  raw->pMethods = nullptr;  // tells SQLite not to close what did not open
  const std::string path = name != nullptr ? name : "/tmp/tutti-sqlite-" + std::to_string(table.temporary.fetch_add(1));
  if (name == nullptr && table.world->files().make_directories("/tmp") != 0) return SQLITE_CANTOPEN;
  const bool create = (flags & SQLITE_OPEN_CREATE) != 0 && !table.world->files().status(path);

  int error = 0;
  world::Open how = world::Open::modify;
  if ((flags & SQLITE_OPEN_CREATE) != 0) how = world::Open::create;
  if ((flags & SQLITE_OPEN_READONLY) != 0) how = world::Open::read;
  if ((flags & SQLITE_OPEN_EXCLUSIVE) != 0) how = world::Open::exclusive;
  auto file = table.world->files().open(path, how, error);
  if (file == nullptr) return error == ENOSPC ? SQLITE_FULL : SQLITE_CANTOPEN;

  auto* made = new (raw) SimulatedFile{};
  made->pMethods = &methods;
  made->file = std::move(file);
  made->world = table.world;
  made->path = path;
  made->remove_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  made->directory_synced = !create || made->remove_on_close;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int remove(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  world::Files& files = table_of(vfs).world->files();
  const int error = files.remove(name);
  if (error == ENOENT) return SQLITE_IOERR_DELETE_NOENT;
  if (error != 0) return SQLITE_IOERR_DELETE;
  if (sync_directory != 0 && files.sync_directory(directory_of(name)) != 0) return SQLITE_IOERR_DIR_FSYNC;
  return SQLITE_OK;
}

// An empty file counts as missing, as in SQLite's own: a journal without content is none.
int access(sqlite3_vfs* vfs, const char* name, int flags, int* out) {
  const auto status = table_of(vfs).world->files().status(name);
  *out = status && (flags != SQLITE_ACCESS_EXISTS || status->size > 0) ? 1 : 0;
  return SQLITE_OK;
}

int full_path(sqlite3_vfs*, const char* name, int size, char* out) {
  if (std::strlen(name) >= static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
  std::snprintf(out, static_cast<std::size_t>(size), "%s", name);
  return SQLITE_OK;
}

// Virtual time moves while everything waits, and never inside a statement.
int sleep(sqlite3_vfs*, int microseconds) { return microseconds; }
int last_error(sqlite3_vfs*, int, char*) { return 0; }

class SimulatedVfs final : public RegisteredVfs {
 public:
  explicit SimulatedVfs(world::World& world) : RegisteredVfs(world, "tutti-simulated-") {
    table_.szOsFile = static_cast<int>(sizeof(SimulatedFile));
    table_.mxPathname = path_bytes_max;
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

std::unique_ptr<Vfs> make_simulated_vfs(world::World& world) {
  sqlite3_initialize();
  return std::make_unique<SimulatedVfs>(world);
}

}  // namespace tutti::database
