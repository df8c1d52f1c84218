// Bytes that grow at the end, for writers that write through a raw pointer: ensure() room, write, then set_end().
// Unlike std::string it does not write zeros first.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

namespace tutti::message {

class Buffer {
 public:
  Buffer() = default;
  ~Buffer() { std::free(data_); }
  Buffer(Buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }

  [[nodiscard]] std::string_view view() const noexcept { return {data_, size_}; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  void clear() noexcept { size_ = 0; }
  // Forgets what lies beyond.
  void truncate(std::size_t size) noexcept { size_ = size; }

  // The end, with room for `more` bytes behind it.
  [[nodiscard]] char* ensure(std::size_t more) {
    if (capacity_ - size_ < more) grow(more);
    return data_ + size_;
  }
  void set_end(const char* end) noexcept { size_ = static_cast<std::size_t>(end - data_); }

  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(ensure(bytes.size()), bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void append(char byte) {
    *ensure(1) = byte;
    ++size_;
  }

 private:
  void grow(std::size_t more) {
    std::size_t capacity = capacity_ == 0 ? 256 : capacity_ * 2;
    while (capacity - size_ < more) capacity *= 2;
    void* const moved = std::realloc(data_, capacity);
    if (moved == nullptr) throw std::bad_alloc();
    data_ = static_cast<char*>(moved);
    capacity_ = capacity;
  }

  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace tutti::message
