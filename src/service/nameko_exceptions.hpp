// What a failed call is for a caller that speaks Nameko's wire: an exception with a path, arguments and a text.
#pragma once

#include <string>
#include <string_view>

#include "service/dispatcher.hpp"
#include "wire/nameko/call.hpp"

namespace tutti::detail {

// One of Nameko's own, with the text as its argument.
[[nodiscard]] wire::nameko::Failure nameko_exception(std::string_view path, const std::string& argument);
// A contract error by its type, anything else by its code: "tutti.unavailable".
[[nodiscard]] wire::nameko::Failure nameko_exception_of(const Failure& failure);

}  // namespace tutti::detail
