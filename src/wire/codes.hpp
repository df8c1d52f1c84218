// The closed set of codes and what each is called on the wires: an HTTP status and the name in an RPC error. One
// table, read in both directions; nobody else maps codes. HTTP statuses are those of google.rpc.Code.
#pragma once

#include <optional>
#include <string_view>

#include <tutti/error.hpp>

namespace tutti::wire {

[[nodiscard]] int http_status_of(Code code) noexcept;  // 200 for ok
// What a foreign service without problem documents meant; a status of 2xx or 3xx is ok.
// 400 invalid_argument, 401, 403, 404, 409 aborted, 412 failed_precondition, 429, 499, 501, 503, 504, ...
[[nodiscard]] Code code_of_http_status(int status) noexcept;

// The type of an `unavailable` by which a service that has too much to do says that it has not even begun.
inline constexpr std::string_view overloaded_type = "tutti.Overloaded";

// "failed_precondition"; the code element of an RPC error and `code` of a problem document.
[[nodiscard]] std::string_view rpc_name_of(Code code) noexcept;
[[nodiscard]] std::optional<Code> code_of_rpc_name(std::string_view name) noexcept;

// "Failed precondition": the title of a problem document.
[[nodiscard]] std::string_view title_of(Code code) noexcept;

}  // namespace tutti::wire
