#include "broker/journal/journal.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <tutti/error.hpp>
#include <tutti/wait.hpp>

#include "broker/journal/contents.hpp"
#include "broker/model/handling.hpp"
#include "wire/amqp/content.hpp"

namespace tutti::broker::journal {
namespace {

constexpr std::uint64_t file_limit_factor = 2;          // all files may be that much longer than what is alive in them
constexpr std::uint64_t moved_bytes_max = 1024 * 1024;  // between two batches
constexpr std::size_t spare_bytes_max = 1024 * 1024;
constexpr auto gathering_min = std::chrono::nanoseconds(std::chrono::microseconds(100));
constexpr auto gathering_max = std::chrono::nanoseconds(std::chrono::milliseconds(1));
constexpr std::size_t gathered_bytes_max = 1024 * 1024;  // of a batch that waits for more
constexpr std::size_t looked_at_max = 10'000;            // messages, for one to move, between two batches

BindingMade record_of(std::string_view host, const Exchange& source, const Binding& binding) {
  BindingMade record{.host = host, .source = source.name(), .key = binding.key, .arguments = binding.arguments};
  if (binding.destination.queue != nullptr) {
    record.queue = binding.destination.queue->number();
  } else {
    record.exchange = binding.destination.exchange->name();
  }
  return record;
}

Published record_of(std::string_view host, std::uint64_t number, Time at, const Message& message) {
  return {.host = host,
          .number = number,
          .at = at,
          .exchange = message.exchange(),
          .routing_key = message.routing_key(),
          .properties = message.properties(),
          .body = message.body()};
}

}  // namespace

Journal::Journal(runtime::Shard& shard, world::Files& files, const JournalSettings& settings, Recovered& recovered,
                 JournalOwner& owner)
    : shard_(shard),
      files_(files),
      settings_(settings),
      owner_(owner),
      worker_(shard.world(), "journal"),
      lister_(shard.world(), "contents"),
      writing_(files, settings.folder, recovered.walked().last, recovered.walked().last_end),
      reading_(files, settings.folder),
      places_(std::move(recovered.places())),
      unlisted_(recovered.walked().unlisted.begin(), recovered.walked().unlisted.end()) {
  for (const CompleteFile& file : recovered.walked().files)
    spans_.emplace(file.number, Span{.extents = {{.from = 0, .file = file.number, .at = 0}}, .bytes = file.end});
  places_.for_each_from(0, [this](std::uint64_t, const Places::Slot& slot) {
    Span& span = spans_.at(slot.place.span);
    ++span.live;
    span.live_bytes += slot.place.bytes;
    return true;
  });
  written_span_ = spans_.empty() ? 0 : spans_.rbegin()->first;
}

Journal::~Journal() = default;

void Journal::start() {
  open_span();
  shard_.spawn({.name = "the journal", .handle = &fiber_}, [this] { write_on(); });
  shard_.spawn({.name = "the journal's contents", .handle = &lister_fiber_}, [this] { list_contents(); });
}

void Journal::close() {
  closing_ = true;
  more_.unpark();
  if (fiber_.running()) closed_.park_uninterrupted();
  more_files_.unpark();
  if (lister_fiber_.running()) listed_.park_uninterrupted();
}

// ---- what is told

Journal::Batch& Journal::last_batch() {
  const std::uint64_t span = spans_.rbegin()->first;
  const bool under_way = writing_batch_ && batches_.size() == 1;
  if (batches_.empty() || under_way || batches_.back().span != span)
    batches_.push_back({.span = span, .offset = spans_.rbegin()->second.bytes, .bytes = std::exchange(spare_, {})});
  return batches_.back();
}

Journal::Batch& Journal::batch_to_tell() {
  if (!telling_topology_ && spans_.rbegin()->second.bytes >= settings_.file_bytes) open_span();
  return last_batch();
}

// The offset in the last span.
std::uint64_t Journal::end_telling(Batch& batch, std::size_t bytes_before, Awaited awaited) {
  const std::size_t added = batch.bytes.size() - bytes_before;
  waiting_bytes_ += added;
  if (awaited == Awaited::yes && batch.awaited++ == 0) batch.first_awaited = shard_.world().clock().instant();
  batch.told = ++told_;
  more_.unpark();
  std::uint64_t& bytes = spans_.rbegin()->second.bytes;
  return std::exchange(bytes, bytes + added);
}

template <class R>
std::uint64_t Journal::tell(const R& record, Awaited awaited) {
  Batch& batch = batch_to_tell();
  const std::size_t before = batch.bytes.size();
  append(batch.bytes, record);
  return end_telling(batch, before, awaited);
}

// What comes from here on must be readable without what came before, but for messages.
void Journal::open_span() {
  const std::uint64_t number = spans_.empty() ? 1 : spans_.rbegin()->first + 1;
  spans_.emplace(number, Span{});
  telling_topology_ = true;
  owner_.tell_topology(*this);
  telling_topology_ = false;
  (void)last_batch();
  more_.unpark();
}

void Journal::exchange_made(std::string_view host, const Exchange& exchange) {
  (void)tell(ExchangeMade{.host = host,
                          .name = exchange.name(),
                          .type = static_cast<std::uint8_t>(exchange.rules().type),
                          .auto_delete = exchange.rules().auto_delete,
                          .internal = exchange.rules().internal,
                          .alternate = exchange.rules().alternate});
}

void Journal::exchange_removed(std::string_view host, const Exchange& exchange) {
  (void)tell(ExchangeRemoved{.host = host, .name = exchange.name()});
}

void Journal::queue_made(std::string_view host, const Queue& queue) {
  (void)tell(QueueMade{.host = host,
                       .name = queue.name(),
                       .number = queue.number(),
                       .auto_delete = queue.rules().auto_delete,
                       .arguments = queue.rules().arguments});
}

void Journal::queue_removed(std::string_view, const Queue& queue) {
  (void)tell(QueueRemoved{.number = queue.number()});
}

void Journal::bound(std::string_view host, const Exchange& source, const Binding& binding) {
  (void)tell(record_of(host, source, binding));
}

void Journal::unbound(std::string_view host, const Exchange& source, const Binding& binding) {
  (void)tell(BindingRemoved{record_of(host, source, binding)});
}

void Journal::published(std::string_view host, std::uint64_t number, const MessageRef& message,
                        std::span<Queue* const> queues) {
  Published record = record_of(host, number, shard_.world().clock().now(), *message);
  for (const Queue* const queue : queues) record.queues.push_back(queue->number());
  enter(number, record.queues, tell(record));
}

void Journal::enter(std::uint64_t number, std::span<const std::uint64_t> queues, std::uint64_t offset) {
  const auto& [its_number, last] = *spans_.rbegin();
  const Place place{.span = static_cast<std::uint32_t>(its_number),
                    .offset = static_cast<std::uint32_t>(offset),
                    .bytes = static_cast<std::uint32_t>(last.bytes - offset)};
  places_.put(number, queues, place);
  Span& span = spans_.rbegin()->second;
  ++span.live;
  span.live_bytes += place.bytes;
}

void Journal::settled(const Queue& queue, std::uint64_t number) {
  const Places::Left left = places_.settle(number, queue.number());
  if (!left.known) return;
  (void)tell(Settled{.queue = queue.number(), .number = number}, Awaited::no);
  if (left.last) leave(left.place);
}

void Journal::leave(const Place& place) {
  Span& span = spans_.at(place.span);
  --span.live;
  span.live_bytes -= place.bytes;
  span.emptied_at = told_;  // a copy elsewhere must be on disk before it may go
}

// ---- reading back

std::string_view Journal::unwritten(const Place& place) const {
  for (const Batch& batch : batches_) {
    if (batch.span == place.span && place.offset >= batch.offset && place.offset < batch.offset + batch.bytes.size())
      return std::string_view(batch.bytes).substr(place.offset - batch.offset, place.bytes);
  }
  return {};
}

// Why not; empty: it is read. Texts of the record live until more is told or read.
std::string_view Journal::record_at(const Place& place, Record& record) {
  if (const std::string_view bytes = unwritten(place); !bytes.empty())
    return read(bytes, record) > 0 ? "" : "its record is damaged";
  const auto span = spans_.find(place.span);
  if (span == spans_.end() || span->second.extents.empty()) return "its file is unknown";
  const Extent* extent = nullptr;
  for (const Extent& one : span->second.extents)
    if (one.from <= place.offset) extent = &one;
  const std::uint64_t at = extent->at + (place.offset - extent->from);
  for (int attempt = 0; attempt < 2; ++attempt) {
    int error = 0;
    const std::string_view bytes = reading_.read(extent->file, at, place.bytes, error);
    if (error != 0) return std::strerror(error);
    if (bytes.size() == place.bytes && read(bytes, record) > 0) return "";
    reading_.forget();  // a block may have been read before this record was written
  }
  return "its record is damaged";
}

MessageRef Journal::load(std::uint64_t number, Account& account) {
  const Places::Slot* const slot = places_.find(number);
  Record record;
  std::string_view why = slot != nullptr ? record_at(slot->place, record) : "it is not in the journal";
  const auto* const message = std::get_if<Published>(&record);
  if (why.empty() && (message == nullptr || message->number != number)) why = "another record is in its place";
  if (!why.empty()) {
    owner_.journal_unreadable("message " + std::to_string(number) + " in " + settings_.folder +
                              " cannot be read: " + std::string(why));
    return {};
  }
  return Message::make({.exchange = message->exchange,
                        .routing_key = message->routing_key,
                        .properties = message->properties,
                        .body = message->body},
                       handling_of(wire::amqp::parse_properties(message->properties).properties), account);
}

// ---- the fiber that writes

void Journal::write_on() noexcept {
  try {
    while (true) {
      gather();
      if (batches_.empty()) break;
      writing_batch_ = true;
      const Instant begun = shard_.world().clock().instant();
      write(batches_.front());
      writing_batch_ = false;
      last_write_ = shard_.world().clock().instant() - begun;
      expected_ = batches_.front().awaited + (batches_.size() > 1 ? batches_[1].awaited : 0);
      waiting_bytes_ -= batches_.front().bytes.size();
      if (failing_) break;
      durable_ = std::max(durable_, batches_.front().told);
      spare_ = std::move(batches_.front().bytes);
      batches_.pop_front();
      keep_spare();
      move_oldest();
      drop_dead_spans();
      owner_.journal_moved();
    }
  } catch (const Error&) {
    failing_ = true;  // cancelled: the shard ends before close()
  }
  closed_.unpark();
}

// Waits until a batch is worth its sync. Publishers that keep so many messages under way send the next ones when they
// are answered: beginning with the first of these would make the others wait for a sync more. So it waits for as many
// as were under way when the last sync ended, but only for a part of what a sync takes.
void Journal::gather() {
  while (batches_.empty() && !closing_) (void)more_.park();
  const Instant begun = shard_.world().clock().instant();
  const auto patience = std::clamp(last_write_ / 4, gathering_min, gathering_max);
  while (batches_.size() == 1 && !closing_) {
    const Batch& next = batches_.front();
    if (next.awaited >= std::max<std::size_t>(expected_, 1) || next.bytes.size() >= gathered_bytes_max) return;
    const Instant until = next.awaited == 0 ? begun + settings_.settled_wait_max : next.first_awaited + patience;
    if (!more_.park(until, "more to write")) return;
  }
}

void Journal::keep_spare() {
  spare_.clear();
  if (spare_.capacity() > spare_bytes_max) std::string().swap(spare_);
}

// Until it is on disk. Given up only when the broker is to end.
void Journal::write(const Batch& batch) {
  while (true) {
    int error = 0;
    CompleteFile before{.number = writing_.number(), .end = writing_.end()};
    worker_.run([&] {
      if (batch.span != written_span_ || failing_) error = writing_.begin_file();
      if (error == 0) error = writing_.append(batch.bytes);
    });
    if (writing_.number() != before.number && before.number != 0) {
      unlisted_.push_back(before);
      more_files_.unpark();
    }
    if (error == 0) break;
    failing_ = true;
    owner_.journal_moved();
    if (closing_) return;
    sleep(settings_.retry);
  }
  failing_ = false;
  written_span_ = batch.span;
  Span& span = spans_.at(batch.span);
  if (span.extents.empty() || span.extents.back().file != writing_.number())
    span.extents.push_back(
        {.from = batch.offset, .file = writing_.number(), .at = writing_.end() - batch.bytes.size()});
}

void Journal::drop_dead_spans() {
  std::uint64_t keep_from = 0;
  while (spans_.size() > 1) {
    const auto oldest = spans_.begin();
    const auto next = std::next(oldest);
    if (oldest->second.live > 0 || oldest->second.emptied_at > durable_ || next->second.extents.empty()) break;
    keep_from = next->second.extents.front().file;
    spans_.erase(oldest);
  }
  if (keep_from == 0) return;
  move_from_ = 0;
  reading_.close(keep_from);
  std::erase_if(unlisted_, [&](const CompleteFile& file) { return file.number < keep_from; });
  // The oldest first, each for good before the next: a gap would be damage. What fails is tried again with the next.
  worker_.run([&] {
    // One that stays is a file too much and no more.
    for (const std::uint64_t file : contents_in(files_, settings_.folder))
      if (file < keep_from) (void)files_.remove(contents_path(settings_.folder, file));
    for (const std::uint64_t file : files_in(files_, settings_.folder)) {
      if (file >= keep_from) break;
      if (files_.remove(path_of(settings_.folder, file)) != 0 || files_.sync_directory(settings_.folder) != 0) break;
    }
  });
}

bool Journal::moving_pays() const {
  std::uint64_t all = 0, alive = 0;
  for (const auto& [number, span] : spans_) {
    all += span.bytes;
    alive += span.live_bytes;
  }
  return all > file_limit_factor * (alive + settings_.file_bytes);
}

// A few messages that stay would keep all files behind them: they are written again, at the end, some at a time.
void Journal::move_oldest() {
  if (spans_.size() < 2 || spans_.begin()->second.live == 0 || !moving_pays()) return;
  const std::uint64_t oldest = spans_.begin()->first;
  std::vector<std::pair<std::uint64_t, Place>> moved;
  std::uint64_t bytes = 0;
  std::size_t looked_at = 0;
  places_.for_each_from(move_from_, [&](std::uint64_t number, const Places::Slot& slot) {
    if (bytes >= moved_bytes_max || looked_at++ >= looked_at_max) return false;
    move_from_ = number + 1;
    if (slot.place.span != oldest) return true;
    moved.emplace_back(number, slot.place);
    bytes += slot.place.bytes;
    return true;
  });
  for (const auto& [number, place] : moved) move(number, place);
}

void Journal::move(std::uint64_t number, const Place& place) {
  Record record;
  auto* message = record_at(place, record).empty() ? std::get_if<Published>(&record) : nullptr;
  if (message == nullptr) return;  // it stays, and with it its file
  message->queues = places_.queues_of(number);
  // Apart from where it is read from: a batch that grows may move.
  std::string copy;
  append(copy, *message);
  Batch& batch = batch_to_tell();
  const std::size_t before = batch.bytes.size();
  batch.bytes += copy;
  const std::uint64_t offset = end_telling(batch, before);
  leave(place);
  enter(number, message->queues, offset);
}

// ---- the fiber that lists contents

void Journal::list_contents() noexcept {
  try {
    while (!closing_) {
      while (unlisted_.size() <= settings_.unlisted_files_max && !closing_) (void)more_files_.park();
      if (closing_) break;
      const CompleteFile file = unlisted_.front();
      unlisted_.pop_front();
      // Without them a start takes longer, and that is all.
      lister_.run([&] { (void)write_contents(files_, settings_.folder, file.number, file.end); });
    }
  } catch (const Error&) {
    // cancelled: the shard ends before close()
  }
  listed_.unpark();
}

}  // namespace tutti::broker::journal
