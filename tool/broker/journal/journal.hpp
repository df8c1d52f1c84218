// The journal: tells the disk what the model tells it, in batches. While one batch is written and synced, the next one
// gathers; so one sync serves all that came meanwhile, and the model never waits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "broker/journal/files.hpp"
#include "broker/journal/recovery.hpp"
#include "broker/model/store.hpp"
#include "runtime/parker.hpp"
#include "runtime/shard.hpp"
#include "runtime/worker.hpp"

namespace tutti::broker::journal {

struct JournalSettings {
  std::string folder;
  std::uint64_t file_bytes = 64 * 1024 * 1024;               // a new one is begun when one is as long
  std::size_t waiting_bytes_max = 64 * 1024 * 1024;          // not yet on disk: over it publishers wait
  std::chrono::nanoseconds retry = std::chrono::seconds(1);  // after a write that failed
};

class JournalOwner {
 public:
  virtual void journal_moved() = 0;  // more is durable, or behind() has changed
  // The whole durable topology as calls to the store.
  virtual void tell_topology(Store& store) = 0;

 protected:
  ~JournalOwner() = default;
};

class Journal final : public Store {
 public:
  // `recovered`: what was read from the folder; writing goes on behind it.
  Journal(runtime::Shard& shard, world::Files& files, const JournalSettings& settings, const Recovered& recovered,
          JournalOwner& owner);
  ~Journal() override;
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  void start();  // once the model is restored: the fiber that writes, in a new file; close() must follow
  void close();  // waits until all that was told is on disk, unless writing fails

  [[nodiscard]] bool failing() const noexcept { return failing_; }
  [[nodiscard]] bool behind() const noexcept { return failing_ || waiting_bytes_ > settings_.waiting_bytes_max; }

  void exchange_made(std::string_view host, const Exchange& exchange) override;
  void exchange_removed(std::string_view host, const Exchange& exchange) override;
  void queue_made(std::string_view host, const Queue& queue) override;
  void queue_removed(std::string_view host, const Queue& queue) override;
  void bound(std::string_view host, const Exchange& source, const Binding& binding) override;
  void unbound(std::string_view host, const Exchange& source, const Binding& binding) override;
  void published(std::string_view host, std::uint64_t number, const MessageRef& message,
                 std::span<Queue* const> queues) override;
  void settled(const Queue& queue, std::uint64_t number) override;
  std::uint64_t told() const override { return told_; }
  std::uint64_t durable() const override { return durable_; }

 private:
  // What lives in one span of the journal, mostly one file. A span that failed goes on in a second file.
  struct Span {
    std::uint64_t first_file = 0;  // 0: not yet begun
    std::uint64_t bytes = 0;
    std::uint64_t live = 0;  // messages
    std::uint64_t live_bytes = 0;
    std::uint64_t emptied_at = 0;  // what was told when the last one left
  };
  struct Live {
    std::string host = {};
    MessageRef message = {};
    Time at = {};
    std::vector<std::uint64_t> queues = {};
    std::uint64_t span = 0;
    std::uint64_t bytes = 0;
  };
  struct Batch {
    std::uint64_t span = 0;
    std::string bytes = {};
    std::uint64_t told = 0;  // once it is durable, so much is
  };

  template <class R>
  void tell(const R& record);
  void open_span();
  void write_on() noexcept;
  void write(Batch& batch);
  void drop_dead_spans();
  void move_oldest();
  void leave(const Live& live);
  [[nodiscard]] Batch& last_batch();

  runtime::Shard& shard_;
  world::Files& files_;
  JournalSettings settings_;
  JournalOwner& owner_;
  runtime::Worker worker_;
  Writing writing_;
  std::map<std::uint64_t, Span> spans_;  // by number, the last one is written
  std::unordered_map<std::uint64_t, Live> live_;
  std::deque<Batch> batches_;  // not yet written
  std::size_t waiting_bytes_ = 0;
  std::uint64_t written_span_ = 0;  // that writing_ is in
  std::uint64_t told_ = 0;
  std::uint64_t durable_ = 0;
  runtime::Parker more_;
  bool failing_ = false;
  bool closing_ = false;
  bool telling_topology_ = false;
  runtime::FiberHandle fiber_;
  runtime::Parker closed_;
};

}  // namespace tutti::broker::journal
