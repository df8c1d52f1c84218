#include "observe/otlp/json.hpp"

#include <type_traits>

#include "observe/text.hpp"

namespace tutti::observe {
namespace {

void append_value(std::string& out, const OwnedValue& value) {
  const auto write = [&out](const auto& held) {
    using T = std::decay_t<decltype(held)>;
    if constexpr (std::is_same_v<T, std::string>) {
      out.append("{\"stringValue\":");
      append_json(out, std::string_view(held));
    } else if constexpr (std::is_same_v<T, bool>) {
      out.append("{\"boolValue\":").append(held ? "true" : "false");
    } else if constexpr (std::is_same_v<T, double>) {
      out.append("{\"doubleValue\":");
      append_json(out, held);
    } else {
      // OTLP has no unsigned integers: what does not fit becomes a number with a fraction.
      if constexpr (std::is_same_v<T, std::uint64_t>) {
        if (held > static_cast<std::uint64_t>(INT64_MAX)) {
          out.append("{\"doubleValue\":");
          append_json(out, static_cast<double>(held));
          out.push_back('}');
          return;
        }
      }
      out.append("{\"intValue\":\"");
      append_number(out, held);
      out.push_back('"');
    }
    out.push_back('}');
  };
  std::visit(write, value);
}

}  // namespace

void append_text_member(std::string& out, std::string_view name, std::string_view value) {
  out.append(",\"").append(name).append("\":");
  append_json(out, value);
}

void append_nanoseconds(std::string& out, std::string_view name, Time time) {
  out.append("\"").append(name).append("\":\"");
  append_number(out, static_cast<std::int64_t>(time.since_epoch.count()));
  out.push_back('"');
}

void append_count(std::string& out, std::string_view name, std::uint64_t count) {
  if (count == 0) return;
  out.append(",\"").append(name).append("\":");
  append_number(out, count);
}

void append_attributes(std::string& out, const OwnedAttributes& attributes) {
  out.append("\"attributes\":[");
  bool first = true;
  for (const auto& [name, value] : attributes) {
    out.append(first ? "{\"key\":" : ",{\"key\":");
    first = false;
    append_json(out, std::string_view(name));
    out.append(",\"value\":");
    append_value(out, value);
    out.push_back('}');
  }
  out.push_back(']');
}

void append_resource(std::string& out, const OtlpResource& resource) {
  OwnedAttributes attributes{{"service.name", resource.service_name}};
  if (!resource.service_version.empty()) attributes.emplace_back("service.version", resource.service_version);
  if (!resource.instance_id.empty()) attributes.emplace_back("service.instance.id", resource.instance_id);
  attributes.insert(attributes.end(), resource.attributes.begin(), resource.attributes.end());
  out.append("\"resource\":{");
  append_attributes(out, attributes);
  out.push_back('}');
}

}  // namespace tutti::observe
