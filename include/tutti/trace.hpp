// A trace follows one request through all services that it touches. Each piece of work on the way is a span: it has
// an id, a parent, a start and an end. The ids travel as W3C Trace Context (headers traceparent and tracestate); the
// finished spans of sampled traces go to a collector over OTLP, if one is configured.
//
//   tutti::Span span = context.span("scale");
//   span.set("image.width", width);
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include <tutti/attribute.hpp>
#include <tutti/time.hpp>

namespace tutti {

// Which trace a piece of work belongs to and which span is its parent. Copying does not allocate unless a caller sent
// a tracestate.
struct TraceContext {
  static constexpr std::uint8_t sampled_flag = 0x01;

  std::array<std::uint8_t, 16> trace_id{};
  std::array<std::uint8_t, 8> span_id{};
  std::uint8_t flags = 0;
  std::string tracestate = {};  // passed on as it came

  // Zero ids stand for "no trace".
  [[nodiscard]] bool valid() const noexcept;
  [[nodiscard]] bool sampled() const noexcept { return (flags & sampled_flag) != 0; }

  friend bool operator==(const TraceContext&, const TraceContext&) = default;
};

// OTLP's numbers.
enum class SpanKind : std::uint8_t { internal = 1, server = 2, client = 3, producer = 4, consumer = 5 };

namespace observe {
class Tracer;
struct SpanRecord;
}  // namespace observe

// One piece of work. Ends when it is destroyed. Costs next to nothing unless it is recording, that is: its trace is
// sampled and spans are exported. Used by one thread at a time; the service outlives it.
class Span {
 public:
  Span() noexcept;  // records nothing, belongs to no trace
  Span(Span&& other) noexcept;
  Span& operator=(Span&& other) noexcept;
  ~Span();

  [[nodiscard]] bool recording() const noexcept { return record_ != nullptr; }
  // What calls made within this span carry along.
  [[nodiscard]] const TraceContext& context() const noexcept { return context_; }

  void rename(std::string_view name);
  // A value set again replaces the first. Beyond 64 attributes, events or links, more are counted but not kept.
  void set(std::string_view name, AttributeValue value);
  void event(std::string_view name, std::initializer_list<Attribute> attributes = {});
  void link(const TraceContext& other);
  // Marks the work as failed. The last word counts.
  void fail(std::string_view reason);
  void succeed();

  void end() noexcept;  // asks the clock if it is recording; a second end does nothing
  void end(Time at) noexcept;

 private:
  friend class observe::Tracer;

  TraceContext context_;
  observe::Tracer* tracer_ = nullptr;
  std::unique_ptr<observe::SpanRecord> record_;
};

}  // namespace tutti
