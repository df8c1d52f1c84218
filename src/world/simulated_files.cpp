#include "world/simulated_files.hpp"

#include <algorithm>
#include <cerrno>

namespace tutti::world {
namespace {

constexpr std::size_t sector_bytes = 512;                         // what a disk writes whole or not at all
constexpr std::uint64_t file_bytes_max = std::uint64_t{1} << 32;  // a wild offset must not eat the machine's memory

// Absolute, without "." and ".." and doubled slashes; relative paths start at the root.
std::string normal(const std::string& path) {
  std::vector<std::string> parts;
  std::size_t at = 0;
  while (at < path.size()) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string part = path.substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  std::string result;
  for (const std::string& part : parts) result += "/" + part;
  return result.empty() ? "/" : result;
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string prefix_of(const std::string& directory) { return directory == "/" ? "/" : directory + "/"; }

void write_into(std::string& content, std::uint64_t offset, std::string_view bytes) {
  if (content.size() < offset + bytes.size()) content.resize(offset + bytes.size(), '\0');
  content.replace(offset, bytes.size(), bytes);
}

}  // namespace

struct SimulatedFiles::Node {
  struct Change {  // not yet synced
    bool truncates = false;
    std::uint64_t offset = 0;  // or the new size
    std::string bytes;
  };

  void apply_to_disk(const Change& change) {
    if (change.truncates) {
      disk.resize(change.offset, '\0');
    } else {
      write_into(disk, change.offset, change.bytes);
    }
  }

  std::uint64_t identity = 0;
  bool directory = false;
  std::uint32_t mode = 0644;
  Time modified;
  std::string content;  // what readers see
  std::string disk;     // what is certain to survive
  std::vector<Change> changes;
  const void* lock_holder = nullptr;
};

class SimulatedFile final : public File {
 public:
  SimulatedFile(SimulatedFiles& files, std::shared_ptr<SimulatedFiles::Node> node, Open how)
      : files_(files), node_(std::move(node)), writable_(how != Open::read), crashes_(files.crashes_) {}
  ~SimulatedFile() override {
    if (node_->lock_holder == this) node_->lock_holder = nullptr;
  }
  SimulatedFile(const SimulatedFile&) = delete;
  SimulatedFile& operator=(const SimulatedFile&) = delete;

  FileResult read(std::uint64_t offset, std::span<std::byte> into) override {
    if (const int error = check(FileOperation::read); error != 0) return {0, error};
    if (node_->directory) return {0, EISDIR};
    if (offset >= node_->content.size()) return {};
    const std::size_t bytes = std::min<std::uint64_t>(into.size(), node_->content.size() - offset);
    std::copy_n(reinterpret_cast<const std::byte*>(node_->content.data()) + offset, bytes, into.begin());
    return {bytes, 0};
  }

  FileResult write(std::uint64_t offset, std::span<const std::byte> from) override {
    if (const int error = check(FileOperation::write); error != 0) return {0, error};
    if (!writable_) return {0, EBADF};
    if (from.empty()) return {};
    std::uint64_t bytes = from.size();
    if (offset > file_bytes_max || bytes > file_bytes_max - offset) return {0, EFBIG};
    // Only growth needs room; a hole before the offset counts, as it is kept in memory.
    const std::uint64_t size = node_->content.size();
    if (const std::uint64_t room = files_.room(); offset + bytes > size && offset + bytes - size > room) {
      if (size + room <= offset) return {0, ENOSPC};
      bytes = size + room - offset;
    }
    if (bytes > 1 && files_.random_.chance(files_.faults_.write_short)) bytes = 1 + files_.random_.below(bytes - 1);
    const std::string_view text(reinterpret_cast<const char*>(from.data()), bytes);
    write_into(node_->content, offset, text);
    node_->changes.push_back({false, offset, std::string(text)});
    node_->modified = files_.clock_.now();
    return {static_cast<std::size_t>(bytes), 0};
  }

  int truncate(std::uint64_t size) override {
    if (const int error = check(FileOperation::truncate); error != 0) return error;
    if (!writable_) return EINVAL;
    if (size > file_bytes_max) return EFBIG;
    if (size > node_->content.size() && size - node_->content.size() > files_.room()) return ENOSPC;
    node_->content.resize(size, '\0');
    node_->changes.push_back({true, size, {}});
    node_->modified = files_.clock_.now();
    return 0;
  }

  int sync() override {
    if (crashes_ != files_.crashes_) return EIO;
    const int error = files_.outcome_of(FileOperation::sync);
    // After a failed sync the pages count as clean and are never written again.
    if (error == 0) {
      for (const auto& change : node_->changes) node_->apply_to_disk(change);
    }
    node_->changes.clear();
    return error;
  }

  std::uint64_t size() override { return node_->content.size(); }

  bool try_lock() override {
    if (crashes_ != files_.crashes_) return false;
    if (node_->lock_holder != nullptr && node_->lock_holder != this) return false;
    node_->lock_holder = this;
    return true;
  }

 private:
  int check(FileOperation what) { return crashes_ != files_.crashes_ ? EIO : files_.outcome_of(what); }

  SimulatedFiles& files_;
  std::shared_ptr<SimulatedFiles::Node> node_;
  bool writable_;
  std::uint64_t crashes_;  // of the disk when this file was opened
};

SimulatedFiles::SimulatedFiles(const Clock& clock, SeededRandom random) : clock_(clock), random_(random) {
  (void)make_directories("/");  // cannot fail: nothing is there yet
  (void)make_directories("/tmp");
}

SimulatedFiles::~SimulatedFiles() = default;

std::unique_ptr<File> SimulatedFiles::open(const std::string& path, Open how, int& error) {
  const std::string name = normal(path);
  error = outcome_of(FileOperation::open);
  if (error != 0) return nullptr;
  auto node = find(name);
  const bool makes = how == Open::create || how == Open::exclusive;
  if (node && how == Open::exclusive) {
    error = EEXIST;
  } else if (node && node->directory && how != Open::read) {
    error = EISDIR;
  } else if (!node && !makes) {
    error = ENOENT;
  } else if (!node) {
    const auto parent = find(parent_of(name));
    if (!parent || !parent->directory) error = parent ? ENOTDIR : ENOENT;
  }
  if (error != 0) return nullptr;
  if (!node) {
    node = make_node();
    change_names({{}, name, node});
  }
  return std::make_unique<SimulatedFile>(*this, std::move(node), how);
}

std::optional<FileStatus> SimulatedFiles::status(const std::string& path) {
  const auto node = find(normal(path));
  if (!node) return std::nullopt;
  return FileStatus{.size = node->content.size(),
                    .modified = node->modified,
                    .identity = node->identity,
                    .directory = node->directory,
                    .mode = node->mode};
}

int SimulatedFiles::rename(const std::string& from, const std::string& to) {
  const std::string source = normal(from);
  const std::string target = normal(to);
  if (const int error = outcome_of(FileOperation::rename); error != 0) return error;
  const auto node = find(source);
  const auto replaced = find(target);
  const auto parent = find(parent_of(target));
  if (!node || !parent) return ENOENT;
  if (!parent->directory) return ENOTDIR;
  if (node == replaced) return 0;
  if (!node->directory) {
    if (replaced && replaced->directory) return EISDIR;
    change_names({source, target, node});
    return 0;
  }
  if (replaced && !replaced->directory) return ENOTDIR;
  if (replaced && !list(target).empty()) return ENOTEMPTY;
  if (target.starts_with(prefix_of(source))) return EINVAL;
  std::vector<std::string> moved{source};
  for (const auto& [name, child] : names_) {
    if (name.starts_with(prefix_of(source))) moved.push_back(name);
  }
  for (const std::string& name : moved) change_names({name, target + name.substr(source.size()), names_.at(name)});
  return 0;
}

int SimulatedFiles::remove(const std::string& path) {
  const std::string name = normal(path);
  if (const int error = outcome_of(FileOperation::remove); error != 0) return error;
  const auto node = find(name);
  if (!node) return ENOENT;
  if (node->directory && !list(name).empty()) return ENOTEMPTY;
  if (name == "/") return EBUSY;
  change_names({name, {}, nullptr});
  return 0;
}

int SimulatedFiles::make_directories(const std::string& path) {
  const std::string whole = normal(path);
  for (std::size_t end = 0; end != std::string::npos;) {
    end = whole.find('/', end + 1);
    const std::string name = whole.substr(0, end);
    auto node = find(name);
    if (node && !node->directory) return ENOTDIR;
    if (node) continue;
    node = make_node();
    node->directory = true;
    node->mode = 0755;
    names_[name] = node;
    durable_names_[name] = node;
  }
  return 0;
}

int SimulatedFiles::sync_directory(const std::string& path) {
  const std::string directory = normal(path);
  if (const int error = outcome_of(FileOperation::sync_directory); error != 0) return error;
  const auto node = find(directory);
  if (!node) return ENOENT;
  if (!node->directory) return ENOTDIR;
  std::vector<NameChange> left;
  for (NameChange& change : changes_) {
    const std::string& name = change.made.empty() ? change.removed : change.made;
    if (parent_of(name) == directory) {
      apply(change, durable_names_);
    } else {
      left.push_back(std::move(change));
    }
  }
  changes_ = std::move(left);
  return 0;
}

std::vector<std::string> SimulatedFiles::list(const std::string& directory) {
  const std::string prefix = prefix_of(normal(directory));
  std::vector<std::string> found;
  for (auto at = names_.upper_bound(prefix); at != names_.end() && at->first.starts_with(prefix); ++at) {
    const std::string name = at->first.substr(prefix.size());
    if (name.find('/') == std::string::npos) found.push_back(name);
  }
  return found;
}

void SimulatedFiles::crash() {
  ++crashes_;
  const std::uint64_t kept = random_.below(changes_.size() + 1);
  for (std::uint64_t i = 0; i < kept; ++i) apply(changes_[i], durable_names_);
  changes_.clear();
  names_.clear();
  std::map<std::uint64_t, std::shared_ptr<Node>> nodes;  // a node once, and in an order that does not hang on addresses
  for (const auto& [name, node] : durable_names_) {
    if (parent_of(name) != "/" && !names_.contains(parent_of(name))) continue;
    names_[name] = node;
    nodes[node->identity] = node;
  }
  durable_names_ = names_;
  for (const auto& [identity, node] : nodes) {
    for (const auto& change : node->changes) {
      if (change.truncates) {
        if (random_.below(2) == 0) node->apply_to_disk(change);
        continue;
      }
      // Lost, whole, or torn: then each sector that the write touched has its own luck.
      const std::uint64_t fate = random_.below(3);
      for (std::uint64_t at = change.offset; at < change.offset + change.bytes.size();) {
        const std::uint64_t end = std::min(change.offset + change.bytes.size(), (at / sector_bytes + 1) * sector_bytes);
        const bool survives = fate == 2 ? random_.below(2) == 0 : fate == 1;
        if (survives) {
          write_into(node->disk, at, std::string_view(change.bytes).substr(at - change.offset, end - at));
        }
        at = end;
      }
    }
    node->changes.clear();
    node->content = node->disk;
    node->lock_holder = nullptr;
  }
}

void SimulatedFiles::fail(FileOperation what, std::uint64_t nth, int error) {
  planned_failures_[{what, counts_[what] + nth}] = error;
}

std::uint64_t SimulatedFiles::count(FileOperation what) const {
  const auto found = counts_.find(what);
  return found == counts_.end() ? 0 : found->second;
}

std::uint64_t SimulatedFiles::bytes_used() const {
  std::uint64_t total = 0;
  for (const auto& [name, node] : names_) total += node->content.size();
  return total;
}

int SimulatedFiles::set_mode(const std::string& path, std::uint32_t mode) {
  const auto node = find(normal(path));
  if (!node) return ENOENT;
  node->mode = mode;
  return 0;
}

int SimulatedFiles::outcome_of(FileOperation what) {
  const std::uint64_t number = ++counts_[what];
  if (const auto planned = planned_failures_.find({what, number}); planned != planned_failures_.end()) {
    const int error = planned->second;
    planned_failures_.erase(planned);
    return error;
  }
  const bool fails = (what == FileOperation::write && random_.chance(faults_.write_fails)) ||
                     (what == FileOperation::sync && random_.chance(faults_.sync_fails));
  return fails ? faults_.error : 0;
}

std::shared_ptr<SimulatedFiles::Node> SimulatedFiles::find(const std::string& path) const {
  const auto found = names_.find(path);
  return found == names_.end() ? nullptr : found->second;
}

std::uint64_t SimulatedFiles::room() const {
  if (capacity_ == UINT64_MAX) return capacity_;  // spares counting
  const std::uint64_t used = bytes_used();
  return used < capacity_ ? capacity_ - used : 0;
}

void SimulatedFiles::apply(const NameChange& change, Names& names) {
  if (!change.removed.empty()) names.erase(change.removed);
  if (!change.made.empty()) names[change.made] = change.node;
}

std::shared_ptr<SimulatedFiles::Node> SimulatedFiles::make_node() {
  auto node = std::make_shared<Node>();
  node->identity = next_identity_++;
  node->modified = clock_.now();
  return node;
}

void SimulatedFiles::change_names(NameChange change) {
  apply(change, names_);
  changes_.push_back(std::move(change));
}

}  // namespace tutti::world
