// Streams as parameter or result of a method: `Method<Stored(Store, Stream<Bytes>)>`, `Method<Stream<Progress>(Watch)>`.
// The handler of the first takes `In<Bytes>&`, that of the second `Out<Progress>&`. Over HTTP a stream of Bytes is the
// raw body, any other one JSON lines or server-sent events; the rpc entry point refuses streams.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace tutti {

// Only a mark in a signature.
template <class T>
class Stream {};

namespace detail {

// The non-template ends that a transport implements.
class Source {
 public:
  virtual ~Source() = default;
  // Fills *item (a default-constructed value); false at the end. Waits. Throws tutti::Error if the stream breaks off.
  virtual bool next(void* item) = 0;
};

class Sink {
 public:
  virtual ~Sink() = default;
  // Waits while the reader is slow (back-pressure). Throws tutti::Error(cancelled) when the reader has gone.
  // `id` is the event's id where the transport has ids (server-sent events); empty: none.
  virtual void write(const void* item, std::string_view id) = 0;
};

}  // namespace detail

// What arrives. `while (auto piece = in.next()) ...`
template <class T>
class In {
 public:
  explicit In(detail::Source& source) noexcept : source_(&source) {}
  // Owns its source: the result of a call.
  explicit In(std::unique_ptr<detail::Source> source) noexcept : owned_(std::move(source)), source_(owned_.get()) {}

  // Nothing at the end. Waits.
  [[nodiscard]] std::optional<T> next() {
    std::optional<T> item(std::in_place);
    if (!source_->next(&*item)) item.reset();
    return item;
  }

 private:
  std::unique_ptr<detail::Source> owned_;
  detail::Source* source_;
};

// What leaves.
template <class T>
class Out {
 public:
  explicit Out(detail::Sink& sink) noexcept : sink_(&sink) {}

  void write(const T& item) { sink_->write(&item, {}); }
  // With an id: a browser that reconnects sends it back as Last-Event-ID (Context::last_event_id()).
  void write(const T& item, std::string_view id) { sink_->write(&item, id); }

 private:
  detail::Sink* sink_;
};

}  // namespace tutti
