// A value of a shape in memory of its own: what non-template code holds a message in.
#pragma once

#include <new>
#include <utility>

#include <tutti/detail/shape.hpp>

namespace tutti::detail {

class Value {
 public:
  Value() = default;
  explicit Value(const Shape& shape) : shape_(&shape), memory_(::operator new(shape.size, std::align_val_t(shape.align))) {}
  Value(Value&& other) noexcept
      : shape_(other.shape_), memory_(std::exchange(other.memory_, nullptr)), alive_(std::exchange(other.alive_, false)) {}
  Value& operator=(Value&& other) noexcept {
    std::swap(shape_, other.shape_);
    std::swap(memory_, other.memory_);
    std::swap(alive_, other.alive_);
    return *this;
  }
  ~Value() {
    if (alive_) shape_->destroy(memory_);
    if (memory_) ::operator delete(memory_, std::align_val_t(shape_->align));
  }

  void construct() {
    shape_->construct(memory_);
    alive_ = true;
  }
  void move_from(void* other) {
    shape_->move(memory_, other);
    alive_ = true;
  }
  // Somebody else constructed it in get().
  void adopt() noexcept { alive_ = true; }
  [[nodiscard]] void* get() const noexcept { return memory_; }

 private:
  const Shape* shape_ = nullptr;
  void* memory_ = nullptr;
  bool alive_ = false;
};

}  // namespace tutti::detail
