// One try of a call at one endpoint, and what is known about its fate: only that decides whether it may be made again.
#pragma once

#include <cstdint>
#include <exception>

#include <tutti/error.hpp>

namespace tutti::client {

enum class Fate : std::uint8_t {
  answered,  // the other side has spoken: a reply or an error of its own
  unsent,    // the request surely never arrived whole: whatever the method does, it was not done
  refused,   // the other side has spoken: it has too much to do and has not begun
  unknown,   // it left and no answer came
};

struct Attempt {
  Fate fate = Fate::answered;
  Code code = Code::ok;
  std::exception_ptr failure = {};  // null: it succeeded
};

// A wire's failure that carries its fate.
class WireError : public Error {
 public:
  WireError(Fate fate, const Error& error) : Error(error), fate_(fate) {}
  [[nodiscard]] Fate fate() const noexcept { return fate_; }

 private:
  Fate fate_;
};

// What `f` throws, as an attempt.
template <class F>
[[nodiscard]] Attempt attempted(F&& f) {
  try {
    f();
    return {};
  } catch (const WireError& error) {
    return {error.fate(), error.code(), std::current_exception()};
  } catch (const Error& error) {
    return {Fate::answered, error.code(), std::current_exception()};
  } catch (const std::bad_alloc&) {
    throw;
  } catch (...) {
    return {Fate::answered, Code::unknown, std::current_exception()};  // a contract error
  }
}

}  // namespace tutti::client
