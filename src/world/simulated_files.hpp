// A disk in memory that fails as disks do. What is written is seen at once, but lasts only once it is synced: a crash
// drops or tears the rest, sector by sector. Names (created, renamed, removed files) last once their directory is
// synced; of the others a crash keeps the first few, in order, as a journalling file system does. A failed sync loses
// what it should have written: a later one that succeeds does not bring it back. Directories made are durable at once.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tutti/clock.hpp>

#include "world/files.hpp"
#include "world/seeded_random.hpp"

namespace tutti::world {

enum class FileOperation : std::uint8_t { open, read, write, truncate, sync, rename, remove, sync_directory };

// Probabilities from 0 to 1, per operation.
struct FileFaults {
  double write_fails = 0;
  double write_short = 0;
  double sync_fails = 0;
  int error = 5;  // EIO: errno of what fails
};

class SimulatedFiles final : public Files {
 public:
  SimulatedFiles(const Clock& clock, SeededRandom random);
  ~SimulatedFiles() override;
  SimulatedFiles(const SimulatedFiles&) = delete;
  SimulatedFiles& operator=(const SimulatedFiles&) = delete;

  std::unique_ptr<File> open(const std::string& path, Open how, int& error) override;
  std::optional<FileStatus> status(const std::string& path) override;
  int rename(const std::string& from, const std::string& to) override;
  int remove(const std::string& path) override;
  int make_directories(const std::string& path) override;
  int sync_directory(const std::string& path) override;
  std::vector<std::string> list(const std::string& directory) override;

  // The power fails and comes back. Files that are still open give EIO from now on; locks are gone.
  void crash();
  [[nodiscard]] FileFaults& faults() { return faults_; }
  // The `nth` operation of this kind from now on (1: the next) fails with `error`, once.
  void fail(FileOperation what, std::uint64_t nth, int error);
  // How often the operation was tried; with fail() a test walks through every place where it can fail.
  [[nodiscard]] std::uint64_t count(FileOperation what) const;
  // Writes that do not fit are short, then ENOSPC. Unlimited at first.
  void set_capacity(std::uint64_t bytes) { capacity_ = bytes; }
  [[nodiscard]] std::uint64_t bytes_used() const;
  // Returns errno.
  int set_mode(const std::string& path, std::uint32_t mode);

 private:
  friend class SimulatedFile;
  struct Node;
  using Names = std::map<std::string, std::shared_ptr<Node>>;
  struct NameChange {  // not yet durable: `removed` goes (if not empty), then `made` leads to `node` (if not null)
    std::string removed;
    std::string made;
    std::shared_ptr<Node> node;
  };

  // 0, or the errno with which this operation is to fail.
  int outcome_of(FileOperation what);
  [[nodiscard]] std::shared_ptr<Node> find(const std::string& path) const;
  [[nodiscard]] std::uint64_t room() const;
  static void apply(const NameChange& change, Names& names);
  std::shared_ptr<Node> make_node();
  void change_names(NameChange change);

  const Clock& clock_;
  SeededRandom random_;
  FileFaults faults_;
  Names names_;
  Names durable_names_;
  std::vector<NameChange> changes_;
  std::map<FileOperation, std::uint64_t> counts_;
  std::map<std::pair<FileOperation, std::uint64_t>, int> planned_failures_;
  std::uint64_t capacity_ = UINT64_MAX;
  std::uint64_t next_identity_ = 1;
  std::uint64_t crashes_ = 0;
};

}  // namespace tutti::world
