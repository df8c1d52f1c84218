#include "observe/log/owned_record.hpp"

#include <memory>
#include <new>

#include "observe/text.hpp"

namespace tutti::observe {

OwnedLogRecord owned(const LogRecord& record) {
  OwnedLogRecord made{.time = record.time,
                      .level = record.level,
                      .service = std::string(record.service),
                      .message = std::string(cut(record.message, LogLineLimits::message_bytes_max)),
                      .request_id = std::string(record.scope.request_id),
                      .method = std::string(record.scope.method),
                      .trace_id = record.trace_id,
                      .span_id = record.span_id,
                      .attributes = {}};
  std::size_t bytes = made.message.size();
  for (const Attribute& attribute : record.attributes) {
    if (bytes > LogLineLimits::line_bytes_max) break;
    const OwnedValue& value = made.attributes.emplace_back(std::string(attribute.name), owned(attribute.value)).second;
    bytes += attribute.name.size();
    if (const auto* const text = std::get_if<std::string>(&value)) bytes += text->size();
  }
  return made;
}

void ExportingSink::record(const LogRecord& record) noexcept {
  try {
    queue_.push(std::make_unique<OwnedLogRecord>(owned(record)));
  } catch (const std::bad_alloc&) {
    queue_.drop();  // a log line is not worth the request
  }
}

}  // namespace tutti::observe
