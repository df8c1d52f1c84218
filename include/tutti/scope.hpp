// Several things at once, without any of them outliving the function that started it: a child inherits deadline,
// identity and trace, and whoever started it awaits it, also on the way out of an exception.
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tutti/detail/waiting.hpp>

namespace tutti {

// Child fibers that live no longer than the scope. When one of them fails, the others are cancelled.
class Scope {
 public:
  Scope() = default;
  ~Scope();  // cancels what still runs and awaits it
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  // Starts a child with the current turn's end at the latest. Throws resource_exhausted if there are too many fibers.
  template <class F>
  void spawn(F&& f) {
    std::decay_t<F> task(std::forward<F>(f));
    children_.spawn(detail::task_type<std::decay_t<F>>, &task);
  }
  // Waits until all children have ended; throws the first exception that one of them threw.
  void join();
  void cancel() noexcept { children_.cancel(); }
  [[nodiscard]] std::size_t running() const noexcept { return children_.running; }

 private:
  detail::Family children_;
};

// Waits for all. If one fails, the others are cancelled and awaited, and the failure that comes first in the order of
// the arguments is thrown. The results as a tuple, void as std::monostate.
template <class... F>
auto all(F&&... f) {
  static_assert(sizeof...(F) > 0, "all() needs something to do");
  std::tuple<detail::Call<std::remove_reference_t<F>>...> calls(f...);
  return std::apply(
      [](auto&... call) {
        detail::Branch branches[] = {{&std::remove_reference_t<decltype(call)>::run, &call}...};
        detail::run_all(branches, sizeof...(call));
        return std::tuple<typename std::remove_reference_t<decltype(call)>::Value...>{std::move(*call.value)...};
      },
      calls);
}

// Waits for the first to finish, with a value or an exception; the others are cancelled and awaited.
template <class... F>
auto race(F&&... f) -> std::common_type_t<std::invoke_result_t<F&>...> {
  static_assert(sizeof...(F) > 0, "race() needs something to do");
  using Result = std::common_type_t<std::invoke_result_t<F&>...>;
  std::tuple<detail::Call<std::remove_reference_t<F>>...> calls(f...);
  return std::apply(
      [](auto&... call) -> Result {
        detail::Branch branches[] = {{&std::remove_reference_t<decltype(call)>::run, &call}...};
        [[maybe_unused]] const std::size_t winner = detail::run_race(branches, sizeof...(call));
        if constexpr (!std::is_void_v<Result>) {
          std::size_t index = 0;
          std::optional<Result> result;
          ((index++ == winner ? (void)result.emplace(std::move(*call.value)) : (void)0), ...);
          return std::move(*result);
        }
      },
      calls);
}

// Runs `f` with at most this much time: the earlier of this and the deadline that already holds.
template <class F>
auto with_deadline(std::chrono::nanoseconds from_now, F&& f) -> std::invoke_result_t<F&> {
  const detail::Limited limited(from_now);
  return f();
}

// Runs `f`, a clean-up, as if nothing were pending, under a short deadline of its own. What was pending is afterwards.
template <class F>
auto shield(std::chrono::nanoseconds own_deadline, F&& f) -> std::invoke_result_t<F&> {
  const detail::Shielded shielded(own_deadline);
  return f();
}

}  // namespace tutti
