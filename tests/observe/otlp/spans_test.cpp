#include "observe/otlp/spans.hpp"

#include <limits>

#include <gtest/gtest.h>
#include <simdjson.h>

namespace tutti::observe {
namespace {

using simdjson::dom::element;

const OtlpResource orders{.service_name = "orders", .service_version = "1.2", .instance_id = "orders-1"};

SpanRecord small_span() {
  SpanRecord span;
  span.context.trace_id = {0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6,
                           0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36};
  span.context.span_id = {0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7};
  span.context.flags = 1;
  span.name = "GET /orders/{id}";
  span.kind = SpanKind::server;
  span.start = Time{std::chrono::nanoseconds(1'786'000'000'123'456'789)};
  span.end = span.start + std::chrono::milliseconds(3);
  return span;
}

std::string encoded(const SpanRecord& span) {
  std::vector<std::unique_ptr<SpanRecord>> spans;
  spans.push_back(std::make_unique<SpanRecord>(span));
  return OtlpEncoder(orders).encode(spans);
}

struct Parsed {
  explicit Parsed(const std::string& body) : text(body), root(parser.parse(text)) {}
  std::string_view string(std::string_view pointer) { return root.at_pointer(pointer).get_string(); }
  std::int64_t integer(std::string_view pointer) { return root.at_pointer(pointer).get_int64(); }
  std::size_t length(std::string_view pointer) { return root.at_pointer(pointer).get_array().size(); }
  bool has(std::string_view pointer) { return root.at_pointer(pointer).error() == simdjson::SUCCESS; }
  std::string_view span_string(const std::string& name) { return string(span + name); }

  simdjson::padded_string text;
  simdjson::dom::parser parser;
  element root;
  const std::string span = "/resourceSpans/0/scopeSpans/0/spans/0/";
};

TEST(Otlp, names_the_service) {
  Parsed body(encoded(small_span()));
  const std::string resource = "/resourceSpans/0/resource/attributes/";

  EXPECT_EQ(body.string(resource + "0/key"), "service.name");
  EXPECT_EQ(body.string(resource + "0/value/stringValue"), "orders");
  EXPECT_EQ(body.string(resource + "1/key"), "service.version");
  EXPECT_EQ(body.string(resource + "1/value/stringValue"), "1.2");
  EXPECT_EQ(body.string(resource + "2/key"), "service.instance.id");
  EXPECT_EQ(body.string(resource + "2/value/stringValue"), "orders-1");
  EXPECT_EQ(body.string("/resourceSpans/0/scopeSpans/0/scope/name"), "tutti");
}

TEST(Otlp, writes_ids_in_hex_times_as_strings_and_enumerations_as_numbers) {
  auto record = small_span();
  record.parent_id = {1, 2, 3, 4, 5, 6, 7, 0xFF};
  record.context.tracestate = "vendor=1";
  record.status = SpanStatus::error;
  record.reason = "no \"paper\"";
  Parsed body(encoded(record));

  EXPECT_EQ(body.span_string("traceId"), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(body.span_string("spanId"), "00f067aa0ba902b7");
  EXPECT_EQ(body.span_string("parentSpanId"), "01020304050607ff");
  EXPECT_EQ(body.span_string("traceState"), "vendor=1");
  EXPECT_EQ(body.integer(body.span + "flags"), 1);
  EXPECT_EQ(body.span_string("name"), "GET /orders/{id}");
  EXPECT_EQ(body.integer(body.span + "kind"), 2);
  EXPECT_EQ(body.span_string("startTimeUnixNano"), "1786000000123456789");
  EXPECT_EQ(body.span_string("endTimeUnixNano"), "1786000000126456789");
  EXPECT_EQ(body.integer(body.span + "status/code"), 2);
  EXPECT_EQ(body.span_string("status/message"), "no \"paper\"");
}

TEST(Otlp, leaves_out_the_parent_of_a_root_and_a_status_that_was_not_set) {
  Parsed body(encoded(small_span()));

  EXPECT_FALSE(body.has(body.span + "parentSpanId"));
  EXPECT_FALSE(body.has(body.span + "traceState"));
  EXPECT_FALSE(body.has(body.span + "status"));
  EXPECT_FALSE(body.has(body.span + "events"));
  EXPECT_FALSE(body.has(body.span + "droppedAttributesCount"));
}

TEST(Otlp, writes_each_kind_of_value) {
  auto record = small_span();
  record.attributes = {{"text", "a\nb"},
                       {"integer", std::numeric_limits<std::int64_t>::min()},
                       {"natural", std::uint64_t{7}},
                       {"huge", std::numeric_limits<std::uint64_t>::max()},
                       {"number", 0.5},
                       {"none", std::numeric_limits<double>::quiet_NaN()},
                       {"flag", true}};
  Parsed body(encoded(record));
  const auto attribute = [&](int i) { return body.span + "attributes/" + std::to_string(i) + "/"; };

  EXPECT_EQ(body.string(attribute(0) + "key"), "text");
  EXPECT_EQ(body.string(attribute(0) + "value/stringValue"), "a\nb");
  EXPECT_EQ(body.string(attribute(1) + "value/intValue"), "-9223372036854775808");
  EXPECT_EQ(body.string(attribute(2) + "value/intValue"), "7");
  EXPECT_EQ(double(body.root.at_pointer(attribute(3) + "value/doubleValue")), 18446744073709551616.0);
  EXPECT_EQ(double(body.root.at_pointer(attribute(4) + "value/doubleValue")), 0.5);
  EXPECT_EQ(body.string(attribute(5) + "value/doubleValue"), "NaN");
  EXPECT_EQ(bool(body.root.at_pointer(attribute(6) + "value/boolValue")), true);
}

TEST(Otlp, writes_events_links_and_what_was_dropped) {
  auto record = small_span();
  record.events.push_back({record.start, "first", {{"n", std::int64_t{1}}}});
  record.events.push_back({record.end, "second", {}});
  record.links.push_back(record.context);
  record.links.push_back(record.context);
  record.dropped_attributes = 3;
  record.dropped_events = 4;
  record.dropped_links = 5;
  Parsed body(encoded(record));

  EXPECT_EQ(body.length(body.span + "events"), 2u);
  EXPECT_EQ(body.span_string("events/0/name"), "first");
  EXPECT_EQ(body.span_string("events/0/timeUnixNano"), "1786000000123456789");
  EXPECT_EQ(body.span_string("events/0/attributes/0/key"), "n");
  EXPECT_EQ(body.length(body.span + "events/1/attributes"), 0u);
  EXPECT_EQ(body.length(body.span + "links"), 2u);
  EXPECT_EQ(body.span_string("links/1/traceId"), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(body.span_string("links/1/spanId"), "00f067aa0ba902b7");
  EXPECT_EQ(body.integer(body.span + "droppedAttributesCount"), 3);
  EXPECT_EQ(body.integer(body.span + "droppedEventsCount"), 4);
  EXPECT_EQ(body.integer(body.span + "droppedLinksCount"), 5);
}

TEST(Otlp, holds_many_spans_in_one_body) {
  std::vector<std::unique_ptr<SpanRecord>> spans;
  for (int i = 0; i < 3; ++i) spans.push_back(std::make_unique<SpanRecord>(small_span()));

  Parsed body(OtlpEncoder(orders).encode(spans));

  EXPECT_EQ(body.length("/resourceSpans/0/scopeSpans/0/spans"), 3u);
}

TEST(Otlp, says_only_what_it_knows_of_the_service) {
  Parsed body(OtlpEncoder({.service_name = "a", .service_version = "", .instance_id = ""}).encode({}));

  EXPECT_EQ(body.length("/resourceSpans/0/resource/attributes"), 1u);
  EXPECT_EQ(body.length("/resourceSpans/0/scopeSpans/0/spans"), 0u);
}

}  // namespace
}  // namespace tutti::observe
