// Work that would hold up the shard: heavy computation and calls that block. It runs on a pool of threads while the
// shard goes on with other fibers.
#pragma once

#include <type_traits>

#include <tutti/detail/waiting.hpp>

namespace tutti {

// Waits. Runs `f` on the pool and returns its value or throws its exception. Other fibers go on meanwhile, so let `f`
// own what it uses ([image = std::move(image)]) instead of referring to the service. While it is queued, deadline
// and cancellation end the wait; once it runs the caller leaves only after it has ended. Inside, any wait throws
// failed_precondition. Too many queued: resource_exhausted. Outside of fibers (a plain unit test) it simply calls `f`.
template <class F>
auto offload(F&& f) -> std::invoke_result_t<F&> {
  detail::Call<std::remove_reference_t<F>> call(f);
  detail::run_offloaded(&detail::Call<std::remove_reference_t<F>>::run, &call);
  return call.take();
}

}  // namespace tutti
