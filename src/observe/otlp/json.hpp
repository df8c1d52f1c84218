// What bodies of OTLP/HTTP in JSON share (opentelemetry-proto, docs/specification.md, "JSON Protobuf Encoding"): ids in
// hex, 64-bit integers as strings, enumerations as numbers, names in lowerCamelCase.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "observe/trace/span_record.hpp"

namespace tutti::observe {

// Who sends: service.name, service.version, service.instance.id, and what the settings add.
struct OtlpResource {
  std::string service_name;
  std::string service_version;
  std::string instance_id;
  OwnedAttributes attributes = {};
};

void append_resource(std::string& out, const OtlpResource& resource);         // "resource":{...}
void append_attributes(std::string& out, const OwnedAttributes& attributes);  // "attributes":[...]
void append_nanoseconds(std::string& out, std::string_view name, Time time);  // "name":"..."
// With a comma before them; a count of 0 is left out.
void append_text_member(std::string& out, std::string_view name, std::string_view value);
void append_count(std::string& out, std::string_view name, std::uint64_t count);

}  // namespace tutti::observe
