#include "wire/http1/etag.hpp"

#include <cstdint>

#include "wire/http1/characters.hpp"

namespace tutti::wire::http1 {
namespace {

bool is_weak(std::string_view tag) noexcept { return tag.substr(0, 2) == "W/"; }
std::string_view opaque(std::string_view tag) noexcept { return is_weak(tag) ? tag.substr(2) : tag; }

template <class Equal>
bool any_member(std::string_view field, std::string_view etag, Equal equal) noexcept {
  if (trim(field) == "*") return true;
  std::string_view member;
  while (next_member(field, member)) {
    if (equal(member, etag)) return true;
  }
  return false;
}

}  // namespace

bool is_etag(std::string_view text) noexcept {
  const std::string_view tag = opaque(text);
  if (tag.size() < 2 || tag.front() != '"' || tag.back() != '"') return false;
  for (char c : tag.substr(1, tag.size() - 2)) {
    if (!is(c, character::value) || c == '"' || c == ' ' || c == '\t') return false;
  }
  return true;
}

bool weakly_equal(std::string_view a, std::string_view b) noexcept {
  return is_etag(a) && is_etag(b) && opaque(a) == opaque(b);
}

bool strongly_equal(std::string_view a, std::string_view b) noexcept {
  return !is_weak(a) && !is_weak(b) && weakly_equal(a, b);
}

bool none_match_has(std::string_view field, std::string_view etag) noexcept {
  return any_member(field, etag, weakly_equal);
}

bool match_allows(std::string_view field, std::string_view etag) noexcept {
  return any_member(field, etag, strongly_equal);
}

std::string etag_of(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  std::string out = "\"";
  for (int shift = 60; shift >= 0; shift -= 4) out.push_back("0123456789abcdef"[hash >> shift & 15]);
  return out + "\"";
}

}  // namespace tutti::wire::http1
