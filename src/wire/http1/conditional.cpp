#include "wire/http1/conditional.hpp"

#include "wire/http1/characters.hpp"
#include "wire/http1/date.hpp"
#include "wire/http1/etag.hpp"

namespace tutti::wire::http1 {
namespace {

// Whether any field of that name says yes: a list may come in several.
template <class Says>
bool any_field(const Fields& fields, Known name, Says says) noexcept {
  if (!fields.repeated(name)) return says(fields.get(name));
  for (const Field& field : fields.list()) {
    if (field.known == name && says(field.value)) return true;
  }
  return false;
}

std::optional<std::chrono::sys_seconds> date_of(const Fields& fields, std::string_view name) noexcept {
  const Field* const field = fields.find(name);
  return field ? parse_http_date(field->value) : std::nullopt;
}

}  // namespace

Precondition precondition(const Fields& fields, Method method, const Validators& validators) noexcept {
  const bool reads = method == Method::get || method == Method::head;
  if (fields.has(Known::if_match)) {
    if (!any_field(fields, Known::if_match,
                   [&](std::string_view value) { return match_allows(value, validators.etag); })) {
      return Precondition::failed;
    }
  } else if (validators.modified) {
    const auto unmodified = date_of(fields, "if-unmodified-since");
    if (unmodified && *validators.modified > *unmodified) return Precondition::failed;
  }
  if (fields.has(Known::if_none_match)) {
    if (any_field(fields, Known::if_none_match,
                  [&](std::string_view value) { return none_match_has(value, validators.etag); })) {
      return reads ? Precondition::not_modified : Precondition::failed;
    }
  } else if (reads && validators.modified) {
    const auto since = date_of(fields, "if-modified-since");
    if (since && *validators.modified <= *since) return Precondition::not_modified;
  }
  return Precondition::met;
}

bool range_applies(const Fields& fields, const Validators& validators, std::chrono::sys_seconds now) noexcept {
  const Field* const field = fields.find("if-range");
  if (!field) return true;
  if (is_etag(field->value)) return strongly_equal(field->value, validators.etag);
  const auto date = parse_http_date(field->value);
  return date && validators.modified && *date == *validators.modified && *date + std::chrono::seconds(1) < now;
}

}  // namespace tutti::wire::http1
