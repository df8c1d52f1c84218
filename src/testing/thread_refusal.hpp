// A handler in a Bed that starts a thread leaves the simulated world: its test would not be repeatable. It is refused
// by name.
#pragma once

namespace tutti::testing {

// Makes the linker take the program's own pthread_create.
void refuse_threads_of_handlers() noexcept;

}  // namespace tutti::testing
