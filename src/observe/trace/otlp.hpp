// Spans as the body of an OTLP/HTTP request in JSON (opentelemetry-proto, docs/specification.md, "JSON Protobuf
// Encoding"): ids in hex, 64-bit integers as strings, enumerations as numbers, names in lowerCamelCase.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "observe/trace/span_record.hpp"

namespace tutti::observe {

// Who sends: service.name, service.version, service.instance.id, and what the settings add.
struct OtlpResource {
  std::string service_name;
  std::string service_version;
  std::string instance_id;
  OwnedAttributes attributes = {};
};

class OtlpEncoder {
 public:
  explicit OtlpEncoder(const OtlpResource& resource);
  // An ExportTraceServiceRequest.
  [[nodiscard]] std::string encode(std::span<const std::unique_ptr<SpanRecord>> spans) const;

 private:
  std::string head_;  // everything up to the spans, the same each time
};

}  // namespace tutti::observe
