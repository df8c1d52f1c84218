#include "service/http_binding.hpp"

#include <algorithm>
#include <utility>

#include "message/json_reader.hpp"
#include "message/json_writer.hpp"
#include "message/report.hpp"
#include "message/scalar.hpp"
#include "message/text_value.hpp"
#include "message/validate.hpp"
#include "wire/http1/characters.hpp"
#include "wire/http1/uri.hpp"

namespace tutti::detail {
namespace {

const void* at(const void* record, const Field& field) noexcept { return static_cast<const std::byte*>(record) + field.offset; }
void* at(void* record, const Field& field) noexcept { return static_cast<std::byte*>(record) + field.offset; }

message::Place place_of(const Field& field) noexcept { return {.name = field.wire_name}; }

constexpr std::uint64_t bit(std::size_t index) noexcept { return std::uint64_t{1} << index; }

bool in_query(Verb verb) noexcept { return verb == Verb::get || verb == Verb::head || verb == Verb::del; }

[[noreturn]] void refuse(const MethodSpec& method, const std::string& why) {
  throw Error(Code::failed_precondition, std::string(method.service->name) + "." + std::string(method.name) + ": " + why);
}

}  // namespace

HttpBinding::HttpBinding(const MethodSpec& method, std::string_view path) : method_(method) {
  if (method.reply) reply_ = &method.reply();
  if (reply_ && reply_->kind == Kind::record) {
    std::size_t in_body = 0;
    for (std::size_t i = 0; i < reply_->fields.size(); ++i) {
      const Field& field = reply_->fields[i];
      if (field.status) {
        reply_status_ = &field;
      } else if (!field.header.empty()) {
        reply_headers_.push_back({&field, i});
      } else {
        ++in_body;
      }
    }
    // A reply of which everything is elsewhere has no body; an empty struct is {}.
    reply_has_body_ = in_body != 0 || reply_->fields.empty();
  } else {
    reply_has_body_ = reply_ != nullptr;
  }
  if (!method.request) return;
  request_ = &method.request();
  const auto parameters = wire::http1::parameters_of(path);
  if (!parameters) refuse(method, "its route \"" + std::string(path) + "\" is malformed");
  if (request_->kind != Kind::record) {
    has_body_ = true;
    return;
  }
  const auto fields = request_->fields;
  std::uint64_t taken = 0;
  for (const std::string& name : *parameters) {
    const auto found = std::ranges::find_if(fields, [&](const Field& f) { return f.wire_name == name || f.name == name; });
    if (found == fields.end()) refuse(method, "the path parameter {" + name + "} is no field of its request");
    if (!message::has_text(*found->shape)) refuse(method, "the path parameter {" + name + "} is a record; only texts, numbers, enumerations and times fit into a path");
    const auto index = static_cast<std::size_t>(found - fields.begin());
    path_fields_.push_back({&*found, index});
    taken |= bit(index);
  }
  // Beside a streamed body the other fields travel in the query.
  const bool query = in_query(method.route.verb) || method.stream_in;
  std::size_t in_body = 0;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (taken & bit(i)) continue;
    if (!fields[i].header.empty()) {
      header_fields_.push_back({&fields[i], i});
    } else if (query) {
      if (!message::has_text(*fields[i].shape)) {
        refuse(method, "the field \"" + std::string(fields[i].wire_name) + "\" would travel in the query, which has no room for records; use POST or a flat field");
      }
      query_fields_.push_back({&fields[i], i});
    } else {
      ++in_body;
    }
  }
  has_body_ = !query && (in_body != 0 || fields.empty());
}

Violations HttpBinding::read(const wire::http1::RequestHead& head, const wire::http1::RouteMatch* match, std::string_view body, void* request) const {
  Violations violations;
  if (!request_) return violations;
  std::uint64_t bound = 0;
  std::string text;
  for (std::size_t i = 0; match && i < path_fields_.size(); ++i) {
    const Bound& b = path_fields_[i];
    text.clear();
    if (!wire::http1::append_decoded(text, match->values[i])) {
      violations.add(b.field->wire_name, "a path segment with whole percent escapes", match->values[i]);
    } else {
      message::read_text(*b.field->shape, at(request, *b.field), text, place_of(*b.field), violations);
    }
    bound |= bit(b.index);
  }
  for (const Bound& b : header_fields_) {
    const auto* field = head.fields.find(b.field->header);
    if (!field) continue;
    message::read_text(*b.field->shape, at(request, *b.field), field->value, place_of(*b.field), violations);
    bound |= bit(b.index);
  }
  if (!query_fields_.empty()) read_query(head.query, request, bound, violations);
  if (has_body_) {
    // Headers that were not sent are demanded here; the body must not bring them.
    Violations of_body = message::read_json(*request_, request, body, {.http_fields = message::HttpFields::elsewhere, .bound = bound});
    for (const Violation& violation : of_body.list()) violations.add(violation);
    if (!header_fields_.empty()) demand_rest(bound, violations);
    return violations;
  }
  demand_rest(bound, violations);
  if (violations.empty()) violations = message::validate(*request_, request);
  return violations;
}

// A list may come as "a,b" or as a repeated name.
void HttpBinding::read_query(std::string_view query, void* request, std::uint64_t& bound, Violations& violations) const {
  std::uint64_t repeated = 0;
  wire::http1::QueryReader reader(query);
  while (reader.next()) {
    const auto found = std::ranges::find_if(query_fields_, [&](const Bound& b) { return b.field->wire_name == reader.name(); });
    if (found == query_fields_.end()) continue;
    const Field& field = *found->field;
    const bool again = (bound & bit(found->index)) != 0;
    if (!again) {
      message::read_text(*field.shape, at(request, field), reader.value(), place_of(field), violations);
    } else if (field.shape->kind == Kind::list) {
      message::read_item(*field.shape, at(request, field), reader.value(), place_of(field), violations);
      repeated |= bit(found->index);
    } else {
      violations.add(field.wire_name, "one value", "the name twice");
    }
    bound |= bit(found->index);
  }
  if (!reader.fault().empty()) violations.add("", "a query that can be decoded", reader.fault());
  for (const Bound& b : query_fields_) {
    if (repeated & bit(b.index)) message::check_items(*b.field->shape, at(request, *b.field), place_of(*b.field), violations);
  }
}

void HttpBinding::demand_rest(std::uint64_t bound, Violations& violations) const {
  const auto demand = [&](const std::vector<Bound>& fields) {
    for (const Bound& b : fields) {
      if (!(bound & bit(b.index)) && !b.field->may_be_absent) violations.add(b.field->wire_name, message::expected_of(*b.field->shape), "nothing");
    }
  };
  demand(header_fields_);
  demand(query_fields_);
}

HttpBinding::Reply HttpBinding::write(const void* reply, message::Buffer& body) const {
  Reply written{.status = method_.route.status};
  if (!reply_) return written;
  for (const Bound& b : reply_headers_) {
    std::string text;
    message::write_text(*b.field->shape, at(reply, *b.field), text);
    if (!wire::http1::is_field_value(text)) written.violations.add(b.field->wire_name, "a text that fits into a header", text);
    if (!text.empty()) written.headers.emplace_back(b.field->header, std::move(text));
  }
  if (reply_status_) {
    const std::int64_t status = message::load_signed(*reply_status_->shape, at(reply, *reply_status_));
    if (status < 200 || status > 599) written.violations.add(reply_status_->wire_name, "an HTTP status from 200 to 599", std::to_string(status));
    written.status = static_cast<int>(status);
  }
  if (!written.violations.empty()) return written;
  if (reply_has_body_) written.violations = message::write_json(*reply_, reply, body, {.http_fields = message::HttpFields::elsewhere});
  return written;
}

}  // namespace tutti::detail
