#include "wire/http1/request_parser.hpp"

#include <array>
#include <cstring>

#include "wire/http1/characters.hpp"

namespace tutti::wire::http1 {
namespace {

constexpr std::array<std::string_view, 9> method_names = {"GET",    "HEAD",    "POST",    "PUT",  "PATCH",
                                                          "DELETE", "OPTIONS", "CONNECT", "TRACE"};

}  // namespace

Method method_of(std::string_view token) noexcept {
  for (std::size_t i = 0; i < method_names.size(); ++i) {
    if (token == method_names[i]) return static_cast<Method>(i);
  }
  return Method::other;
}

std::string_view name_of(Method method) noexcept {
  return method == Method::other ? std::string_view() : method_names[static_cast<std::size_t>(method)];
}

RequestParser::State RequestParser::refuse(int status, std::string_view reason) noexcept {
  refusal_ = {status, reason};
  stage_ = Stage::done;
  return State::refused;
}

void RequestParser::clear() noexcept {
  head_.fields.clear();
  head_.method_name = head_.target = head_.path = head_.query = head_.host = head_.scheme = head_.upgrade = {};
  head_.bytes = 0;
  lines_.clear();
  refusal_ = {};
  stage_ = Stage::start;
  at_ = scanned_ = 0;
}

void RequestParser::rebase(const char* data) noexcept {
  if (base_ == data) return;
  for (std::string_view* view :
       {&head_.method_name, &head_.target, &head_.path, &head_.query, &head_.host, &head_.scheme, &head_.upgrade}) {
    *view = rebased(*view, base_, data);
  }
  head_.fields.rebase(base_, data);
  base_ = data;
}

RequestParser::State RequestParser::parse(std::string_view data) noexcept {
  if (stage_ == Stage::done) return refusal_ ? State::refused : State::complete;
  rebase(data.data());
  if (stage_ == Stage::start) {
    // One empty line before the request is forgiven (RFC 9112 section 2.2).
    if (data.empty() || data == "\r") return State::need_more;
    if (data[0] == '\r' && data[1] == '\n') at_ = scanned_ = 2;
    stage_ = Stage::request_line;
  }
  if (stage_ == Stage::request_line) {
    const State state = read_request_line(data);
    if (stage_ == Stage::request_line || state == State::refused) return state;
  }
  switch (lines_.read(data.substr(at_), limits_.header_bytes, limits_.header_count, head_.fields)) {
    case FieldLines::State::incomplete:
      return State::need_more;
    case FieldLines::State::refused:
      return refuse(lines_.refusal().status, lines_.refusal().reason);
    case FieldLines::State::complete:
      break;
  }
  head_.bytes = at_ + lines_.bytes();
  return finish();
}

RequestParser::State RequestParser::read_request_line(std::string_view data) noexcept {
  const void* const newline =
      scanned_ == data.size() ? nullptr : std::memchr(data.data() + scanned_, '\n', data.size() - scanned_);
  if (newline == nullptr) {
    scanned_ = data.size();
    if (data.size() - at_ > limits_.start_line_bytes + 1) return refuse(414, "the request line is too long");
    return State::need_more;
  }
  const auto end = static_cast<std::size_t>(static_cast<const char*>(newline) - data.data());
  std::string_view line = data.substr(at_, end - at_);
  if (line.size() > limits_.start_line_bytes + 1) return refuse(414, "the request line is too long");
  if (line.empty() || line.back() != '\r') return refuse(400, "the request line ends in LF without CR");
  line.remove_suffix(1);
  if (line.empty()) return refuse(400, "the request line is empty");

  std::size_t i = 0;
  while (i < line.size() && is(line[i], character::token)) ++i;
  if (i == 0 || i == line.size() || line[i] != ' ') return refuse(400, "the request line has no valid method");
  head_.method_name = line.substr(0, i);
  head_.method = method_of(head_.method_name);
  line.remove_prefix(i + 1);

  i = 0;
  while (i < line.size() && is(line[i], character::target)) ++i;
  if (i == line.size()) return refuse(400, "the request line has no HTTP version");
  if (i == 0 || line[i] != ' ') return refuse(400, "the request target has a character that is not allowed");
  head_.target = line.substr(0, i);

  const VersionResult version = read_version(line.substr(i + 1));
  if (version.refusal) return refuse(version.refusal.status, version.refusal.reason);
  head_.version = version.version;
  if (!read_target()) return refuse(400, "the request target does not fit the method");
  at_ = scanned_ = end + 1;
  stage_ = Stage::fields;
  return State::need_more;
}

// RFC 9112 section 3.2: which form of target goes with which method.
bool RequestParser::read_target() noexcept {
  std::string_view rest = head_.target;
  if (head_.method == Method::connect) {
    head_.form = TargetForm::authority;
    head_.host = rest;
    return rest.find(':') != std::string_view::npos && is_authority(rest);
  }
  if (rest == "*") {
    head_.form = TargetForm::asterisk;
    return head_.method == Method::options;
  }
  head_.form = TargetForm::origin;
  if (rest[0] != '/') {
    head_.form = TargetForm::absolute;
    const std::size_t colon = rest.find("://");
    if (colon == std::string_view::npos) return false;
    head_.scheme = rest.substr(0, colon);
    if (!equal_ignoring_case(head_.scheme, "http") && !equal_ignoring_case(head_.scheme, "https")) return false;
    rest.remove_prefix(colon + 3);
    const std::size_t slash = rest.find_first_of("/?");
    head_.host = rest.substr(0, slash);
    if (!is_authority(head_.host)) return false;
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash);
  }
  const std::size_t question = rest.find('?');
  head_.path = rest.substr(0, question);
  if (question != std::string_view::npos) head_.query = rest.substr(question + 1);
  // "http://host?q": the path is "/". One that stands in the buffer, so that all views move with it.
  if (head_.path.empty()) head_.path = head_.target.substr(head_.scheme.size() + 1, 1);
  return true;
}

RequestParser::State RequestParser::finish() noexcept {
  const Fields& fields = head_.fields;
  if (fields.repeated(Known::host)) return refuse(400, "host is repeated");
  if (fields.has(Known::host)) {
    const std::string_view host = fields.get(Known::host);
    if (!is_authority(host)) return refuse(400, "host is not a valid host name with an optional port");
    if (head_.form == TargetForm::origin || head_.form == TargetForm::asterisk) head_.host = host;
  } else if (head_.version == Version::http11) {
    return refuse(400, "there is no host header");
  }

  const BodyFraming body = framing_of(fields, head_.version);
  if (body.refusal) return refuse(body.refusal.status, body.refusal.reason);
  if (body.length > limits_.body_bytes) return refuse(413, "the body is too large");
  head_.framing = body.framing;
  head_.content_length = body.length;

  const ConnectionTokens tokens = connection_tokens(fields);
  head_.keep_alive = !tokens.close && (head_.version == Version::http11 || tokens.keep_alive);
  if (tokens.upgrade && head_.version == Version::http11) head_.upgrade = fields.get(Known::upgrade);
  head_.expect_continue = false;
  if (fields.has(Known::expect) && head_.version == Version::http11) {
    if (fields.repeated(Known::expect) || !equal_ignoring_case(fields.get(Known::expect), "100-continue")) {
      return refuse(417, "unknown expectation; expected 100-continue");
    }
    head_.expect_continue = head_.framing != Framing::none;
  }
  stage_ = Stage::done;
  return State::complete;
}

}  // namespace tutti::wire::http1
