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
#include <vector>

#include "broker/journal/files.hpp"
#include "broker/journal/places.hpp"
#include "broker/journal/reading.hpp"
#include "broker/journal/recovery.hpp"
#include "broker/model/store.hpp"
#include "runtime/parker.hpp"
#include "runtime/shard.hpp"
#include "runtime/worker.hpp"

namespace tutti::broker::journal {

struct JournalSettings {
  std::string folder;
  std::uint64_t file_bytes = 64 * 1024 * 1024;               // a new one is begun when one is as long
  std::size_t waiting_bytes_max = 8 * 1024 * 1024;           // not yet on disk: over it publishers wait
  std::size_t unlisted_files_max = 3;                        // complete files without contents; older ones get some
  std::chrono::nanoseconds retry = std::chrono::seconds(1);  // after a write that failed
  // What nobody waits for, settled messages, is written with what comes after it, and so long after it came at the
  // latest.
  std::chrono::nanoseconds settled_wait_max = std::chrono::milliseconds(5);
};

class JournalOwner {
 public:
  virtual void journal_moved() = 0;  // more is durable, or behind() has changed
  // The whole durable topology as calls to the store.
  virtual void tell_topology(Store& store) = 0;
  // A message that is on disk cannot be read. It stays there; a sentence.
  virtual void journal_unreadable(std::string_view what) = 0;

 protected:
  ~JournalOwner() = default;
};

class Journal final : public Store {
 public:
  // `recovered`: what was read from the folder; writing goes on behind it.
  Journal(runtime::Shard& shard, world::Files& files, const JournalSettings& settings, Recovered& recovered,
          JournalOwner& owner);
  ~Journal() override;
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  void start();  // once the model is restored: the fiber that writes, in a new file; close() must follow
  void close();  // waits until all that was told is on disk, unless writing fails

  // About what a message costs in memory that is on disk only, here and in its queue.
  [[nodiscard]] std::size_t index_bytes() const noexcept { return places_.size() * index_bytes_of_one; }
  [[nodiscard]] bool failing() const noexcept { return failing_; }
  [[nodiscard]] bool behind() const noexcept override {
    return failing_ || waiting_bytes_ > settings_.waiting_bytes_max;
  }

  void exchange_made(std::string_view host, const Exchange& exchange) override;
  void exchange_removed(std::string_view host, const Exchange& exchange) override;
  void queue_made(std::string_view host, const Queue& queue) override;
  void queue_removed(std::string_view host, const Queue& queue) override;
  void bound(std::string_view host, const Exchange& source, const Binding& binding) override;
  void unbound(std::string_view host, const Exchange& source, const Binding& binding) override;
  void published(std::string_view host, std::uint64_t number, const MessageRef& message,
                 std::span<Queue* const> queues) override;
  void settled(const Queue& queue, std::uint64_t number) override;
  MessageRef load(std::uint64_t number, Account& account) override;
  std::uint64_t told() const override { return told_; }
  std::uint64_t durable() const override { return durable_; }

 private:
  enum class Awaited : bool { no, yes };  // somebody may wait until it is durable
  static constexpr std::size_t index_bytes_of_one = sizeof(Places::Slot) + sizeof(Entry);

  // What of a span lies in one file. A span that failed goes on in a second file.
  struct Extent {
    std::uint64_t from = 0;  // offset in the span
    std::uint64_t file = 0;
    std::uint64_t at = 0;  // offset in the file
  };
  // What is told between one file's beginning and the next one's.
  struct Span {
    std::vector<Extent> extents = {};  // none: not yet begun
    std::uint64_t bytes = 0;
    std::uint64_t live = 0;  // messages
    std::uint64_t live_bytes = 0;
    std::uint64_t emptied_at = 0;  // what was told when the last one left
  };
  struct Batch {
    std::uint64_t span = 0;
    std::uint64_t offset = 0;  // in the span
    std::string bytes = {};
    std::uint64_t told = 0;      // once it is durable, so much is
    std::size_t awaited = 0;     // records that somebody may wait for: all but settled messages
    Instant first_awaited = {};  // when the first of them came
  };

  template <class R>
  std::uint64_t tell(const R& record, Awaited awaited = Awaited::yes);
  [[nodiscard]] Batch& batch_to_tell();
  std::uint64_t end_telling(Batch& batch, std::size_t bytes_before, Awaited awaited = Awaited::yes);
  void open_span();
  void write_on() noexcept;
  void gather();
  void write(const Batch& batch);
  void keep_spare();
  void drop_dead_spans();
  void move_oldest();
  void move(std::uint64_t number, const Place& place);
  [[nodiscard]] bool moving_pays() const;
  void enter(std::uint64_t number, std::span<const std::uint64_t> queues, std::uint64_t offset);
  void leave(const Place& place);
  [[nodiscard]] Batch& last_batch();
  [[nodiscard]] std::string_view record_at(const Place& place, Record& record);
  [[nodiscard]] std::string_view unwritten(const Place& place) const;
  void list_contents() noexcept;

  runtime::Shard& shard_;
  world::Files& files_;
  JournalSettings settings_;
  JournalOwner& owner_;
  runtime::Worker worker_;
  runtime::Worker lister_;
  Writing writing_;
  Reading reading_;
  std::map<std::uint64_t, Span> spans_;  // by number, the last one is written
  Places places_;
  std::uint64_t move_from_ = 0;  // messages before it are not in the oldest span
  std::deque<Batch> batches_;    // not yet written; the first one may be under way
  std::string spare_;            // of the last batch, for the next one
  std::deque<CompleteFile> unlisted_;
  std::size_t waiting_bytes_ = 0;
  std::size_t expected_ = 0;  // records that will be awaited, if those who were answered last go on
  std::chrono::nanoseconds last_write_{0};
  std::uint64_t written_span_ = 0;  // that writing_ is in
  std::uint64_t told_ = 0;
  std::uint64_t durable_ = 0;
  runtime::Parker more_;
  bool writing_batch_ = false;
  bool failing_ = false;
  bool closing_ = false;
  bool telling_topology_ = false;
  runtime::FiberHandle fiber_;
  runtime::Parker closed_;
  runtime::Parker more_files_;
  runtime::FiberHandle lister_fiber_;
  runtime::Parker listed_;
};

}  // namespace tutti::broker::journal
