// Inside a fiber of a simulated world the C library's clocks answer virtual time, so that handlers which ask
// std::chrono::system_clock are as repeatable as those that ask Clock. Elsewhere they are the kernel's.
#pragma once

namespace tutti::testing {

// Links the object in which the C library's functions are answered; nothing else.
void answer_with_virtual_time() noexcept;

}  // namespace tutti::testing
