// URIs as HTTP uses them (RFC 3986): percent-encoding, paths by segments, queries, and the URLs that clients are given.
// Decoding is strict: a '%' without two hexadecimal digits, a NUL, or a segment that means "here" or "up" is an error,
// never a guess, because a guess made differently by a proxy before us is a way around its rules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::wire::http1 {

enum class Plus : std::uint8_t { stays, is_space };  // in queries '+' is a space (HTML forms)

// Appends the decoded text. False (with `out` in an unspecified state) on a bad escape or NUL.
[[nodiscard]] bool append_decoded(std::string& out, std::string_view encoded, Plus plus = Plus::stays);
[[nodiscard]] std::optional<std::string> decoded(std::string_view encoded, Plus plus = Plus::stays);
// Everything but unreserved characters as %XX: fit for a path segment and for names and values of a query.
void append_encoded(std::string& out, std::string_view text);
[[nodiscard]] std::string encoded(std::string_view text);

// Why a request's path is refused (400); empty if it is fine: it begins with '/', its escapes are whole, no segment is
// "." or ".." in any spelling, and there is no backslash and no NUL. Empty segments and %2F are data.
[[nodiscard]] std::string_view path_fault(std::string_view path) noexcept;

// Takes the next segment off an encoded path: "/a//b" gives "a", "", "b"; "/" gives "". False at the end.
[[nodiscard]] bool next_segment(std::string_view& rest, std::string_view& segment) noexcept;

// Walks "a=1&b=two+words": names and values decoded; a name without '=' has an empty value; empty pairs are skipped.
class QueryReader {
 public:
  static constexpr std::size_t pairs_max = 256;

  explicit QueryReader(std::string_view query) : rest_(query) {}
  // False at the end and on an error; then fault() tells which.
  [[nodiscard]] bool next();
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& value() const noexcept { return value_; }
  [[nodiscard]] std::string_view fault() const noexcept { return fault_; }  // empty: none

 private:
  std::string_view rest_;
  std::string name_;
  std::string value_;
  std::string_view fault_;
  std::size_t pairs_ = 0;
};
// The first value of that name; nothing if there is none or the query is malformed before it.
[[nodiscard]] std::optional<std::string> query_value(std::string_view query, std::string_view name);
// "?name=value" or "&name=value", as `target` has a '?' already or not.
void append_query(std::string& target, std::string_view name, std::string_view value);

// "http://host:8080/base?x=1" as settings and Location headers give it. No user information, no fragment.
struct Url {
  std::string scheme;      // "http" or "https", lower case
  std::string host;        // without brackets around an IPv6 address
  std::uint16_t port = 0;  // the scheme's own if the text has none
  std::string target;      // path and query, still encoded; "/" or longer

  friend bool operator==(const Url&, const Url&) = default;
};
[[nodiscard]] std::optional<Url> parse_url(std::string_view text);
// What goes into Host: brackets where needed, the port where it is not the scheme's own.
[[nodiscard]] std::string host_field(const Url& url);

}  // namespace tutti::wire::http1
