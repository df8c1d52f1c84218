#include "wire/http1/uri.hpp"

#include <algorithm>

#include "wire/http1/characters.hpp"
#include "wire/http1/head.hpp"

namespace tutti::wire::http1 {
namespace {

constexpr std::string_view upper_digits = "0123456789ABCDEF";

// One octet of an encoded text at `i`, which moves behind it. -1: a bad escape.
int next_octet(std::string_view text, std::size_t& i) noexcept {
  if (text[i] != '%') return static_cast<unsigned char>(text[i++]);
  if (text.size() - i < 3) return -1;
  const int high = hex_digit(text[i + 1]);
  const int low = hex_digit(text[i + 2]);
  if (high < 0 || low < 0) return -1;
  i += 3;
  return high << 4 | low;
}

bool is_dots(std::string_view segment) noexcept {
  std::size_t dots = 0;
  for (std::size_t i = 0; i < segment.size(); ++dots) {
    if (next_octet(segment, i) != '.') return false;
  }
  return dots == 1 || dots == 2;
}

}  // namespace

bool append_decoded(std::string& out, std::string_view encoded, Plus plus) {
  for (std::size_t i = 0; i < encoded.size();) {
    if (encoded[i] == '+' && plus == Plus::is_space) {
      out.push_back(' ');
      ++i;
      continue;
    }
    const int octet = next_octet(encoded, i);
    if (octet <= 0) return false;
    out.push_back(static_cast<char>(octet));
  }
  return true;
}

std::optional<std::string> decoded(std::string_view encoded, Plus plus) {
  std::string out;
  out.reserve(encoded.size());
  if (!append_decoded(out, encoded, plus)) return std::nullopt;
  return out;
}

void append_encoded(std::string& out, std::string_view text) {
  for (char c : text) {
    if (is(c, character::unreserved)) {
      out.push_back(c);
    } else {
      const auto octet = static_cast<unsigned char>(c);
      out.push_back('%');
      out.push_back(upper_digits[octet >> 4]);
      out.push_back(upper_digits[octet & 15]);
    }
  }
}

std::string encoded(std::string_view text) {
  std::string out;
  append_encoded(out, text);
  return out;
}

std::string_view path_fault(std::string_view path) noexcept {
  if (path.empty() || path[0] != '/') return "the path does not begin with '/'";
  // What nearly all paths lack: the characters that may be at fault.
  const auto suspicious = [](char c) { return c == '\\' || c == '%' || c == '.' || c == '\0'; };
  if (std::none_of(path.begin(), path.end(), suspicious)) return {};
  for (std::size_t i = 0; i < path.size();) {
    if (path[i] == '\\') return "the path has a backslash";
    const int octet = next_octet(path, i);
    if (octet < 0) return "the path has a '%' without two hexadecimal digits";
    if (octet == 0) return "the path has a NUL";
  }
  std::string_view rest = path;
  std::string_view segment;
  while (next_segment(rest, segment)) {
    if (is_dots(segment)) return "the path has a segment \".\" or \"..\"";
  }
  return {};
}

bool next_segment(std::string_view& rest, std::string_view& segment) noexcept {
  if (rest.empty() || rest[0] != '/') return false;
  const std::size_t end = rest.find('/', 1);
  segment = rest.substr(1, end == std::string_view::npos ? end : end - 1);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end);
  return true;
}

bool QueryReader::next() {
  if (!fault_.empty()) return false;
  while (!rest_.empty()) {
    const std::size_t end = rest_.find('&');
    const std::string_view pair = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
    if (pair.empty()) continue;
    if (++pairs_ > pairs_max) {
      fault_ = "the query has too many parameters";
      return false;
    }
    const std::size_t equals = pair.find('=');
    name_.clear();
    value_.clear();
    if (!append_decoded(name_, pair.substr(0, equals), Plus::is_space) ||
        (equals != std::string_view::npos && !append_decoded(value_, pair.substr(equals + 1), Plus::is_space))) {
      fault_ = "the query has a '%' without two hexadecimal digits, or a NUL";
      return false;
    }
    return true;
  }
  return false;
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  QueryReader reader(query);
  while (reader.next()) {
    if (reader.name() == name) return reader.value();
  }
  return std::nullopt;
}

void append_query(std::string& target, std::string_view name, std::string_view value) {
  target.push_back(target.find('?') == std::string::npos ? '?' : '&');
  append_encoded(target, name);
  target.push_back('=');
  append_encoded(target, value);
}

std::optional<Url> parse_url(std::string_view text) {
  Url url;
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  for (char c : text.substr(0, colon)) url.scheme.push_back(lower(c));
  if (url.scheme != "http" && url.scheme != "https") return std::nullopt;
  text.remove_prefix(colon + 3);
  const std::size_t slash = text.find_first_of("/?#");
  std::string_view authority = text.substr(0, slash);
  if (!is_authority(authority)) return std::nullopt;
  url.port = url.scheme == "https" ? 443 : 80;
  const std::size_t bracket = authority.find(']');
  const std::size_t port = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (port != std::string_view::npos) {
    if (port + 1 < authority.size()) {
      url.port = static_cast<std::uint16_t>(parse_decimal(authority.substr(port + 1)).value_or(0));
    }
    authority = authority.substr(0, port);
  }
  url.host = bracket == std::string_view::npos ? authority : authority.substr(1, bracket - 1);
  if (slash != std::string_view::npos) url.target = text.substr(slash);
  if (url.target.empty() || url.target[0] != '/') url.target.insert(0, "/");
  if (!all(url.target, character::target)) return std::nullopt;
  return url;
}

std::string host_field(const Url& url) {
  std::string out = url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]";
  if (url.port != (url.scheme == "https" ? 443 : 80)) out += ":" + std::to_string(url.port);
  return out;
}

}  // namespace tutti::wire::http1
