// AddressSanitizer and ThreadSanitizer believe that a thread has one stack; each switch must be announced to them.
#pragma once

#include <cstddef>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TUTTI_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define TUTTI_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define TUTTI_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define TUTTI_TSAN 1
#endif

#if defined(TUTTI_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define TUTTI_NO_ASAN __attribute__((no_sanitize("address")))
#else
#define TUTTI_NO_ASAN
#endif
#if defined(TUTTI_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

namespace tutti::runtime::sanitizers {

// Before a switch to the stack at `bottom`. `fake_stack` keeps what ASan needs to come back; null: this stack is not
// returned to with its frames intact.
inline void leaving([[maybe_unused]] void** fake_stack, [[maybe_unused]] const void* bottom,
                    [[maybe_unused]] std::size_t bytes, [[maybe_unused]] void* tsan_fiber) noexcept {
#if defined(TUTTI_ASAN)
  __sanitizer_start_switch_fiber(fake_stack, bottom, bytes);
#endif
#if defined(TUTTI_TSAN)
  __tsan_switch_to_fiber(tsan_fiber, 0);
#endif
}

// After the switch; tells the bounds of the stack that was left.
inline void arrived([[maybe_unused]] void* fake_stack, [[maybe_unused]] const void** left_bottom,
                    [[maybe_unused]] std::size_t* left_bytes) noexcept {
#if defined(TUTTI_ASAN)
  __sanitizer_finish_switch_fiber(fake_stack, left_bottom, left_bytes);
#endif
}

inline void* make_fiber() noexcept {
#if defined(TUTTI_TSAN)
  return __tsan_create_fiber(0);
#else
  return nullptr;
#endif
}

inline void destroy_fiber([[maybe_unused]] void* fiber) noexcept {
#if defined(TUTTI_TSAN)
  __tsan_destroy_fiber(fiber);
#endif
}

inline void* this_fiber() noexcept {
#if defined(TUTTI_TSAN)
  return __tsan_get_current_fiber();
#else
  return nullptr;
#endif
}

// A stack's memory goes back: its red zones must not outlive it.
inline void unpoison([[maybe_unused]] const void* from, [[maybe_unused]] std::size_t bytes) noexcept {
#if defined(TUTTI_ASAN)
  __asan_unpoison_memory_region(from, bytes);
#endif
}

}  // namespace tutti::runtime::sanitizers
