#include "wire/http1/content_coding.hpp"

#include <zlib.h>

#include <algorithm>
#include <new>
#include <optional>

#include "wire/http1/characters.hpp"
#include "wire/http1/media_type.hpp"

namespace tutti::wire::http1 {
namespace {

constexpr int level = 5;                   // what small answers lose against 9 is a few percent; the time is a third
constexpr int gzip_window_bits = 15 + 16;  // zlib's way to ask for a gzip wrapper
constexpr int memory_level = 8;

// `rest` is what follows the coding: "" or ";q=0.5". -1 if it is malformed.
int weight_behind(std::string_view rest) noexcept {
  rest = trim(rest);
  if (rest.empty()) return 1000;
  if (rest.front() != ';') return -1;
  rest = trim(rest.substr(1));
  if (rest.size() < 3 || lower(rest[0]) != 'q' || rest[1] != '=') return -1;
  return weight_of(rest.substr(2));
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) noexcept {
  std::optional<int> of_gzip;
  std::optional<int> of_identity;
  std::optional<int> of_others;
  std::string_view member;
  while (next_member(accept_encoding, member)) {
    const std::size_t end = std::min(member.find_first_of("; \t"), member.size());
    const std::string_view coding = member.substr(0, end);
    const int weight = weight_behind(member.substr(end));
    if (weight < 0) continue;
    if (equal_ignoring_case(coding, "gzip") || equal_ignoring_case(coding, "x-gzip")) of_gzip = weight;
    if (equal_ignoring_case(coding, "identity")) of_identity = weight;
    if (coding == "*") of_others = weight;
  }
  const int gzip = of_gzip.value_or(of_others.value_or(0));
  return gzip > 0 && gzip >= of_identity.value_or(0);
}

bool is_compressible(std::string_view content_type) noexcept {
  const auto media = parse_media_type(content_type);
  if (!media) return false;
  const std::string_view type = media->type;
  const std::string_view subtype = media->subtype;
  const auto subtype_is = [subtype](std::string_view name) { return equal_ignoring_case(subtype, name); };
  const auto ends_with = [subtype](std::string_view suffix) {
    return subtype.size() > suffix.size() &&
           equal_ignoring_case(subtype.substr(subtype.size() - suffix.size()), suffix);
  };
  if (equal_ignoring_case(type, "text")) return !subtype_is("event-stream");
  if (ends_with("+json") || ends_with("+xml")) return true;
  if (equal_ignoring_case(type, "font")) return subtype_is("ttf") || subtype_is("otf");
  if (!equal_ignoring_case(type, "application")) return false;
  return subtype_is("json") || subtype_is("javascript") || subtype_is("xml") || subtype_is("yaml") ||
         subtype_is("wasm") || subtype_is("manifest");
}

std::string gzip(std::string_view bytes) {
  z_stream z{};
  if (::deflateInit2(&z, level, Z_DEFLATED, gzip_window_bits, memory_level, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
  struct End {
    z_stream& z;
    ~End() { ::deflateEnd(&z); }
  } end{z};
  std::string out;
  out.resize(::deflateBound(&z, bytes.size()));
  // Callers' limits keep both sizes far below 4 GiB.
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  (void)::deflate(&z, Z_FINISH);  // the bound is enough: it ends in one step
  out.resize(z.total_out);
  return out;
}

}  // namespace tutti::wire::http1
