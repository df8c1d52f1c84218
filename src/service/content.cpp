#include "service/content.hpp"

#include <algorithm>
#include <utility>

#include <tutti/error.hpp>
#include <tutti/offload.hpp>

#include "wire/http1/characters.hpp"
#include "wire/http1/conditional.hpp"
#include "wire/http1/content_coding.hpp"
#include "wire/http1/date.hpp"
#include "wire/http1/problem.hpp"
#include "wire/http1/range.hpp"

namespace tutti::detail {
namespace {

using wire::http1::Known;

constexpr std::size_t inline_bytes_max = 32 * 1024;  // gzip of so much takes about half a millisecond
constexpr std::size_t piece_bytes = 64 * 1024;

const net::HttpHeader* find(const std::vector<net::HttpHeader>& headers, std::string_view name) noexcept {
  const auto found = std::ranges::find_if(headers, [name](const net::HttpHeader& header) { return wire::http1::equal_ignoring_case(header.name, name); });
  return found == headers.end() ? nullptr : &*found;
}

// Whether another client could get this answer in another coding: then caches must know.
bool may_be_coded(const HttpSettings& settings, std::string_view type, std::uint64_t size, const std::vector<net::HttpHeader>& headers) noexcept {
  if (!settings.compression || size < settings.compressed_bytes_min || size > settings.compressed_bytes_max) return false;
  if (!wire::http1::is_compressible(type) || find(headers, "content-encoding") || find(headers, "content-range")) return false;
  const net::HttpHeader* const cache = find(headers, "cache-control");
  return !cache || cache->value.find("no-transform") == std::string_view::npos;
}

bool takes_gzip(const wire::http1::RequestHead& head) noexcept { return wire::http1::accepts_gzip(head.fields.get(Known::accept_encoding)); }

// Nothing if the pool has too much to do already.
std::optional<std::string> gzipped(std::string_view body) {
  if (body.size() <= inline_bytes_max) return wire::http1::gzip(body);
  try {
    return offload([body] { return wire::http1::gzip(body); });
  } catch (const Error& error) {
    if (error.code() != Code::resource_exhausted) throw;
    return std::nullopt;
  }
}

std::chrono::sys_seconds second_of(Time time) noexcept {
  return std::chrono::sys_seconds(std::chrono::floor<std::chrono::seconds>(time.since_epoch));
}

// One answer on its way.
class Answer {
 public:
  Answer(net::HttpExchange& exchange, const Content& content, std::vector<net::HttpHeader>& headers, const HttpSettings& settings, world::World& world)
      : exchange_(exchange), head_(exchange.head()), content_(content), headers_(headers), settings_(settings), world_(world) {}

  int send() {
    const bool varies = content_.read == nullptr && may_be_coded(settings_, content_.type, content_.size, headers_);
    coded_ = varies && takes_gzip(head_);
    if (varies) headers_.push_back({"vary", "accept-encoding"});
    const wire::http1::Validators validators{.etag = content_.etag, .modified = content_.modified};
    const auto ranges = asked_ranges(validators);
    coded_ = coded_ && ranges.kind == wire::http1::Ranges::Kind::whole;
    add_validators();
    switch (wire::http1::precondition(head_.fields, head_.method, validators)) {
      case wire::http1::Precondition::not_modified:
        exchange_.respond(304, {}, {}, headers_);
        return 304;
      case wire::http1::Precondition::failed:
        return send_problem(412, "it is not as If-Match or If-Unmodified-Since expects");
      case wire::http1::Precondition::met:
        break;
    }
    headers_.push_back({"accept-ranges", "bytes"});
    switch (ranges.kind) {
      case wire::http1::Ranges::Kind::whole: return send_whole();
      case wire::http1::Ranges::Kind::parts: return ranges.list.size() == 1 ? send_part(ranges.list.front()) : send_parts(ranges.list);
      case wire::http1::Ranges::Kind::unsatisfiable: break;
    }
    content_range_ = wire::http1::content_range_of_none(content_.size);
    headers_.push_back({"content-range", content_range_});
    return send_problem(416, "it has " + std::to_string(content_.size) + " bytes");
  }

 private:
  // RFC 9110 section 14.2: Range means something with GET alone.
  wire::http1::Ranges asked_ranges(const wire::http1::Validators& validators) const {
    if (head_.method != wire::http1::Method::get || !head_.fields.has(Known::range) || head_.fields.repeated(Known::range)) return {};
    if (!wire::http1::range_applies(head_.fields, validators, second_of(world_.clock().now()))) return {};
    return wire::http1::parse_ranges(head_.fields.get(Known::range), content_.size);
  }

  void add_validators() {
    if (!content_.etag.empty()) {
      // The gzip form is not byte for byte the same: its tag is weak.
      etag_ = (coded_ ? "W/" : "") + std::string(content_.etag);
      headers_.push_back({"etag", etag_});
    }
    if (content_.modified) {
      modified_ = wire::http1::http_date(*content_.modified);
      headers_.push_back({"last-modified", modified_});
    }
  }

  int send_problem(int status, std::string_view why) {
    std::string body;
    wire::http1::Problem problem = wire::http1::problem_of(status == 412 ? Code::failed_precondition : Code::out_of_range, why);
    problem.status = status;
    wire::http1::append_problem(body, problem);
    exchange_.respond(status, wire::http1::problem_type, body, headers_);
    return status;
  }

  int send_whole() {
    if (content_.read) {
      exchange_.start(200, content_.type, headers_, content_.size);
      write({.first = 0, .last = content_.size - 1}, content_.size);
      exchange_.finish();
      return 200;
    }
    if (!coded_) {
      exchange_.respond(200, content_.type, content_.bytes, headers_);
      return 200;
    }
    std::string made;
    std::string& body = content_.gzip_kept ? *content_.gzip_kept : made;
    if (body.empty()) {
      auto fresh = gzipped(content_.bytes);
      // While this one waited another request may have made it, and be sending it.
      if (body.empty() && fresh) body = *std::move(fresh);
    }
    if (!body.empty()) headers_.push_back({"content-encoding", "gzip"});
    exchange_.respond(200, content_.type, body.empty() ? content_.bytes : std::string_view(body), headers_);
    return 200;
  }

  int send_part(const wire::http1::ByteRange& range) {
    content_range_ = wire::http1::content_range(range, content_.size);
    headers_.push_back({"content-range", content_range_});
    exchange_.start(206, content_.type, headers_, range.bytes());
    write(range, range.bytes());
    exchange_.finish();
    return 206;
  }

  // RFC 9110 section 14.6.
  int send_parts(const std::vector<wire::http1::ByteRange>& ranges) {
    const std::string boundary = world_.random().id();  // 128 random bits: the content does not have it
    const std::string delimiter = "--" + boundary;
    std::vector<std::string> heads;
    std::uint64_t size = 0;
    for (const auto& range : ranges) {
      heads.push_back((heads.empty() ? "" : "\r\n") + delimiter + "\r\ncontent-type: " + std::string(content_.type) +
                      "\r\ncontent-range: " + wire::http1::content_range(range, content_.size) + "\r\n\r\n");
      size += heads.back().size() + range.bytes();
    }
    const std::string end = "\r\n" + delimiter + "--\r\n";
    exchange_.start(206, "multipart/byteranges; boundary=" + boundary, headers_, size + end.size());
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      exchange_.write(heads[i]);
      write(ranges[i], ranges[i].bytes());
    }
    exchange_.write(end);
    exchange_.finish();
    return 206;
  }

  void write(const wire::http1::ByteRange& range, std::uint64_t bytes) {
    if (head_.method == wire::http1::Method::head) return;
    if (!content_.read) return exchange_.write(content_.bytes.substr(range.first, bytes));
    std::vector<std::byte> piece(static_cast<std::size_t>(std::min<std::uint64_t>(piece_bytes, bytes)));
    for (std::uint64_t at = 0; at < bytes;) {
      const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), bytes - at));
      const std::size_t got = content_.read(range.first + at, {piece.data(), wanted});
      exchange_.write({reinterpret_cast<const char*>(piece.data()), got});
      at += got;
    }
  }

  net::HttpExchange& exchange_;
  const wire::http1::RequestHead& head_;
  const Content& content_;
  std::vector<net::HttpHeader>& headers_;
  const HttpSettings& settings_;
  world::World& world_;
  bool coded_ = false;
  std::string etag_;
  std::string modified_;
  std::string content_range_;
};

}  // namespace

int answer_content(net::HttpExchange& exchange, const Content& content, std::vector<net::HttpHeader> headers, const HttpSettings& settings, world::World& world) {
  return Answer(exchange, content, headers, settings, world).send();
}

std::string_view coded_body(const wire::http1::RequestHead& head, const HttpSettings& settings, int status, std::string_view type, std::string_view body,
                            std::vector<net::HttpHeader>& headers, Coded& storage) {
  if (status < 200 || status == 204 || status == 206 || status == 304 || !may_be_coded(settings, type, body.size(), headers)) return body;
  headers.push_back({"vary", "accept-encoding"});
  if (!takes_gzip(head)) return body;
  auto made = gzipped(body);
  if (!made) return body;
  storage.body = *std::move(made);
  headers.push_back({"content-encoding", "gzip"});
  for (net::HttpHeader& header : headers) {
    if (!wire::http1::equal_ignoring_case(header.name, "etag") || header.value.starts_with("W/")) continue;
    storage.etag = "W/" + std::string(header.value);
    header.value = storage.etag;
  }
  return storage.body;
}

}  // namespace tutti::detail
