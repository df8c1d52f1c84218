// What the service manager that started the process is told, by the protocol of sd_notify(3): one datagram to the
// socket that NOTIFY_SOCKET names. Without the variable there is nobody to tell, and nothing happens.
#pragma once

#include <string_view>

namespace tutti::runtime {

// `state` is lines of NAME=VALUE: "READY=1", "STOPPING=1", "STATUS=...". True if it was sent.
bool tell_service_manager(std::string_view state) noexcept;

}  // namespace tutti::runtime
