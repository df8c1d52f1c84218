#include "wire/http1/multipart.hpp"

#include <algorithm>

#include "wire/http1/characters.hpp"
#include "wire/http1/media_type.hpp"

namespace tutti::wire::http1 {
namespace {

bool is_boundary(std::string_view boundary) noexcept {
  if (boundary.empty() || boundary.size() > 70 || boundary.back() == ' ') return false;
  for (char c : boundary) {
    const bool letter = is(c, character::digit) || (lower(c) >= 'a' && lower(c) <= 'z');
    if (!letter && std::string_view("'()+_,-./:=? ").find(c) == std::string_view::npos) return false;
  }
  return true;
}

// A parameter of Content-Disposition. Browsers escape quotes as %22 and leave backslashes alone (HTML), so a backslash
// escapes only a quote.
std::optional<std::string> disposition_parameter(std::string_view value, std::string_view name) {
  std::size_t at = value.find(';');
  while (at != std::string_view::npos) {
    ++at;
    const std::size_t equals = value.find('=', at);
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view key = trim(value.substr(at, equals - at));
    std::string text;
    std::size_t i = equals + 1;
    if (i < value.size() && value[i] == '"') {
      for (++i; i < value.size() && value[i] != '"'; ++i) {
        if (value[i] == '\\' && i + 1 < value.size() && value[i + 1] == '"') ++i;
        text.push_back(value[i]);
      }
      if (i == value.size()) return std::nullopt;
      ++i;
    } else {
      const std::size_t end = std::min(value.find(';', i), value.size());
      text = trim(value.substr(i, end - i));
      i = end;
    }
    if (equal_ignoring_case(key, name)) return text;
    at = value.find(';', i);
  }
  return std::nullopt;
}

MultipartEvent event(MultipartEvent::Kind kind, std::string_view data = {}) {
  MultipartEvent e;
  e.kind = kind;
  e.data = data;
  return e;
}

}  // namespace

std::optional<std::string> multipart_boundary(std::string_view content_type) {
  const auto media = parse_media_type(content_type);
  if (!media || !media->is("multipart/form-data")) return std::nullopt;
  auto boundary = media->parameter("boundary");
  if (!boundary || !is_boundary(*boundary)) return std::nullopt;
  return boundary;
}

// The first delimiter may stand at the very beginning: a CRLF is put before the body so that all look alike.
MultipartParser::MultipartParser(std::string_view boundary, const MultipartLimits& limits)
    : limits_(limits), delimiter_("\r\n--" + std::string(boundary)), kept_("\r\n") {}

void MultipartParser::feed(std::string_view bytes) {
  kept_.erase(0, at_);
  at_ = 0;
  kept_.append(bytes);
}

MultipartEvent MultipartParser::refuse(int status, std::string_view reason) {
  refusal_ = {status, reason};
  MultipartEvent e;
  e.kind = MultipartEvent::Kind::refused;
  e.refusal = refusal_;
  return e;
}

MultipartEvent MultipartParser::next() {
  if (refusal_) return refuse(refusal_.status, refusal_.reason);
  for (;;) {
    const std::string_view rest = unread();
    switch (stage_) {
      case Stage::preamble: {
        const std::size_t found = rest.find(delimiter_);
        if (found == std::string_view::npos) {
          at_ += rest.size() - std::min(rest.size(), delimiter_.size() - 1);
          return {};
        }
        at_ += found + delimiter_.size();
        stage_ = Stage::after_delimiter;
        break;
      }
      case Stage::after_delimiter: {
        // "--": the last one. Else whitespace (transport padding) and CRLF.
        if (rest.size() < 2) return {};
        if (rest.substr(0, 2) == "--") {
          at_ += 2;
          stage_ = Stage::done;
          break;
        }
        const std::size_t text = std::min(rest.find_first_not_of(" \t"), rest.size());
        if (text > 64) return refuse(400, "there is too much whitespace behind a boundary");
        if (rest.size() - text < 2) return {};
        if (rest.substr(text, 2) != "\r\n")
          return refuse(400, "a boundary is followed by something that is no line end");
        at_ += text + 2;
        if (++parts_ > limits_.parts) return refuse(413, "there are too many parts");
        lines_.clear();
        fields_.clear();
        stage_ = Stage::headers;
        break;
      }
      case Stage::headers:
        return read_headers();
      case Stage::body:
        return read_body();
      case Stage::done: {
        at_ = kept_.size();  // an epilogue means nothing
        return event(MultipartEvent::Kind::end);
      }
    }
  }
}

// Reads them only when all are there: the buffer may move before, and they are few.
MultipartEvent MultipartParser::read_headers() {
  const std::string_view rest = unread();
  lines_.clear();
  fields_.clear();
  switch (lines_.read(rest, limits_.header_bytes, limits_.header_count, fields_)) {
    case FieldLines::State::incomplete:
      return {};
    case FieldLines::State::refused:
      return refuse(lines_.refusal().status, lines_.refusal().reason);
    case FieldLines::State::complete:
      break;
  }
  const std::string_view disposition = fields_.get(Known::content_disposition);
  if (!equal_ignoring_case(trim(disposition.substr(0, disposition.find(';'))), "form-data") ||
      fields_.repeated(Known::content_disposition)) {
    return refuse(400, "a part has no content-disposition of form-data");
  }
  auto name = disposition_parameter(disposition, "name");
  if (!name || name->empty()) return refuse(400, "a part has no name");
  part_.name = std::move(*name);
  part_.filename = disposition_parameter(disposition, "filename");
  if (part_.filename) part_.filename->erase(0, part_.filename->find_last_of("/\\") + 1);
  part_.content_type = fields_.has(Known::content_type) ? fields_.get(Known::content_type) : "text/plain";
  // The empty line's CRLF stays: the delimiter of an empty body begins with it.
  at_ += lines_.bytes() - 2;
  stage_ = Stage::body;
  body_begins_ = true;
  return event(MultipartEvent::Kind::part);
}

MultipartEvent MultipartParser::read_body() {
  const std::string_view rest = unread();
  if (body_begins_) {
    if (rest.size() < delimiter_.size()) return {};
    body_begins_ = false;
    if (rest.substr(0, delimiter_.size()) != delimiter_) {
      at_ += 2;
      return read_body();
    }
  }
  const std::size_t found = rest.find(delimiter_);
  if (found == 0) {
    at_ += delimiter_.size();
    stage_ = Stage::after_delimiter;
    return event(MultipartEvent::Kind::part_end);
  }
  // What may be the beginning of a delimiter waits for more.
  std::size_t sure = found;
  if (found == std::string_view::npos) {
    const std::size_t tail = rest.find('\r', rest.size() - std::min(rest.size(), delimiter_.size() - 1));
    sure = std::min(tail, rest.size());
  }
  if (sure == 0) return {};
  at_ += sure;
  return event(MultipartEvent::Kind::data, rest.substr(0, sure));
}

}  // namespace tutti::wire::http1
