#include "observe/log/access.hpp"

#include <array>
#include <span>

#include "observe/trace/sampling.hpp"

namespace tutti::observe {
namespace {

bool servers_fault(const AccessRecord& record) {
  if (record.status != 0) return record.status >= 500;
  return record.code == "internal" || record.code == "unknown" || record.code == "data_loss" ||
         record.code == "unavailable" || record.code == "unimplemented" || record.code == "deadline_exceeded";
}

}  // namespace

AccessLog::AccessLog(LogChannel& channel, const AccessLogSettings& settings) noexcept
    : channel_(channel), level_(settings.level), threshold_(sampling_threshold(settings.sample)) {}

bool AccessLog::wants(const AccessRecord& record, const TraceContext& trace) const noexcept {
  return channel_.enabled(level_) && (within(threshold_, trace) || servers_fault(record));
}

void AccessLog::write(const AccessRecord& record, const TraceContext& trace) const noexcept {
  if (!wants(record, trace)) return;

  constexpr std::size_t attributes_max = 10;
  std::array<Attribute, attributes_max> attributes{
      {{"", 0}, {"", 0}, {"", 0}, {"", 0}, {"", 0}, {"", 0}, {"", 0}, {"", 0}, {"", 0}, {"", 0}}};
  std::size_t count = 0;
  const auto tell = [&](std::string_view name, AttributeValue value) { attributes[count++] = {name, value}; };
  const auto tell_text = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) tell(name, value);
  };
  if (record.status != 0 || record.protocol == "http") {
    tell_text("http.request.method", record.method);
    tell_text("http.route", record.route);
    tell_text("url.path", record.path);
    tell("http.response.status_code", record.status);
    tell("http.request.body.size", record.bytes_in);
    tell("http.response.body.size", record.bytes_out);
  } else {
    tell_text("rpc.method", record.method);
    tell_text("rpc.response.status_code", record.code);
    tell("rpc.request.size", record.bytes_in);
    tell("rpc.response.size", record.bytes_out);
  }
  tell_text("network.peer.address", record.peer);
  tell_text("network.protocol.name", record.protocol);
  tell("duration", static_cast<double>(record.duration.count()) / 1e9);

  channel_.write_at(record.at, {.time = {},
                                .level = level_,
                                .message = "request",
                                .scope = {.request_id = record.request_id, .method = record.served_by},
                                .trace_id = trace.trace_id,
                                .span_id = trace.span_id,
                                .attributes = std::span(attributes).first(count)});
}

}  // namespace tutti::observe
