// What a span has gathered. It exists only for spans that are recorded.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <tutti/attribute.hpp>
#include <tutti/time.hpp>
#include <tutti/trace.hpp>

namespace tutti::observe {

struct SpanLimits {
  static constexpr std::size_t attributes_max = 64;  // per span, event or link
  static constexpr std::size_t events_max = 64;
  static constexpr std::size_t links_max = 64;
  static constexpr std::size_t text_bytes_max = 4 * 1024;  // of a name, a value, a reason; a longer one is cut
};

using OwnedValue = std::variant<std::string, std::int64_t, std::uint64_t, double, bool>;
[[nodiscard]] OwnedValue owned(const AttributeValue& value);
using OwnedAttributes = std::vector<std::pair<std::string, OwnedValue>>;

enum class SpanStatus : std::uint8_t { unset = 0, ok = 1, error = 2 };  // OTLP's numbers

struct SpanRecord {
  struct Event {
    Time at;
    std::string name;
    OwnedAttributes attributes;
  };

  TraceContext context;
  std::array<std::uint8_t, 8> parent_id{};  // zero: the trace begins here
  std::string name;
  SpanKind kind = SpanKind::internal;
  Time start;
  Time end;
  OwnedAttributes attributes;
  std::vector<Event> events;
  std::vector<TraceContext> links;
  SpanStatus status = SpanStatus::unset;
  std::string reason;
  std::uint32_t dropped_attributes = 0;
  std::uint32_t dropped_events = 0;
  std::uint32_t dropped_links = 0;
};

}  // namespace tutti::observe
