// A fiber that runs into the guard below its stack would die of a bare SIGSEGV. This turns it into a sentence with the
// fiber's name, and then lets the process die of it, with a core.
#pragma once

#include <cstddef>

namespace tutti::runtime {

// Once per process; keeps the handler that was there for all other faults.
void install_stack_overflow_handler();

// A handler needs a stack to run on when the fiber's own is full: one per thread that runs fibers.
class SignalStack {
 public:
  SignalStack();
  ~SignalStack();
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;

 private:
  void* memory_ = nullptr;  // null: the thread had one
};

}  // namespace tutti::runtime
