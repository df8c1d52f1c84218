#include "service/http_raw.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <tutti/error.hpp>
#include <tutti/offload.hpp>

#include "service/body_too_long.hpp"
#include "service/composition.hpp"
#include "service/content.hpp"
#include "service/environment.hpp"
#include "service/head_only.hpp"
#include "service/host.hpp"
#include "wire/http1/cookie.hpp"
#include "wire/http1/etag.hpp"
#include "wire/http1/multipart.hpp"
#include "wire/http1/uri.hpp"
#include "wire/http1/writer.hpp"

namespace tutti {

std::string BodyReader::read_all(std::size_t bytes_max) {
  std::string body;
  std::array<std::byte, 16 * 1024> piece;
  while (const std::size_t count = read(piece)) {
    if (body.size() + count > bytes_max) throw detail::BodyTooLong("the body is longer than " + std::to_string(bytes_max) + " bytes");
    body.append(reinterpret_cast<const char*>(piece.data()), count);
  }
  return body;
}

std::optional<FileBelow> path_below(std::string_view folder, std::string_view name) {
  for (std::string_view rest = name;;) {
    const std::size_t slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    if (segment.empty() || segment.front() == '.' || segment.find('\\') != std::string_view::npos || segment.find('\0') != std::string_view::npos) return std::nullopt;
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  return FileBelow{.folder = folder.empty() ? "." : std::string(folder), .name = std::string(name)};
}

namespace detail {
namespace {

// The body of one part, while the parser stands in it.
class PartBody final : public tutti::BodyReader {
 public:
  PartBody(wire::http1::MultipartParser& parser, tutti::BodyReader& body) : parser_(parser), body_(body) {}

  std::size_t read(std::span<std::byte> into) override {
    while (piece_.empty() && !ended_) advance();
    const std::size_t count = std::min(into.size(), piece_.size());
    std::copy_n(reinterpret_cast<const std::byte*>(piece_.data()), count, into.begin());
    piece_.remove_prefix(count);
    return count;
  }
  void skip() {
    piece_ = {};
    while (!ended_) {
      advance();
      piece_ = {};
    }
  }

 private:
  void advance();

  wire::http1::MultipartParser& parser_;
  tutti::BodyReader& body_;
  std::string_view piece_;
  bool ended_ = false;
};

// The next event, feeding the parser from the body when it wants more.
wire::http1::MultipartEvent next_event(wire::http1::MultipartParser& parser, tutti::BodyReader& body) {
  using Kind = wire::http1::MultipartEvent::Kind;
  for (;;) {
    const auto event = parser.next();
    if (event.kind == Kind::refused) throw Error(Code::invalid_argument, "the multipart body is malformed: " + std::string(event.refusal.reason));
    if (event.kind != Kind::need_more) return event;
    std::array<std::byte, 16 * 1024> piece;
    const std::size_t count = body.read(piece);
    if (count == 0) throw Error(Code::invalid_argument, "the multipart body ends before its last boundary");
    parser.feed({reinterpret_cast<const char*>(piece.data()), count});
  }
}

void PartBody::advance() {
  const auto event = next_event(parser_, body_);
  if (event.kind == wire::http1::MultipartEvent::Kind::data) piece_ = event.data;
  if (event.kind == wire::http1::MultipartEvent::Kind::part_end) ended_ = true;
}

}  // namespace

RawExchange::RawExchange(net::HttpExchange& exchange, const wire::http1::RouteMatch& match, const std::vector<std::string>& parameter_names,
                         const wire::http1::Origin& origin, const std::vector<net::HttpHeader>& headers)
    : exchange_(exchange), client_(origin.address), scheme_(origin.proto), given_headers_(headers) {
  // The entry has checked the path: its escapes are whole.
  (void)wire::http1::append_decoded(path_, exchange.head().path);
  for (std::size_t i = 0; i < match.count && i < parameter_names.size(); ++i) {
    parameters_.emplace_back(parameter_names[i], wire::http1::decoded(match.values[i]).value_or(std::string()));
  }
}

void RawExchange::finish() {
  if (streaming_) exchange_.finish();
}

std::string_view RawExchange::method() const { return exchange_.head().method_name; }
std::string_view RawExchange::target() const { return exchange_.head().target; }

std::string_view RawExchange::parameter(std::string_view name) const {
  for (const auto& [known, value] : parameters_) {
    if (known == name) return value;
  }
  return {};
}

std::optional<std::string> RawExchange::query(std::string_view name) const { return wire::http1::query_value(exchange_.head().query, name); }

std::optional<std::string_view> RawExchange::header(std::string_view name) const {
  const auto* field = exchange_.head().fields.find(name);
  return field ? std::optional(field->value) : std::nullopt;
}

std::optional<std::string> RawExchange::cookie(std::string_view name) const {
  const auto value = wire::http1::cookie_value(exchange_.head().fields.get(wire::http1::Known::cookie), name);
  return value ? std::optional<std::string>(*value) : std::nullopt;
}

void RawExchange::each_part(void* context, void (*visit)(void* context, Part& part)) {
  const auto boundary = wire::http1::multipart_boundary(exchange_.head().fields.get(wire::http1::Known::content_type));
  if (!boundary) throw Error(Code::invalid_argument, "the body is no multipart/form-data with a boundary");
  wire::http1::MultipartParser parser(*boundary);
  using Kind = wire::http1::MultipartEvent::Kind;
  for (;;) {
    const auto event = next_event(parser, *this);
    if (event.kind == Kind::end) return;
    if (event.kind != Kind::part) continue;
    PartBody body(parser, *this);
    Part part{.name = parser.part().name, .file_name = parser.part().filename.value_or(""), .content_type = parser.part().content_type, .body = &body};
    visit(context, part);
    body.skip();
  }
}

tutti::Responder& RawExchange::status(int status) {
  if (status < 200 || status > 599) throw Error(Code::invalid_argument, "the status is " + std::to_string(status) + "; expected 200 to 599");
  status_ = status;
  return *this;
}

tutti::Responder& RawExchange::header(std::string_view name, std::string_view value) {
  std::string line;
  if (!wire::http1::append_field(line, name, value)) {
    throw Error(Code::invalid_argument, "the header \"" + std::string(name) + "\" has a character that HTTP does not allow");
  }
  headers_.emplace_back(name, value);
  return *this;
}

tutti::Responder& RawExchange::cookie(const Cookie& cookie) {
  wire::http1::SetCookie set{.name = cookie.name, .value = cookie.value, .path = cookie.path, .domain = cookie.domain, .max_age = cookie.max_age};
  set.same_site = cookie.same_site == "Strict" ? wire::http1::SameSite::strict : cookie.same_site == "None" ? wire::http1::SameSite::none : wire::http1::SameSite::lax;
  set.scripts = cookie.http_only ? wire::http1::Scripts::hidden : wire::http1::Scripts::readable;
  set.carriage = cookie.secure ? wire::http1::Carriage::tls_only : wire::http1::Carriage::any;
  std::string value;
  if (const std::string_view fault = wire::http1::append_set_cookie(value, set); !fault.empty()) {
    throw Error(Code::invalid_argument, "the cookie \"" + cookie.name + "\": " + std::string(fault));
  }
  headers_.emplace_back("set-cookie", std::move(value));
  return *this;
}

std::vector<net::HttpHeader> RawExchange::all_headers() const {
  std::vector<net::HttpHeader> all = given_headers_;
  for (const auto& [name, value] : headers_) all.push_back({name, value});
  return all;
}

void RawExchange::demand_unanswered() const {
  if (exchange_.started()) throw Error(Code::internal, "the raw handler answers twice");
}

void RawExchange::send(std::string_view body, std::string_view content_type) {
  demand_unanswered();
  std::vector<net::HttpHeader> headers = all_headers();
  Coded coded;
  const std::string_view sent = coded_body(exchange_.head(), environment().library().http, status_, content_type, body, headers, coded);
  exchange_.respond(status_, content_type, sent, headers);
}

Environment& RawExchange::environment() const { return context_->state().composition->host().environment(); }

void RawExchange::answer(const Content& content) {
  demand_unanswered();
  status_ = answer_content(exchange_, content, all_headers(), environment().library().http, environment().world());
}

void RawExchange::send_document(const Document& document) {
  const std::string made = document.etag.empty() ? wire::http1::etag_of(document.content) : std::string();
  const std::string_view etag = document.etag.empty() ? std::string_view(made) : document.etag;
  if (!wire::http1::is_etag(etag) || etag.starts_with("W/")) {
    throw Error(Code::invalid_argument, "the ETag is " + std::string(etag) + "; expected a strong one with its quotes: \"v7\"");
  }
  Content content{.type = document.content_type, .etag = etag, .size = document.content.size(), .bytes = document.content};
  if (document.modified) content.modified = std::chrono::sys_seconds(std::chrono::floor<std::chrono::seconds>(document.modified->since_epoch));
  answer(content);
}

void RawExchange::send_file(const std::string& path, std::string_view content_type) {
  world::Files& files = environment().world().files();
  send_opened(offload([&files, &path] {
    world::OpenedFile opened;
    const auto status = files.status(path);
    if (!status || status->directory) return opened;
    opened.status = *status;
    opened.file = files.open(path, world::Open::read, opened.error);
    return opened;
  }), content_type);
}

void RawExchange::send_file(const FileBelow& file, std::string_view content_type) {
  world::Files& files = environment().world().files();
  send_opened(offload([&files, &file] { return files.open_below(file.folder, file.name); }), content_type);
}

void RawExchange::send_opened(const world::OpenedFile& opened, std::string_view content_type) {
  if (opened.error == EACCES || opened.error == EPERM) throw Error(Code::permission_denied, "the file may not be read");
  if (!opened.file) throw Error(Code::not_found, "there is no such file");
  const auto modified = opened.status.modified.since_epoch;
  const std::string etag = '"' + std::to_string(opened.status.size) + '-' + std::to_string(modified.count()) + '"';
  world::File& file = *opened.file;
  answer({.type = content_type,
          .etag = etag,
          .modified = std::chrono::sys_seconds(std::chrono::floor<std::chrono::seconds>(modified)),
          .size = opened.status.size,
          .read = [&file](std::uint64_t offset, std::span<std::byte> into) {
            const world::FileResult got = offload([&file, offset, into] { return file.read(offset, into); });
            if (got.error != 0) throw Error(Code::internal, std::string("the file cannot be read: ") + std::strerror(got.error));
            if (got.bytes == 0) throw Error(Code::internal, "the file has become shorter while it was sent");
            return got.bytes;
          }});
}

void RawExchange::redirect(std::string_view location, int status) {
  demand_unanswered();
  if (status < 301 || status > 308) throw Error(Code::invalid_argument, "the status of a redirect is " + std::to_string(status) + "; expected 301 to 308");
  this->status(status).header("location", location);
  exchange_.respond(status_, {}, {}, all_headers());
}

tutti::BodyWriter& RawExchange::stream(std::string_view content_type) {
  demand_unanswered();
  exchange_.start(status_, content_type, all_headers());
  streaming_ = true;
  return *this;
}

std::size_t RawExchange::read(std::span<std::byte> into) { return read_body(exchange_, into); }
void RawExchange::write(std::string_view bytes) {
  end_if_head_only(exchange_);
  exchange_.write(bytes);
}
void RawExchange::flush() { exchange_.flush(); }

}  // namespace detail
}  // namespace tutti
