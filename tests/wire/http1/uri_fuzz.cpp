// Decoding and encoding are inverse; queries, URLs, media types, cookies and the small header values never run past
// their ends.
#include "wire/http1/uri.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "wire/http1/content_coding.hpp"
#include "wire/http1/cookie.hpp"
#include "wire/http1/date.hpp"
#include "wire/http1/etag.hpp"
#include "wire/http1/forwarded.hpp"
#include "wire/http1/media_type.hpp"
#include "wire/http1/range.hpp"
#include "wire/http1/router.hpp"
#include "wire/http1/sse.hpp"
#include "wire/trace_context.hpp"

using namespace tutti::wire::http1;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  if (const auto plain = decoded(text)) {
    if (decoded(encoded(*plain)) != plain) std::abort();
  }
  QueryReader query(text);
  while (query.next()) {
  }
  if (const auto url = parse_url(text)) {
    if (parse_url(url->scheme + "://" + host_field(*url) + url->target) != url) std::abort();
  }
  if (path_fault(text).empty()) {
    static const Router& router = [&]() -> const Router& {
      static Router r;
      (void)r.add(Method::get, "/a/{b}/c", 1);
      (void)r.add(Method::get, "/{a}/b/{c...}", 2);
      return r;
    }();
    const RouteMatch match = router.find(Method::get, text);
    for (std::size_t i = 0; i < match.count; ++i) (void)decoded(match.values[i]);
  }
  constexpr std::array<std::string_view, 2> offered = {"application/json", "text/html"};
  (void)preferred(text, offered);
  if (const auto media = parse_media_type(text)) (void)media->parameter("charset");
  std::string_view rest = text;
  std::string_view name;
  std::string_view value;
  while (next_cookie(rest, name, value)) {
  }
  (void)parse_forwarded(text);
  (void)parse_cidr(text);
  (void)none_match_has(text, "\"a\"");
  (void)parse_http_date(text);
  (void)accepts_gzip(text);
  for (const ByteRange& range : parse_ranges(text, 1000).list) {
    if (range.first > range.last || range.last >= 1000) std::abort();
  }
  (void)tutti::wire::parse_traceparent(text);
  if (!tutti::wire::is_tracestate(tutti::wire::tracestate_with("tutti", "1", text))) std::abort();
  EventReader events;
  events.feed(text);
  while (events.next()) {
  }
  return 0;
}
