// For mistakes of our own, also in release: better to stop, naming the place, than to go on wrongly.
#pragma once

namespace tutti::runtime {

[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace tutti::runtime

#ifndef TUTTI_ASSERT
#define TUTTI_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::tutti::runtime::assertion_failed(#condition, __FILE__, __LINE__))
#endif
