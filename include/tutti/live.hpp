// A setting that changes while the service runs: Live<int> limit = 100; in a settings struct. `*limit` is the
// current value, `limit->field` reads through it. Copies share one value, so a service that keeps a copy of
// its settings sees each change. Safe from several threads. Settings only: a message carries no live value.
#pragma once

#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>

#include <tutti/detail/reflect.hpp>

namespace tutti {

template <class T>
class Live {
 public:
  Live() : Live(std::make_shared<const T>(), Origin::none) {}
  template <class U>
  requires(std::is_convertible_v<U, T> && !std::is_same_v<std::remove_cvref_t<U>, Live>) Live(U&& initial)
      : Live(std::make_shared<const T>(T(std::forward<U>(initial))), Origin::initialiser) {}

  [[nodiscard]] T operator*() const { return *current(); }
  // Holds the value that it found until the end of the expression.
  [[nodiscard]] std::shared_ptr<const T> operator->() const { return current(); }
  [[nodiscard]] std::shared_ptr<const T> current() const {
    const std::lock_guard lock(state_->mutex);
    return state_->value;
  }
  void replace(T value) {
    auto next = std::make_shared<const T>(std::move(value));
    const std::lock_guard lock(state_->mutex);
    state_->previous = std::exchange(state_->value, std::move(next));
  }
  [[nodiscard]] bool has_initialiser() const noexcept { return state_->origin == Origin::initialiser; }

 private:
  enum class Origin : std::uint8_t { none, initialiser };
  struct State {
    std::mutex mutex;
    std::shared_ptr<const T> value;
    std::shared_ptr<const T> previous;  // what LiveOps::get handed out stays for one more change
    Origin origin;
  };

  Live(std::shared_ptr<const T> value, Origin origin)
      : state_(new State{.mutex = {}, .value = std::move(value), .previous = {}, .origin = origin}) {}

  std::shared_ptr<State> state_;
};

namespace detail {

template <class T>
struct Maker<Live<T>> {
  static constexpr bool supported = detail::supported<T>;
  static constexpr Kind kind = Kind::live;
  static constexpr void refuse_parts() { refuse<T>(); }

  static constexpr LiveOps ops = {
      [](const void* live) -> const void* { return static_cast<const Live<T>*>(live)->current().get(); },
      [](void* live, void* context, bool (*fill)(void* context, void* value)) {
        T value{};
        if (!fill(context, &value)) return false;
        static_cast<Live<T>*>(live)->replace(std::move(value));
        return true;
      },
  };
  static constexpr Node make() {
    return Node(As<Live<T>>{}, kind, [](Node& n) {
      n.element = &node<T>;
      n.live = &ops;
      n.given = [](const void* live) { return static_cast<const Live<T>*>(live)->has_initialiser(); };
    });
  }
};

}  // namespace detail
}  // namespace tutti
