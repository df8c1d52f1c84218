#include "broker/journal/journal.hpp"

#include <algorithm>
#include <utility>

#include <tutti/error.hpp>
#include <tutti/wait.hpp>

namespace tutti::broker::journal {
namespace {

constexpr std::uint64_t file_limit_factor = 2;  // all files may be that much longer than what is alive in them

BindingMade record_of(std::string_view host, const Exchange& source, const Binding& binding) {
  BindingMade record{.host = host, .source = source.name(), .key = binding.key, .arguments = binding.arguments};
  if (binding.destination.queue != nullptr) {
    record.queue = binding.destination.queue->number();
  } else {
    record.exchange = binding.destination.exchange->name();
  }
  return record;
}

Published record_of(std::string_view host, std::uint64_t number, Time at, const Message& message,
                    const std::vector<std::uint64_t>& queues) {
  return {.host = host,
          .number = number,
          .at = at,
          .queues = queues,
          .exchange = message.exchange(),
          .routing_key = message.routing_key(),
          .properties = message.properties(),
          .body = message.body()};
}

}  // namespace

Journal::Journal(runtime::Shard& shard, world::Files& files, const JournalSettings& settings,
                 const Recovered& recovered, JournalOwner& owner)
    : shard_(shard),
      files_(files),
      settings_(settings),
      owner_(owner),
      worker_(shard.world(), "journal"),
      writing_(files, settings.folder, recovered.walked().last, recovered.walked().last_end) {
  for (const std::uint64_t file : files_in(files_, settings_.folder)) spans_.emplace(file, Span{.first_file = file});
  for (const auto& [number, message] : recovered.messages()) {
    Live live{.host = message.host,
              .message = message.message,
              .at = message.at,
              .queues = message.queues,
              .span = message.file,
              .bytes = message.message->properties().size() + message.message->body().size()};
    Span& span = spans_.at(live.span);
    span.bytes += live.bytes;
    span.live_bytes += live.bytes;
    ++span.live;
    live_.emplace(number, std::move(live));
  }
  written_span_ = spans_.empty() ? 0 : spans_.rbegin()->first;
}

Journal::~Journal() = default;

void Journal::start() {
  open_span();
  shard_.spawn({.name = "the journal", .handle = &fiber_}, [this] { write_on(); });
}

void Journal::close() {
  closing_ = true;
  more_.unpark();
  if (fiber_.running()) closed_.park_uninterrupted();
}

// ---- what is told

Journal::Batch& Journal::last_batch() {
  const std::uint64_t span = spans_.rbegin()->first;
  if (batches_.empty() || batches_.back().span != span) batches_.push_back({.span = span});
  return batches_.back();
}

template <class R>
void Journal::tell(const R& record) {
  if (!telling_topology_ && spans_.rbegin()->second.bytes >= settings_.file_bytes) open_span();
  Batch& batch = last_batch();
  const std::size_t before = batch.bytes.size();
  append(batch.bytes, record);
  const std::size_t added = batch.bytes.size() - before;
  waiting_bytes_ += added;
  spans_.rbegin()->second.bytes += added;
  batch.told = ++told_;
  more_.unpark();
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
  tell(ExchangeMade{.host = host,
                    .name = exchange.name(),
                    .type = static_cast<std::uint8_t>(exchange.rules().type),
                    .auto_delete = exchange.rules().auto_delete,
                    .internal = exchange.rules().internal,
                    .alternate = exchange.rules().alternate});
}

void Journal::exchange_removed(std::string_view host, const Exchange& exchange) {
  tell(ExchangeRemoved{.host = host, .name = exchange.name()});
}

void Journal::queue_made(std::string_view host, const Queue& queue) {
  tell(QueueMade{.host = host,
                 .name = queue.name(),
                 .number = queue.number(),
                 .auto_delete = queue.rules().auto_delete,
                 .arguments = queue.rules().arguments});
}

void Journal::queue_removed(std::string_view, const Queue& queue) { tell(QueueRemoved{.number = queue.number()}); }

void Journal::bound(std::string_view host, const Exchange& source, const Binding& binding) {
  tell(record_of(host, source, binding));
}

void Journal::unbound(std::string_view host, const Exchange& source, const Binding& binding) {
  tell(BindingRemoved{record_of(host, source, binding)});
}

void Journal::published(std::string_view host, std::uint64_t number, const MessageRef& message,
                        std::span<Queue* const> queues) {
  Live live{.host = std::string(host), .message = message, .at = shard_.world().clock().now()};
  for (const Queue* const queue : queues) live.queues.push_back(queue->number());
  const std::uint64_t waiting = waiting_bytes_;
  tell(record_of(host, number, live.at, *message, live.queues));
  live.bytes = waiting_bytes_ - waiting;
  live.span = spans_.rbegin()->first;
  Span& span = spans_.rbegin()->second;
  ++span.live;
  span.live_bytes += live.bytes;
  live_.emplace(number, std::move(live));
}

void Journal::settled(const Queue& queue, std::uint64_t number) {
  const auto live = live_.find(number);
  if (live == live_.end()) return;
  tell(Settled{.queue = queue.number(), .number = number});
  std::erase(live->second.queues, queue.number());
  if (live->second.queues.empty()) {
    leave(live->second);
    live_.erase(live);
  }
}

void Journal::leave(const Live& live) {
  Span& span = spans_.at(live.span);
  --span.live;
  span.live_bytes -= live.bytes;
  span.emptied_at = told_;  // a copy elsewhere must be on disk before it may go
}

// ---- the fiber that writes

void Journal::write_on() noexcept {
  try {
    while (true) {
      while (batches_.empty() && !closing_) (void)more_.park();
      if (batches_.empty()) break;
      Batch batch = std::move(batches_.front());
      batches_.pop_front();
      write(batch);
      waiting_bytes_ -= batch.bytes.size();
      if (failing_) break;
      durable_ = std::max(durable_, batch.told);
      move_oldest();
      drop_dead_spans();
      owner_.journal_moved();
    }
  } catch (const Error&) {
    failing_ = true;  // cancelled: the shard ends before close()
  }
  closed_.unpark();
}

// Until it is on disk. Given up only when the broker is to end.
void Journal::write(Batch& batch) {
  while (true) {
    int error = 0;
    worker_.run([&] {
      if (batch.span != written_span_ || failing_) error = writing_.begin_file();
      if (error == 0) error = writing_.append(batch.bytes);
    });
    if (error == 0) break;
    failing_ = true;
    owner_.journal_moved();
    if (closing_) return;
    sleep(settings_.retry);
  }
  failing_ = false;
  written_span_ = batch.span;
  Span& span = spans_.at(batch.span);
  if (span.first_file == 0) span.first_file = writing_.number();
}

void Journal::drop_dead_spans() {
  std::uint64_t keep_from = 0;
  while (spans_.size() > 1) {
    const auto oldest = spans_.begin();
    const auto next = std::next(oldest);
    if (oldest->second.live > 0 || oldest->second.emptied_at > durable_ || next->second.first_file == 0) break;
    keep_from = next->second.first_file;
    spans_.erase(oldest);
  }
  if (keep_from == 0) return;
  // The oldest first, each for good before the next: a gap would be damage. What fails is tried again with the next.
  worker_.run([&] {
    for (const std::uint64_t file : files_in(files_, settings_.folder)) {
      if (file >= keep_from) break;
      if (files_.remove(path_of(settings_.folder, file)) != 0 || files_.sync_directory(settings_.folder) != 0) break;
    }
  });
}

// A few messages that stay would keep all files behind them: they are written again, at the end.
void Journal::move_oldest() {
  std::uint64_t all = 0, alive = 0;
  for (const auto& [number, span] : spans_) {
    all += span.bytes;
    alive += span.live_bytes;
  }
  Span& oldest = spans_.begin()->second;
  if (spans_.size() < 2 || oldest.live == 0 || all <= file_limit_factor * (alive + settings_.file_bytes)) return;
  std::vector<std::uint64_t> numbers;
  const std::uint64_t span = spans_.begin()->first;
  for (const auto& [number, live] : live_)
    if (live.span == span) numbers.push_back(number);
  std::sort(numbers.begin(), numbers.end());
  for (const std::uint64_t number : numbers) {
    Live& live = live_.at(number);
    const std::uint64_t waiting = waiting_bytes_;
    tell(record_of(live.host, number, live.at, *live.message, live.queues));
    leave(live);
    live.bytes = waiting_bytes_ - waiting;
    live.span = spans_.rbegin()->first;
    Span& last = spans_.rbegin()->second;
    ++last.live;
    last.live_bytes += live.bytes;
  }
}

}  // namespace tutti::broker::journal
