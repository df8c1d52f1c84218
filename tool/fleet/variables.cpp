#include "fleet/variables.hpp"

#include <algorithm>
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

bool begins_quoted(std::string_view text) { return !text.empty() && (text[0] == '\'' || text[0] == '"'); }

// Where the quote that begins the text is closed; its size or beyond: nowhere.
std::size_t closing_quote(std::string_view text) {
  const char quote = text[0];
  std::size_t end = 1;
  while (end < text.size() && text[end] != quote) end += quote == '"' && text[end] == '\\' ? 2 : 1;
  return end;
}

std::string value_of(std::string_view text, const std::string& place, const settings::Lookup& lookup) {
  if (begins_quoted(text)) {
    const char quote = text[0];
    const std::size_t end = closing_quote(text);
    if (end >= text.size()) throw Refusal(exit_code::settings, place + ": the quote is not closed");
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

// The end of the line, or of the line on which a quoted value is closed: it may have several.
std::size_t end_of_entry(std::string_view text) {
  const auto end_of_line = [&](std::size_t from) { return std::min(text.find('\n', from), text.size()); };
  const std::size_t end = end_of_line(0), equals = text.find('=');
  if (equals >= end || trimmed(text.substr(0, end)).starts_with('#')) return end;
  const std::size_t value = text.find_first_not_of(" \t", equals + 1);
  if (value >= end || !begins_quoted(text.substr(value))) return end;
  const std::size_t closed = value + closing_quote(text.substr(value));
  return closed < text.size() ? end_of_line(closed) : end;
}

}  // namespace

Variables read_variables(std::string_view file, std::string_view text, const settings::Lookup& lookup) {
  Variables out;
  const settings::Lookup look = [&](std::string_view name) -> std::optional<std::string> {
    if (std::optional<std::string> outer = lookup(name)) return outer;
    const auto at = out.find(name);
    return at == out.end() ? std::nullopt : std::optional(at->second);
  };
  std::size_t number = 1, lines = 1;
  for (; !text.empty(); number += lines) {
    const std::string_view whole = text.substr(0, end_of_entry(text));
    std::string_view line = trimmed(whole);
    lines = static_cast<std::size_t>(std::count(whole.begin(), whole.end(), '\n')) + 1;
    text.remove_prefix(std::min(whole.size() + 1, text.size()));
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
