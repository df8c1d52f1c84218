#include "wire/codes.hpp"

#include <array>
#include <cstddef>

namespace tutti::wire {
namespace {

struct Row {
  Code code;
  std::string_view name;
  int http;
  std::string_view title;
};

// Edit together with Code in <tutti/error.hpp> and docs/reference/wire.md.
constexpr std::array<Row, 17> rows = {{
    {Code::ok, "ok", 200, "OK"},
    {Code::cancelled, "cancelled", 499, "Cancelled"},
    {Code::unknown, "unknown", 500, "Unknown error"},
    {Code::invalid_argument, "invalid_argument", 400, "Invalid argument"},
    {Code::deadline_exceeded, "deadline_exceeded", 504, "Deadline exceeded"},
    {Code::not_found, "not_found", 404, "Not found"},
    {Code::already_exists, "already_exists", 409, "Already exists"},
    {Code::permission_denied, "permission_denied", 403, "Permission denied"},
    {Code::resource_exhausted, "resource_exhausted", 429, "Resource exhausted"},
    {Code::failed_precondition, "failed_precondition", 400, "Failed precondition"},
    {Code::aborted, "aborted", 409, "Aborted"},
    {Code::out_of_range, "out_of_range", 400, "Out of range"},
    {Code::unimplemented, "unimplemented", 501, "Not implemented"},
    {Code::internal, "internal", 500, "Internal error"},
    {Code::unavailable, "unavailable", 503, "Unavailable"},
    {Code::data_loss, "data_loss", 500, "Data loss"},
    {Code::unauthenticated, "unauthenticated", 401, "Unauthenticated"},
}};
static_assert([] {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (static_cast<std::size_t>(rows[i].code) != i) return false;
  }
  return true;
}());

const Row& row_of(Code code) noexcept {
  const auto index = static_cast<std::size_t>(code);
  return rows[index < rows.size() ? index : static_cast<std::size_t>(Code::unknown)];
}

}  // namespace

int http_status_of(Code code) noexcept { return row_of(code).http; }

Code code_of_http_status(int status) noexcept {
  switch (status) {
    case 401:
    case 407:
      return Code::unauthenticated;
    case 403:
      return Code::permission_denied;
    case 404:
    case 410:
      return Code::not_found;
    case 405:
    case 501:
    case 505:
      return Code::unimplemented;
    case 408:
    case 504:
      return Code::deadline_exceeded;
    case 409:
      return Code::aborted;
    case 412:
    case 428:
      return Code::failed_precondition;
    case 413:
    case 429:
      return Code::resource_exhausted;
    case 416:
      return Code::out_of_range;
    case 425:
    case 502:
    case 503:
      return Code::unavailable;
    case 499:
      return Code::cancelled;
    case 500:
      return Code::internal;
    default:
      break;
  }
  if (status >= 200 && status < 400) return Code::ok;
  if (status >= 400 && status < 500) return Code::invalid_argument;
  return Code::unknown;
}

std::string_view rpc_name_of(Code code) noexcept { return row_of(code).name; }

std::optional<Code> code_of_rpc_name(std::string_view name) noexcept {
  for (const Row& row : rows) {
    if (row.name == name) return row.code;
  }
  return std::nullopt;
}

std::string_view title_of(Code code) noexcept { return row_of(code).title; }

}  // namespace tutti::wire
