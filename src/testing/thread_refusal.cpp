// The program's own pthread_create: the dynamic linker finds it before the C library's, also for std::thread. Outside
// of a simulated handler it hands on to the next one, which is a sanitizer's if there is one.
#include "testing/thread_refusal.hpp"

#include <dlfcn.h>
#include <pthread.h>

#include <cerrno>
#include <string>

#include <tutti/testing.hpp>

#include "runtime/shard.hpp"
#include "service/call_state.hpp"
#include "service/composition.hpp"
#include "service/host.hpp"
#include "testing/problem.hpp"

namespace tutti::testing {
namespace {

// The handler that runs here in a simulated world.
const tutti::detail::CallState* simulated_handler() noexcept {
  runtime::Shard* const shard = runtime::Shard::current_or_null();
  if (shard == nullptr || shard->current_fiber() == nullptr || !shard->world().simulated()) return nullptr;
  return tutti::detail::current_call();
}

void tell(const tutti::detail::CallState& call) noexcept {
  try {
    note_problem(call,
                 std::string(call.composition->name()) + "." + std::string(call.method_name) +
                     " started a thread, which a Bed cannot simulate; use app.spawn or tutti::Scope for what runs "
                     "beside a handler, tutti::offload for what blocks");
  } catch (...) {
    // The thread is refused all the same.
  }
}

}  // namespace

void refuse_threads_of_handlers() noexcept {}

}  // namespace tutti::testing

extern "C" {

using StartOfThread = void* (*)(void*);

// A sanitizer's, also where it is linked into the program and so does not come next.
[[gnu::weak]] int __interceptor_pthread_create(pthread_t* thread, const pthread_attr_t* attributes, StartOfThread start,
                                               void* argument);

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, StartOfThread start, void* argument) noexcept {
  if (const auto* const call = tutti::testing::simulated_handler()) {
    tutti::testing::tell(*call);
    return EPERM;
  }
  if (__interceptor_pthread_create) return __interceptor_pthread_create(thread, attributes, start, argument);
  using Create = int (*)(pthread_t*, const pthread_attr_t*, StartOfThread, void*);
  static const auto next = reinterpret_cast<Create>(::dlsym(RTLD_NEXT, "pthread_create"));
  return next(thread, attributes, start, argument);
}

}  // extern "C"
