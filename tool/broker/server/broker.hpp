// The broker apart from its connections: users, virtual hosts, what they share, how full it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/journal/journal.hpp"
#include "broker/model/virtual_host.hpp"
#include "broker/session/access.hpp"
#include "runtime/shard.hpp"

namespace tutti::broker {

struct User {
  std::string password = {};            // empty: he comes in by certificate only
  std::vector<std::string> hosts = {};  // the virtual hosts that he may enter; empty: all
  friend bool operator==(const User&, const User&) = default;
};
using Users = std::map<std::string, User, std::less<>>;  // by name

struct BrokerSettings {
  Users users = {{"guest", {.password = "guest"}}};
  std::vector<std::string> hosts = {"/"};
  std::string folder = {};  // of the journal; empty: none
  std::uint64_t file_bytes = 64 * 1024 * 1024;
  std::size_t unlisted_files_max = 3;                 // see journal::JournalSettings
  std::size_t memory_bytes_max = 256 * 1024 * 1024;   // of messages and their places: over it publishers wait
  std::size_t resident_bytes_max = 16 * 1024 * 1024;  // over so much, stored messages are in the journal only
  // How much room there is in the folder, and how little makes publishers wait. Not given: only a failed write does.
  std::function<std::uint64_t(const std::string& folder)> free_bytes = {};
  std::uint64_t free_bytes_min = 64 * 1024 * 1024;
};

// Room for the journal in that folder, in bytes, for a process without privileges. All there is if it is not known.
[[nodiscard]] std::uint64_t free_bytes(const std::string& folder);

class BrokerOwner {
 public:
  virtual void store_moved() = 0;  // see Session::store_moved

 protected:
  ~BrokerOwner() = default;
};

class Broker final : public Access, private journal::JournalOwner {
 public:
  // Without a folder nothing outlives it. Throws std::runtime_error if the folder is in use, its journal damaged, or a
  // user is let into a virtual host that there is not.
  Broker(runtime::Shard& shard, world::Files& files, const BrokerSettings& settings);
  ~Broker();
  void start();  // from here on what is told gets to the disk; close() must follow
  void close();  // all that was told is on disk; on a fiber, without clients
  void set_owner(BrokerOwner* owner) noexcept { owner_ = owner; }

  [[nodiscard]] bool admits(std::string_view user, std::string_view password) const override;
  [[nodiscard]] bool knows(std::string_view user) const override { return settings_.users.contains(user); }
  [[nodiscard]] bool may_enter(std::string_view user, std::string_view host) const override;
  [[nodiscard]] VirtualHost* host(std::string_view name) override;
  [[nodiscard]] Shared& shared() noexcept { return shared_; }
  [[nodiscard]] std::size_t memory_bytes_max() const noexcept { return settings_.memory_bytes_max; }
  template <class F>
  void for_each_host(F f) const {
    for (const auto& [name, host] : hosts_) f(static_cast<const VirtualHost&>(*host));
  }

  // Why publishers have to wait; empty: they need not. Full from the limit on, until it has fallen to nine tenths of
  // it.
  [[nodiscard]] std::string_view full() noexcept;

 private:
  [[nodiscard]] bool low_on_disk() noexcept;
  void check_users() const;
  void recover(runtime::Shard& shard, world::Files& files);
  void journal_moved() override;
  void tell_topology(Store& store) override;
  void journal_unreadable(std::string_view what) override;

  BrokerSettings settings_;
  Shared shared_;
  std::map<std::string, std::unique_ptr<VirtualHost>, std::less<>> hosts_;
  std::unique_ptr<world::File> lock_;
  std::unique_ptr<journal::Journal> journal_;
  BrokerOwner* owner_ = nullptr;
  bool full_ = false;
  bool low_on_disk_ = false;
  Instant next_look_;  // at the disk
};

}  // namespace tutti::broker
