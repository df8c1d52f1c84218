// What another service answered instead of a reply, as the exception that the caller catches: the contract error's own
// type if the method declares it, else tutti::Error with the type's name and its value as JSON.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include <tutti/detail/spec.hpp>

#include "wire/nameko/call.hpp"

namespace tutti::client {

// All always throw.
[[noreturn]] void raise_http(const detail::MethodSpec& method, int status, std::string_view content_type,
                             std::string_view body, const std::map<std::string, std::string>& names);
[[noreturn]] void raise_rpc(const detail::MethodSpec& method, std::string_view error);
// An exception as Nameko writes it; of a service in Python also by the name of its class alone. One that nobody
// declared is `unknown` with its path as type and its arguments as value.
[[noreturn]] void raise_amqp(const detail::MethodSpec& method, const wire::nameko::Failure& failure);

// Any MessagePack value as JSON: binaries as base64, extensions and what is malformed as null.
[[nodiscard]] std::string json_of_msgpack(std::string_view value);

}  // namespace tutti::client
