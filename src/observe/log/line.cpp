#include "observe/log/line.hpp"

#include <algorithm>

#include "observe/text.hpp"

namespace tutti::observe {
namespace {

bool any(std::span<const std::uint8_t> id) {
  return std::any_of(id.begin(), id.end(), [](std::uint8_t byte) { return byte != 0; });
}

AttributeValue shortened(const AttributeValue& value, bool& truncated) {
  if (value.kind() != AttributeValue::Kind::text) return value;
  const auto text = cut(value.text(), LogLineLimits::value_bytes_max);
  truncated |= text.size() < value.text().size();
  return text;
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out.append(",\"").append(name).append("\":");
  append_json(out, value);
}

void append_json_line(std::string& out, const LogRecord& record) {
  const auto start = out.size();
  const auto message = cut(record.message, LogLineLimits::message_bytes_max);
  bool truncated = message.size() < record.message.size();

  out.append("{\"time\":\"");
  append_time(out, record.time);
  out.push_back('"');
  append_member(out, "level", name_of(record.level));
  append_member(out, "message", message);
  append_member(out, "service", record.service);
  if (any(record.trace_id)) {
    out.append(",\"trace_id\":\"");
    append_hex(out, record.trace_id);
    out.append("\",\"span_id\":\"");
    append_hex(out, record.span_id);
    out.push_back('"');
  }
  if (!record.scope.request_id.empty()) append_member(out, "request_id", record.scope.request_id);
  if (!record.scope.method.empty()) append_member(out, "method", record.scope.method);
  if (!record.attributes.empty()) {
    out.append(",\"attributes\":{");
    bool first = true;
    for (const auto& attribute : record.attributes) {
      if (out.size() - start > LogLineLimits::line_bytes_max) {
        truncated = true;
        break;
      }
      if (!first) out.push_back(',');
      first = false;
      append_json(out, cut(attribute.name, LogLineLimits::value_bytes_max));
      out.push_back(':');
      append_json(out, shortened(attribute.value, truncated));
    }
    out.push_back('}');
  }
  if (truncated) out.append(",\"truncated\":true");
  out.append("}\n");
}

// Control characters of both sets (C0, DEL, C1), line and paragraph separators and the marks that turn the direction of
// text could forge lines or colours: they are shown escaped.
void append_harmless(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  while (!text.empty()) {
    const auto length = character_length(text);
    const auto c = static_cast<unsigned char>(text[0]);
    const auto second = length >= 2 ? static_cast<unsigned char>(text[1]) : 0u;
    const auto third = length >= 3 ? static_cast<unsigned char>(text[2]) : 0u;
    const bool separator =
        c == 0xE2 && second == 0x80 && ((third >= 0xA8 && third <= 0xAE) || third == 0x8E || third == 0x8F);
    const bool isolate = c == 0xE2 && second == 0x81 && third >= 0xA6 && third <= 0xA9;
    const bool control = c < 0x20 || c == 0x7F || (c == 0xC2 && second < 0xA0);
    if (c == '\n') {
      out.append("\\n");
    } else if (c == '\r') {
      out.append("\\r");
    } else if (c == '\t') {
      out.append("\\t");
    } else if (length == 0 || control || separator || isolate) {
      for (std::size_t i = 0; i < std::max<std::size_t>(length, 1); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        out.append("\\x");
        out.push_back(digits[byte >> 4]);
        out.push_back(digits[byte & 15]);
      }
    } else {
      out.append(text.substr(0, length));
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
}

void append_human_value(std::string& out, const AttributeValue& value) {
  if (value.kind() != AttributeValue::Kind::text) return append_json(out, value);
  const auto text = value.text();
  const bool bare = !text.empty() && text.find_first_of(" \"=\\") == std::string_view::npos;
  if (bare) return append_harmless(out, text);
  out.push_back('"');
  for (std::size_t at = 0; at < text.size();) {
    const auto special = std::min(text.find_first_of("\"\\", at), text.size());
    append_harmless(out, text.substr(at, special - at));
    if (special < text.size()) {
      out.push_back('\\');
      out.push_back(text[special]);
    }
    at = special + 1;
  }
  out.push_back('"');
}

std::string_view colour_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "\x1b[2m";
    case LogLevel::info:
      return "\x1b[32m";
    case LogLevel::warn:
      return "\x1b[33m";
    case LogLevel::error:
    case LogLevel::off:
      return "\x1b[31m";
  }
  return "";
}

std::string_view word_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "DEBUG";
    case LogLevel::info:
      return "INFO ";
    case LogLevel::warn:
      return "WARN ";
    case LogLevel::error:
    case LogLevel::off:
      return "ERROR";
  }
  return "";
}

// 08:41:18.250 INFO  payments charged order.id=o-1 amount_minor=1250 trace=4bf92f35
void append_human_line(std::string& out, const LogRecord& record, LogStyle style) {
  const auto in_colour = [style](std::string_view code) {
    return style == LogStyle::human_in_colour ? code : std::string_view{};
  };
  const auto start = out.size();
  std::string time;
  append_time(time, record.time);
  out.append(in_colour("\x1b[2m")).append(time, 11, 12).append(in_colour("\x1b[0m")).push_back(' ');
  out.append(in_colour(colour_of(record.level)))
      .append(word_of(record.level))
      .append(in_colour("\x1b[0m"))
      .push_back(' ');
  append_harmless(out, record.service);
  out.push_back(' ');
  const auto message = cut(record.message, LogLineLimits::message_bytes_max);
  bool truncated = message.size() < record.message.size();
  append_harmless(out, message);
  for (const auto& attribute : record.attributes) {
    if (out.size() - start > LogLineLimits::line_bytes_max) {
      truncated = true;
      break;
    }
    out.append(" ").append(in_colour("\x1b[2m"));
    append_harmless(out, cut(attribute.name, LogLineLimits::value_bytes_max));
    out.append("=").append(in_colour("\x1b[0m"));
    append_human_value(out, shortened(attribute.value, truncated));
  }
  if (any(record.trace_id)) {
    out.append(" ").append(in_colour("\x1b[2m")).append("trace=");
    append_hex(out, std::span(record.trace_id).first(4));  // enough to tell requests apart by eye
    out.append(in_colour("\x1b[0m"));
  }
  if (truncated) out.append(" (truncated)");
  out.push_back('\n');
}

}  // namespace

void append_line(std::string& out, const LogRecord& record, LogStyle style) {
  if (style == LogStyle::json) {
    append_json_line(out, record);
  } else {
    append_human_line(out, record, style);
  }
}

}  // namespace tutti::observe
