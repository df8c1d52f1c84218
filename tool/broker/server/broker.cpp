#include "broker/server/broker.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <cstring>
#include <iostream>
#include <stdexcept>

namespace tutti::broker {
namespace {

constexpr std::chrono::nanoseconds disk_look_pause = std::chrono::milliseconds(100);

// Takes as long whatever the difference is.
bool same_secret(std::string_view a, std::string_view b) noexcept {
  unsigned char difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < b.size(); ++i) {
    const char other = i < a.size() ? a[i] : '\0';
    difference = static_cast<unsigned char>(difference | static_cast<unsigned char>(other ^ b[i]));
  }
  return difference == 0;
}

}  // namespace

Broker::Broker(runtime::Shard& shard, world::Files& files, const BrokerSettings& settings)
    : settings_(settings),
      shared_{.timers = shard.timers(),
              .now = [&shard] { return shard.now(); },
              .wall_now = [&shard] { return shard.world().clock().now(); },
              .random = shard.world().random(),
              .resident_bytes_max = settings.resident_bytes_max} {
  if (!settings_.folder.empty()) recover(shard, files);
  for (const std::string& name : settings_.hosts) {
    auto& host = hosts_[name];
    if (!host) host = std::make_unique<VirtualHost>(name, shared_);
  }
  check_users();
}

Broker::~Broker() { shared_.store = nullptr; }

void Broker::check_users() const {
  for (const auto& [name, user] : settings_.users)
    for (const std::string& host : user.hosts)
      if (!hosts_.contains(host))
        throw std::runtime_error("the user \"" + name + "\" may enter the virtual host \"" + host +
                                 "\", which there is not; make it by --vhost " + host);
}

void Broker::recover(runtime::Shard& shard, world::Files& files) {
  const std::string& folder = settings_.folder;
  if (const int error = files.make_directories(folder); error != 0)
    throw std::runtime_error("cannot make the folder " + folder + ": " + std::strerror(error));
  int error = 0;
  lock_ = files.open(folder + "/lock", world::Open::create, error);
  if (!lock_) throw std::runtime_error("cannot open " + folder + "/lock: " + std::strerror(error));
  if (!lock_->try_lock()) throw std::runtime_error("another broker uses the folder " + folder);

  journal::Recovered recovered(files, folder);
  shared_.next_number = recovered.highest_number() + 1;
  for (const std::string& name : recovered.hosts()) {
    auto& host = hosts_[name];
    host = std::make_unique<VirtualHost>(name, shared_);
    recovered.restore(*host, shared_.wall_now());
  }
  journal_ = std::make_unique<journal::Journal>(
      shard, files,
      journal::JournalSettings{
          .folder = folder, .file_bytes = settings_.file_bytes, .unlisted_files_max = settings_.unlisted_files_max},
      recovered, static_cast<journal::JournalOwner&>(*this));
  shared_.store = journal_.get();
}

void Broker::start() {
  if (!journal_) return;
  journal_->start();
  for (const auto& [name, host] : hosts_) host->push_on();  // what expired meanwhile
}

void Broker::close() {
  if (journal_) journal_->close();
}

void Broker::journal_moved() {
  if (owner_ != nullptr) owner_->store_moved();
}

void Broker::journal_unreadable(std::string_view what) { std::cerr << "tutti broker: " << what << std::endl; }

void Broker::tell_topology(Store& store) {
  for (const auto& [name, host] : hosts_) host->tell_topology(store);
}

bool Broker::admits(std::string_view user, std::string_view password) const {
  const auto known = settings_.users.find(user);
  return known != settings_.users.end() && !known->second.password.empty() &&
         same_secret(known->second.password, password);
}

bool Broker::may_enter(std::string_view user, std::string_view host) const {
  const auto known = settings_.users.find(user);
  if (known == settings_.users.end()) return false;
  const std::vector<std::string>& hosts = known->second.hosts;
  return hosts.empty() || std::find(hosts.begin(), hosts.end(), host) != hosts.end();
}

VirtualHost* Broker::host(std::string_view name) {
  const auto place = hosts_.find(name);
  return place == hosts_.end() ? nullptr : place->second.get();
}

std::string_view Broker::full() noexcept {
  const std::size_t limit = settings_.memory_bytes_max;
  const std::size_t used = shared_.account.bytes + (journal_ ? journal_->index_bytes() : 0);
  full_ = used > (full_ ? limit - limit / 10 : limit);
  if (journal_ && journal_->failing()) return "the journal cannot be written";
  if (journal_ && journal_->behind()) return "the disk is behind";
  if (low_on_disk()) return "low on disk";
  return full_ ? "low on memory" : std::string_view();
}

// Looked at seldom: between two looks comes less than what is kept free.
bool Broker::low_on_disk() noexcept {
  if (!settings_.free_bytes || settings_.folder.empty() || shared_.now() < next_look_) return low_on_disk_;
  next_look_ = shared_.now() + disk_look_pause;
  low_on_disk_ = settings_.free_bytes(settings_.folder) < settings_.free_bytes_min;
  return low_on_disk_;
}

std::uint64_t free_bytes(const std::string& folder) {
  struct statvfs status {};
  if (::statvfs(folder.c_str(), &status) != 0) return UINT64_MAX;
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

}  // namespace tutti::broker
