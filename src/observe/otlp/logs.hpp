// Log lines as the body of an OTLP/HTTP request in JSON (opentelemetry-proto, logs/v1/logs.proto).
#pragma once

#include <memory>
#include <span>
#include <string>

#include "observe/log/owned_record.hpp"
#include "observe/otlp/exporter.hpp"
#include "observe/otlp/json.hpp"

namespace tutti::observe {

class OtlpLogEncoder {
 public:
  explicit OtlpLogEncoder(const OtlpResource& resource);
  // An ExportLogsServiceRequest.
  [[nodiscard]] std::string encode(std::span<const std::unique_ptr<OwnedLogRecord>> records) const;

 private:
  std::string head_;  // everything up to the records, the same each time
};

using LogExporter = BatchExporter<OwnedLogRecord, OtlpLogEncoder>;

}  // namespace tutti::observe
