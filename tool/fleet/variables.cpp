#include "fleet/variables.hpp"

#include <charconv>

#include "fleet/refusal.hpp"

namespace tutti::fleet {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

bool is_name(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  for (const char c : text)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.'))
      return false;
  return true;
}

// For interpolate() to read: an escaped dollar is one that begins no variable.
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    if (c == '$') out += '$';
    out += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
  }
  return out;
}

std::string value_of(std::string_view text, const std::string& place, const settings::Lookup& lookup) {
  if (!text.empty() && (text[0] == '\'' || text[0] == '"')) {
    const char quote = text[0];
    std::size_t end = 1;
    while (end < text.size() && text[end] != quote) end += quote == '"' && text[end] == '\\' ? 2 : 1;
    if (end >= text.size()) throw Refusal(exit_code::settings, place + ": the quote is not closed on this line");
    const std::string_view rest = trimmed(text.substr(end + 1));
    if (!rest.empty() && rest[0] != '#')
      throw Refusal(exit_code::settings,
                    place + ": \"" + std::string(rest) + "\" stands behind the closing quote; remove it");
    text = text.substr(1, end - 1);
    if (quote == '\'') return std::string(text);
    settings::Interpolated inner = settings::interpolate(unescaped(text), lookup);
    if (!inner.error.empty()) throw Refusal(exit_code::settings, place + ": " + inner.error);
    return inner.text;
  }
  if (const std::size_t comment = text.find(" #"); comment != std::string_view::npos)
    text = trimmed(text.substr(0, comment));
  settings::Interpolated plain = settings::interpolate(text, lookup);
  if (!plain.error.empty()) throw Refusal(exit_code::settings, place + ": " + plain.error);
  return plain.text;
}

}  // namespace

Variables read_variables(std::string_view file, std::string_view text, const settings::Lookup& lookup) {
  Variables out;
  const settings::Lookup look = [&](std::string_view name) -> std::optional<std::string> {
    if (std::optional<std::string> outer = lookup(name)) return outer;
    const auto at = out.find(name);
    return at == out.end() ? std::nullopt : std::optional(at->second);
  };
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line[0] == '#') continue;
    if (line.starts_with("export ")) line = trimmed(line.substr(7));
    const std::string place = std::string(file) + ":" + std::to_string(number);
    const std::size_t equals = line.find('=');
    const std::string_view name = trimmed(line.substr(0, equals));
    if (!is_name(name))
      throw Refusal(exit_code::settings,
                    place + ": \"" + std::string(name) + "\" is no variable's name; expected NAME=value");
    if (equals == std::string_view::npos) {  // the name alone: what the surroundings say
      if (std::optional<std::string> value = lookup(name)) out.insert_or_assign(std::string(name), *value);
      continue;
    }
    out.insert_or_assign(std::string(name), value_of(trimmed(line.substr(equals + 1)), place, look));
  }
  return out;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  constexpr double hours_max = 24 * 365;
  double total = 0;
  if (text == "0") return std::chrono::milliseconds(0);
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc() || !(number >= 0)) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    std::size_t letters = 0;
    while (letters < text.size() && text[letters] >= 'a' && text[letters] <= 'z') ++letters;
    const std::string_view unit = text.substr(0, letters);
    const double factor = unit == "us"   ? 0.001
                          : unit == "ms" ? 1
                          : unit == "s"  ? 1e3
                          : unit == "m"  ? 60e3
                          : unit == "h"  ? 3600e3
                                         : -1;
    if (factor < 0) return std::nullopt;
    total += number * factor;
    text.remove_prefix(letters);
  }
  if (total > hours_max * 3600e3) return std::nullopt;
  return std::chrono::milliseconds(static_cast<long long>(total));
}

}  // namespace tutti::fleet
