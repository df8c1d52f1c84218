#include "runtime/fiber.hpp"

#include <cerrno>
#include <cstring>
#include <string>

#include <sys/mman.h>
#include <unistd.h>
#include <boost/context/detail/fcontext.hpp>

#include <tutti/error.hpp>

#include "runtime/assertion.hpp"
#include "runtime/sanitizers.hpp"
#include "runtime/shard.hpp"

namespace tutti::runtime {
namespace {

// A frame larger than the guard could step over it unseen; address space is cheap, and a guard of any size is one
// mapping.
constexpr std::size_t guard_bytes = 64 * 1024;
constexpr std::size_t unmapped_per_call = 64;  // about 3 microseconds each

std::size_t page_bytes() {
  static const auto bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return bytes;
}

// The first function on a fiber's stack, for all the functions that the fiber will run. It has no fake frame under
// ASan, as that is thrown away whenever the fiber goes idle.
TUTTI_NO_ASAN void begin(boost::context::detail::transfer_t from) {
  static_cast<Fiber*>(from.data)->shard->fiber_main(from.fctx);
}

}  // namespace

Fiber::Fiber(Shard& in) noexcept
    : shard(&in),
      timer(
          [](void* self) noexcept {
            auto& fiber = *static_cast<Fiber*>(self);
            const bool reached = fiber.timer.when() >= fiber.wait_until && fiber.wait_until < fiber.locals.deadline;
            fiber.shard->wake(fiber, reached || !fiber.interruptible ? Wake::time : Wake::interrupted);
          },
          this) {}

FiberHandle::~FiberHandle() {
  if (fiber_ != nullptr) fiber_->handle = nullptr;
}

void FiberHandle::cancel() noexcept {
  if (fiber_ != nullptr) fiber_->shard->cancel(*fiber_);
}

FiberPool::FiberPool(Shard& shard, std::size_t stack_bytes, std::size_t fibers_max) noexcept
    : shard_(shard),
      stack_bytes_((stack_bytes + page_bytes() - 1) / page_bytes() * page_bytes()),
      fibers_max_(fibers_max) {}

FiberPool::~FiberPool() {
  TUTTI_ASSERT(in_use() == 0);
  for (Fiber* fiber : idle_) unmap(*fiber);
}

Fiber& FiberPool::take() {
  if (idle_.empty()) return make();
  Fiber& fiber = *idle_.back();
  idle_.pop_back();
  if (idle_.size() < idle_least_) idle_least_ = idle_.size();
  fiber.memory_returned = false;
  return fiber;
}

void FiberPool::give_back(Fiber& fiber) noexcept { idle_.push_back(&fiber); }  // make() reserved the place

Fiber& FiberPool::make() {
  if (made_ >= fibers_max_) {
    throw Error(Code::resource_exhausted,
                std::to_string(fibers_max_) +
                    " fibers are at work, which is the limit; limit the requests in flight, or raise "
                    "tutti.fibers_max (and vm.max_map_count: each fiber takes 2 mappings)");
  }
  if (idle_.capacity() <= made_) idle_.reserve(made_ < 32 ? 64 : made_ * 2);  // so that give_back never allocates
  const std::size_t bytes = guard_bytes + stack_bytes_;
  void* memory =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  int error = memory == MAP_FAILED ? errno : 0;
  if (error == 0 && ::mprotect(memory, guard_bytes, PROT_NONE) != 0) {
    error = errno;
    ::munmap(memory, bytes);
  }
  if (error != 0) {
    throw Error(Code::resource_exhausted,
                "no stack for another fiber after " + std::to_string(made_) + ": " + std::strerror(error) +
                    "; limit the requests in flight, or raise the kernel's vm.max_map_count (each fiber takes 2 "
                    "mappings) or the memory limit");
  }
  // The control block starts as high as it fits; where it starts the stack ends.
  auto* mapping = static_cast<std::byte*>(memory);
  const std::size_t block = (sizeof(Fiber) + 63) / 64 * 64;
  auto* fiber = ::new (mapping + bytes - block) Fiber(shard_);
  fiber->mapping = mapping;
  fiber->mapping_bytes = bytes;
  fiber->guard_bytes = guard_bytes;
  fiber->sanitizer_fiber = sanitizers::make_fiber();
  fiber->machine = boost::context::detail::make_fcontext(fiber, fiber->stack_bytes(), begin);
  ++made_;
  return *fiber;
}

void FiberPool::unmap(Fiber& fiber) noexcept {
  std::byte* mapping = fiber.mapping;
  const std::size_t bytes = fiber.mapping_bytes;
  sanitizers::unpoison(fiber.stack_bottom(), fiber.stack_bytes());
  sanitizers::destroy_fiber(fiber.sanitizer_fiber);
  fiber.~Fiber();
  ::munmap(mapping, bytes);
}

void FiberPool::shrink() noexcept {
  // The lowest idle_least_ of the stack were not touched since the last call; the bottom ones are the coldest.
  std::size_t cold = idle_least_;
  std::size_t unmapped = 0;
  while (unmapped < unmapped_per_call && cold > 0 && idle_.size() > idle_kept) {
    unmap(*idle_.front());
    idle_.front() = idle_.back();
    idle_.pop_back();
    --made_;
    --cold;
    ++unmapped;
  }
  if (unmapped == 0) {
    // What stays keeps its top page, where the control block and the first frames are.
    for (std::size_t i = 0; i < cold && i < idle_kept; ++i) {
      Fiber& fiber = *idle_[i];
      const std::size_t keep = 2 * page_bytes();
      if (fiber.memory_returned) continue;
      fiber.memory_returned = true;
      const std::size_t bytes = (fiber.stack_bytes() - keep) / page_bytes() * page_bytes();
      sanitizers::unpoison(fiber.stack_bottom(), bytes);
      ::madvise(fiber.stack_bottom(), bytes, MADV_DONTNEED);
    }
  }
  idle_least_ = idle_.size();
}

}  // namespace tutti::runtime
