#include "runtime/stack_overflow.hpp"

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>

#include <sys/mman.h>
#include <unistd.h>

#include "runtime/fiber.hpp"
#include "runtime/sanitizers.hpp"
#include "runtime/shard.hpp"

namespace tutti::runtime {
namespace {

constexpr std::size_t signal_stack_bytes = 64 * 1024;

// Process-wide as the disposition of a signal is. Written once, before the handler is installed.
struct sigaction handler_before;  // NOLINT

// Only what is async-signal-safe from here on.
class Line {
 public:
  TUTTI_NO_ASAN void add(const char* text, std::size_t length) noexcept {
    for (std::size_t i = 0; i < length && used_ < sizeof text_; ++i) text_[used_++] = text[i];
  }
  TUTTI_NO_ASAN void add(const char* text) noexcept {
    std::size_t length = 0;
    while (text[length] != '\0') ++length;
    add(text, length);
  }
  TUTTI_NO_ASAN void add(std::size_t number) noexcept {
    char digits[20];
    std::size_t count = 0;
    do {
      digits[count++] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number != 0);
    while (count > 0) add(&digits[--count], 1);
  }
  void write_to_stderr() const noexcept { (void)!::write(STDERR_FILENO, text_, used_); }  // nothing to do if it fails

 private:
  char text_[512];
  std::size_t used_ = 0;
};

TUTTI_NO_ASAN void on_fault(int signal, siginfo_t* info, void* machine) {
  Shard* shard = Shard::current_or_null();
  const Fiber* fiber = shard == nullptr ? nullptr : shard->current_fiber();
  const auto* address = static_cast<const std::byte*>(info->si_addr);
  if (fiber != nullptr && address >= fiber->mapping && address < fiber->mapping + fiber->guard_bytes) {
    Line line;
    line.add("stack overflow in the fiber of ");
    line.add(fiber->name.data(), fiber->name.size());
    line.add(": its ");
    line.add(fiber->stack_bytes() / 1024);
    line.add(" KiB are used up; raise tutti.stack_bytes, keep large objects on the heap, or limit the recursion\n");
    line.write_to_stderr();
    std::signal(signal, SIG_DFL);  // returning repeats the access, which now kills
    return;
  }
  if ((handler_before.sa_flags & SA_SIGINFO) != 0 && handler_before.sa_sigaction != nullptr) {
    handler_before.sa_sigaction(signal, info, machine);
  } else if (handler_before.sa_handler != SIG_DFL && handler_before.sa_handler != SIG_IGN) {
    handler_before.sa_handler(signal);
  } else {
    std::signal(signal, SIG_DFL);
  }
}

}  // namespace

void install_stack_overflow_handler() {
  static std::once_flag once;
  std::call_once(once, [] {
    ::sigaction(SIGSEGV, nullptr, &handler_before);
    struct sigaction action {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigaction(SIGSEGV, &action, nullptr);
  });
}

SignalStack::SignalStack() {
  stack_t now{};
  ::sigaltstack(nullptr, &now);
  if ((now.ss_flags & SS_DISABLE) == 0) return;
  void* memory =
      ::mmap(nullptr, signal_stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return;  // an overflow then dies without its sentence
  stack_t stack{};
  stack.ss_sp = memory;
  stack.ss_size = signal_stack_bytes;
  if (::sigaltstack(&stack, nullptr) == 0) {
    memory_ = memory;
  } else {
    ::munmap(memory, signal_stack_bytes);
  }
}

SignalStack::~SignalStack() {
  if (memory_ == nullptr) return;
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  ::sigaltstack(&none, nullptr);
  ::munmap(memory_, signal_stack_bytes);
}

}  // namespace tutti::runtime
