// Spans as the body of an OTLP/HTTP request in JSON (opentelemetry-proto, trace/v1/trace.proto).
#pragma once

#include <memory>
#include <span>
#include <string>

#include "observe/otlp/exporter.hpp"
#include "observe/otlp/json.hpp"
#include "observe/trace/span_record.hpp"

namespace tutti::observe {

class OtlpEncoder {
 public:
  explicit OtlpEncoder(const OtlpResource& resource);
  // An ExportTraceServiceRequest.
  [[nodiscard]] std::string encode(std::span<const std::unique_ptr<SpanRecord>> spans) const;

 private:
  std::string head_;  // everything up to the spans, the same each time
};

using SpanExporter = BatchExporter<SpanRecord, OtlpEncoder>;

}  // namespace tutti::observe
