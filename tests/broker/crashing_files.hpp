// The files of a machine that loses its power at the nth change: from then on nothing reaches the disk, and the next
// life finds what a crash left of what was not synced.
#pragma once

#include <cerrno>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "world/simulated_files.hpp"

namespace tutti::broker {

class CrashingFiles final : public world::Files {
 public:
  // `crash_at`: before which change, the first is 1; 0: never.
  CrashingFiles(world::SimulatedFiles& disk, std::uint64_t crash_at) : disk_(disk), crash_at_(crash_at) {}

  [[nodiscard]] bool crashed() const noexcept { return crashed_; }
  [[nodiscard]] std::uint64_t changes() const noexcept { return changes_; }
  // True: this change does not happen.
  bool lost() {
    if (!crashed_ && ++changes_ == crash_at_) {
      crashed_ = true;
      disk_.crash();
    }
    return crashed_;
  }

  std::unique_ptr<world::File> open(const std::string& path, world::Open how, int& error) override {
    error = EIO;
    if (how != world::Open::read && lost()) return nullptr;
    if (crashed_) return nullptr;
    auto file = disk_.open(path, how, error);
    return file ? std::make_unique<CrashingFile>(*this, std::move(file)) : nullptr;
  }
  std::optional<world::FileStatus> status(const std::string& path) override { return disk_.status(path); }
  int rename(const std::string& from, const std::string& to) override { return lost() ? EIO : disk_.rename(from, to); }
  int remove(const std::string& path) override { return lost() ? EIO : disk_.remove(path); }
  int make_directories(const std::string& path) override { return disk_.make_directories(path); }
  int sync_directory(const std::string& path) override { return lost() ? EIO : disk_.sync_directory(path); }
  std::vector<std::string> list(const std::string& directory) override { return disk_.list(directory); }

 private:
  class CrashingFile final : public world::File {
   public:
    CrashingFile(CrashingFiles& files, std::unique_ptr<world::File> file) : files_(files), file_(std::move(file)) {}
    world::FileResult read(std::uint64_t offset, std::span<std::byte> into) override {
      return files_.crashed() ? world::FileResult{.error = EIO} : file_->read(offset, into);
    }
    world::FileResult write(std::uint64_t offset, std::span<const std::byte> from) override {
      return files_.lost() ? world::FileResult{.error = EIO} : file_->write(offset, from);
    }
    int truncate(std::uint64_t size) override { return files_.lost() ? EIO : file_->truncate(size); }
    int sync() override { return files_.lost() ? EIO : file_->sync(); }
    std::uint64_t size() override { return file_->size(); }
    bool try_lock() override { return file_->try_lock(); }

   private:
    CrashingFiles& files_;
    std::unique_ptr<world::File> file_;
  };

  world::SimulatedFiles& disk_;
  std::uint64_t crash_at_;
  std::uint64_t changes_ = 0;
  bool crashed_ = false;
};

}  // namespace tutti::broker
