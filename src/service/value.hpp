// A value of a shape in memory of its own: what non-template code holds a message in.
#pragma once

#include <cstddef>
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

// The same for the length of one call, where it stands: a small message takes no memory from the heap.
class CallValue {
 public:
  CallValue() = default;
  CallValue(const CallValue&) = delete;
  CallValue& operator=(const CallValue&) = delete;
  ~CallValue() {
    if (alive_) shape_->destroy(memory_);
    if (memory_ != nullptr && memory_ != room_) ::operator delete(memory_, std::align_val_t(shape_->align));
  }

  // Raw memory for one value; first of all and once.
  void hold(const Shape& shape) {
    shape_ = &shape;
    const bool fits = shape.size <= room_bytes && shape.align <= alignof(std::max_align_t);
    memory_ = fits ? room_ : ::operator new(shape.size, std::align_val_t(shape.align));
  }
  void construct() {
    shape_->construct(memory_);
    alive_ = true;
  }
  // Somebody else constructed it in get().
  void adopt() noexcept { alive_ = true; }
  [[nodiscard]] void* get() const noexcept { return memory_; }

 private:
  static constexpr std::size_t room_bytes = 256;

  const Shape* shape_ = nullptr;
  void* memory_ = nullptr;
  bool alive_ = false;
  alignas(std::max_align_t) std::byte room_[room_bytes];
};

}  // namespace tutti::detail
