#include "client/request_binding.hpp"

#include <algorithm>

#include <tutti/error.hpp>

#include "message/json_reader.hpp"
#include "message/json_writer.hpp"
#include "message/report.hpp"
#include "message/scalar.hpp"
#include "message/text_value.hpp"
#include "message/validate.hpp"
#include "wire/http1/uri.hpp"

namespace tutti::client {
namespace {

using detail::Field;
using detail::Kind;
using detail::Shape;

const void* at(const void* record, const Field& field) noexcept {
  return static_cast<const std::byte*>(record) + field.offset;
}
void* at(void* record, const Field& field) noexcept { return static_cast<std::byte*>(record) + field.offset; }

constexpr std::uint64_t bit(std::size_t index) noexcept { return std::uint64_t{1} << index; }

wire::http1::Method method_of(Verb verb) noexcept {
  using wire::http1::Method;
  switch (verb) {
    case Verb::get:
      return Method::get;
    case Verb::head:
      return Method::head;
    case Verb::post:
      return Method::post;
    case Verb::put:
      return Method::put;
    case Verb::patch:
      return Method::patch;
    case Verb::del:
      return Method::del;
    case Verb::options:
      return Method::options;
  }
  return Method::post;
}

bool in_query(Verb verb) noexcept { return verb == Verb::get || verb == Verb::head || verb == Verb::del; }

// An optional without a value and an empty list that may be absent are not sent.
bool absent(const Field& field, const void* value) {
  if (field.shape->kind == Kind::optional) return !field.shape->optional->has(value);
  return field.shape->kind == Kind::list && field.may_be_absent && field.shape->list->size(value) == 0;
}

}  // namespace

RequestBinding::RequestBinding(const detail::MethodSpec& method)
    : method_(method),
      name_(std::string(method.service->name) + "." + std::string(method.name)),
      verb_(method_of(method.route.verb)) {
  const auto refuse = [this](const std::string& why) {
    throw Error(Code::failed_precondition, name_ + " cannot be called over http: " + why);
  };
  std::string pattern(method.route.path);
  if (pattern.empty()) {
    pattern = "/" + std::string(method.service->name) + "/" + std::string(method.name);
    verb_ = wire::http1::Method::post;
  }
  // Beside a streamed body the other fields travel in the query.
  const bool query = (in_query(method.route.verb) && !method.route.path.empty()) || method.stream_in;
  const Shape* const request = method.request ? &method.request() : nullptr;
  const bool record = request && request->kind == Kind::record;
  std::string_view rest = pattern, segment;
  while (wire::http1::next_segment(rest, segment)) {
    if (!segment.starts_with('{') || !segment.ends_with('}')) {
      path_.push_back({"/" + std::string(segment), nullptr});
      continue;
    }
    std::string_view name = segment.substr(1, segment.size() - 2);
    const bool all_rest = name.ends_with("...");
    if (all_rest) name.remove_suffix(3);
    const Field* found = nullptr;
    for (std::size_t i = 0; record && i < request->fields.size(); ++i) {
      const Field& field = request->fields[i];
      if (field.wire_name != name && field.name != name) continue;
      found = &field;
      in_path_ |= bit(i);
    }
    if (!found || !message::has_text(*found->shape))
      refuse("the path parameter {" + std::string(name) + "} is no field of its request that is a text or a number");
    path_.push_back({"/", found, all_rest});
  }
  if (request && !record) has_body_ = true;
  if (record) {
    std::size_t in_body = 0;
    for (std::size_t i = 0; i < request->fields.size(); ++i) {
      const Field& field = request->fields[i];
      if (in_path_ & bit(i)) continue;
      if (!field.header.empty()) {
        headers_.push_back({&field, i});
      } else if (query) {
        if (!message::has_text(*field.shape))
          refuse("the field \"" + std::string(field.wire_name) + "\" does not fit into a query");
        query_.push_back({&field, i});
      } else {
        ++in_body;
      }
    }
    has_body_ = !query && (in_body != 0 || request->fields.empty());
  }
  if (!method.reply) return;
  const Shape& reply = method.reply();
  reply_has_body_ = true;
  if (reply.kind != Kind::record) return;
  std::size_t in_body = 0;
  for (std::size_t i = 0; i < reply.fields.size(); ++i) {
    const Field& field = reply.fields[i];
    if (field.status) {
      reply_status_ = &field;
      reply_status_index_ = i;
    } else if (!field.header.empty()) {
      reply_headers_.push_back({&field, i});
    } else {
      ++in_body;
    }
  }
  reply_has_body_ = in_body != 0 || reply.fields.empty();
}

RequestBinding::Written RequestBinding::write(const void* request) const {
  const auto refuse = [this](const std::string& why) {
    throw Error(Code::invalid_argument, "the request to " + name_ + " breaks its contract: " + why);
  };
  Written written;
  const Shape* const shape = method_.request ? &method_.request() : nullptr;
  if (shape) {
    if (const Violations violations = message::validate(*shape, request); !violations.empty())
      refuse(violations.to_string());
  }
  std::string text;
  for (const Segment& segment : path_) {
    written.target += segment.literal;
    if (!segment.field) continue;
    text.clear();
    message::write_text(*segment.field->shape, at(request, *segment.field), text);
    std::string_view rest = text;
    for (;;) {
      const std::size_t slash = segment.rest ? rest.find('/') : std::string_view::npos;
      const std::string_view part = rest.substr(0, slash);
      // A server reads "" as another route, and "." and ".." as "here" and "up".
      if (part.empty() || part == "." || part == "..") {
        refuse(std::string(segment.field->wire_name) + ": expected a text that can be part of a path, found " +
               message::quoted(text));
      }
      wire::http1::append_encoded(written.target, part);
      if (slash == std::string_view::npos) break;
      written.target += '/';
      rest.remove_prefix(slash + 1);
    }
  }
  for (const Bound& bound : query_) {
    const void* const value = at(request, *bound.field);
    if (absent(*bound.field, value)) continue;
    text.clear();
    message::write_text(*bound.field->shape, value, text);
    wire::http1::append_query(written.target, bound.field->wire_name, text);
  }
  for (const Bound& bound : headers_) {
    const void* const value = at(request, *bound.field);
    if (absent(*bound.field, value)) continue;
    std::string header;
    message::write_text(*bound.field->shape, value, header);
    written.headers.emplace_back(bound.field->header, std::move(header));
  }
  if (has_body_) {
    written.has_body = true;
    const Violations violations = message::write_json(
        *shape, request, written.body, {.http_fields = message::HttpFields::elsewhere, .bound = in_path_});
    if (!violations.empty()) refuse(violations.to_string());
  }
  return written;
}

void RequestBinding::read(const wire::http1::ResponseHead& head, std::string_view body, void* reply) const {
  if (!method_.reply) return;
  const Shape& shape = method_.reply();
  shape.construct(reply);
  Violations violations;
  std::uint64_t bound = 0;
  if (reply_status_) {
    bound |= bit(reply_status_index_);
    message::read_text(*reply_status_->shape, at(reply, *reply_status_), std::to_string(head.status),
                       {.name = reply_status_->wire_name}, violations);
  }
  for (const Bound& b : reply_headers_) {
    const wire::http1::Field* const field = head.fields.find(b.field->header);
    bound |= bit(b.index);
    if (field) {
      message::read_text(*b.field->shape, at(reply, *b.field), field->value, {.name = b.field->wire_name}, violations);
    } else if (!b.field->may_be_absent) {
      violations.add(b.field->wire_name, message::expected_of(*b.field->shape), "nothing");
    }
  }
  if (reply_has_body_) {
    const Violations of_body =
        message::read_json(shape, reply, body, {.http_fields = message::HttpFields::elsewhere, .bound = bound});
    for (const Violation& violation : of_body.list()) violations.add(violation);
  }
  if (violations.empty()) return;
  shape.destroy(reply);
  throw Error(Code::internal, "the reply of " + name_ + " breaks its contract: " + violations.to_string());
}

}  // namespace tutti::client
