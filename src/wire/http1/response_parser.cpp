#include "wire/http1/response_parser.hpp"

#include <cstring>

#include "wire/http1/characters.hpp"

namespace tutti::wire::http1 {

ResponseParser::State ResponseParser::refuse(std::string_view reason) noexcept {
  refusal_ = {502, reason};
  stage_ = Stage::done;
  return State::refused;
}

void ResponseParser::expect(Method request) noexcept {
  request_ = request;
  head_.fields.clear();
  head_.reason = {};
  head_.continued = false;
  head_.bytes = 0;
  lines_.clear();
  refusal_ = {};
  stage_ = Stage::status_line;
  interim_ = 0;
  at_ = scanned_ = 0;
}

void ResponseParser::rebase(const char* data) noexcept {
  if (base_ == data) return;
  head_.reason = rebased(head_.reason, base_, data);
  head_.fields.rebase(base_, data);
  base_ = data;
}

ResponseParser::State ResponseParser::parse(std::string_view data) noexcept {
  if (stage_ == Stage::done) return refusal_ ? State::refused : State::complete;
  rebase(data.data());
  for (;;) {
    if (stage_ == Stage::status_line) {
      const State state = read_status_line(data);
      if (stage_ == Stage::status_line || state == State::refused) return state;
    }
    switch (lines_.read(data.substr(at_), limits_.header_bytes, limits_.header_count, head_.fields)) {
      case FieldLines::State::incomplete:
        return State::need_more;
      case FieldLines::State::refused:
        return refuse(lines_.refusal().reason);
      case FieldLines::State::complete:
        break;
    }
    head_.bytes = at_ + lines_.bytes();
    if (head_.status >= 200 || head_.status == 101) return finish();
    if (++interim_ > interim_max) return refuse("there are too many interim answers");
    if (head_.status == 100) head_.continued = true;
    at_ = scanned_ = head_.bytes;
    head_.fields.clear();
    head_.reason = {};
    lines_.clear();
    stage_ = Stage::status_line;
  }
}

ResponseParser::State ResponseParser::read_status_line(std::string_view data) noexcept {
  const void* const newline =
      scanned_ == data.size() ? nullptr : std::memchr(data.data() + scanned_, '\n', data.size() - scanned_);
  if (newline == nullptr) {
    scanned_ = data.size();
    if (data.size() - at_ > limits_.start_line_bytes + 1) return refuse("the status line is too long");
    return State::need_more;
  }
  const auto end = static_cast<std::size_t>(static_cast<const char*>(newline) - data.data());
  std::string_view line = data.substr(at_, end - at_);
  if (line.size() > limits_.start_line_bytes + 1) return refuse("the status line is too long");
  if (line.empty() || line.back() != '\r') return refuse("the status line ends in LF without CR");
  line.remove_suffix(1);
  if (line.size() < 12 || line[8] != ' ') return refuse("the status line is malformed");
  const VersionResult version = read_version(line.substr(0, 8));
  if (version.refusal) return refuse(version.refusal.reason);
  const auto status = parse_decimal(line.substr(9, 3));
  if (!status || *status < 100 || *status > 599) return refuse("the status is not a number from 100 to 599");
  // Some servers leave out the space when there is no reason phrase; nothing can be misread by that.
  if (line.size() > 12 && line[12] != ' ') return refuse("the status line is malformed");
  const std::string_view reason = line.size() > 13 ? line.substr(13) : std::string_view();
  if (!is_field_value(reason)) return refuse("the reason phrase has a control character");
  head_.version = version.version;
  head_.status = static_cast<int>(*status);
  head_.reason = reason;
  at_ = scanned_ = end + 1;
  stage_ = Stage::fields;
  return State::need_more;
}

// RFC 9112 section 6.3.
ResponseParser::State ResponseParser::finish() noexcept {
  const Fields& fields = head_.fields;
  const BodyFraming body = framing_of(fields, head_.version);
  if (body.refusal) return refuse(body.refusal.reason);
  const ConnectionTokens tokens = connection_tokens(fields);
  head_.keep_alive = !tokens.close && (head_.version == Version::http11 || tokens.keep_alive);
  head_.content_length = body.length;
  head_.framing = body.framing;
  const bool bodiless = request_ == Method::head || head_.status == 101 || head_.status == 204 || head_.status == 304 ||
                        (request_ == Method::connect && head_.status < 300);
  if (bodiless) {
    head_.framing = Framing::none;
  } else {
    if (body.length > limits_.body_bytes) return refuse("the body is too large");
    if (body.framing == Framing::none && !fields.has(Known::content_length)) {
      head_.framing = Framing::until_close;
      head_.keep_alive = false;
    }
  }
  stage_ = Stage::done;
  return State::complete;
}

}  // namespace tutti::wire::http1
