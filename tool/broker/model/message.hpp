// A message as the broker keeps it: what came is kept as it came, in one block, and shared by all queues that hold it.
// Used by one thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace tutti::broker {

// As it arrives; views.
struct Publication {
  std::string_view exchange = {};
  std::string_view routing_key = {};
  std::string_view properties = {};  // as wire::amqp::append_properties() writes them; well formed
  std::string_view body = {};
};

// What of the properties the broker acts upon.
struct Handling {
  bool persistent = false;
  std::uint8_t priority = 0;
  std::optional<std::chrono::milliseconds> expiration = {};
};

// The bytes of all messages that are alive.
struct Account {
  std::size_t bytes = 0;
};

class MessageRef;

class Message {
 public:
  // While it lives its size is counted in `account`, which outlives it.
  [[nodiscard]] static MessageRef make(const Publication& publication, const Handling& handling, Account& account);

  [[nodiscard]] std::string_view exchange() const noexcept { return {text(), exchange_bytes_}; }
  [[nodiscard]] std::string_view routing_key() const noexcept { return {text() + exchange_bytes_, key_bytes_}; }
  [[nodiscard]] std::string_view properties() const noexcept {
    return {text() + exchange_bytes_ + key_bytes_, properties_bytes_};
  }
  [[nodiscard]] std::string_view body() const noexcept {
    return {text() + exchange_bytes_ + key_bytes_ + properties_bytes_, body_bytes_};
  }
  [[nodiscard]] const Handling& handling() const noexcept { return handling_; }

  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

 private:
  friend class MessageRef;
  Message(const Publication& publication, const Handling& handling, Account& account) noexcept;
  ~Message() = default;
  void destroy() noexcept;
  [[nodiscard]] const char* text() const noexcept { return reinterpret_cast<const char*>(this + 1); }
  [[nodiscard]] std::size_t bytes() const noexcept;

  Account& account_;
  std::uint32_t references_ = 0;
  std::uint8_t exchange_bytes_;
  std::uint8_t key_bytes_;
  std::uint32_t properties_bytes_;
  std::size_t body_bytes_;
  Handling handling_;
};

class MessageRef {
 public:
  MessageRef() = default;
  explicit MessageRef(Message& message) noexcept : message_(&message) { ++message.references_; }
  MessageRef(const MessageRef& other) noexcept : message_(other.message_) {
    if (message_ != nullptr) ++message_->references_;
  }
  MessageRef(MessageRef&& other) noexcept : message_(std::exchange(other.message_, nullptr)) {}
  MessageRef& operator=(MessageRef other) noexcept {
    std::swap(message_, other.message_);
    return *this;
  }
  ~MessageRef() {
    if (message_ != nullptr && --message_->references_ == 0) message_->destroy();
  }
  [[nodiscard]] const Message& operator*() const noexcept { return *message_; }
  [[nodiscard]] const Message* operator->() const noexcept { return message_; }
  [[nodiscard]] explicit operator bool() const noexcept { return message_ != nullptr; }

 private:
  Message* message_ = nullptr;
};

}  // namespace tutti::broker
