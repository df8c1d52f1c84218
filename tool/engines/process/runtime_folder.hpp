// The folder of one run, for sockets, secrets and the file of endpoints: readable to nobody else, removed at the end,
// and swept up by the next run if even the guardian was killed.
#pragma once

#include <cstddef>
#include <filesystem>

namespace tutti::engines {

// Under XDG_RUNTIME_DIR, or /tmp where that is not there or so long that the path of a socket, whose name has up to
// `name_bytes`, would not fit. The lock in it is held
// by this process and its forks. Throws Refusal.
[[nodiscard]] std::filesystem::path make_runtime_folder(std::size_t name_bytes);

}  // namespace tutti::engines
