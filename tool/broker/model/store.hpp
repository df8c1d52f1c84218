// What the model tells the journal: everything that has to be there again after a restart. Called in the order in which
// things happen; nothing is durable when a call returns.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "broker/model/queue.hpp"

namespace tutti::broker {

class Store {
 public:
  virtual ~Store() = default;
  virtual void exchange_made(std::string_view host, const Exchange& exchange) = 0;
  virtual void exchange_removed(std::string_view host, const Exchange& exchange) = 0;
  virtual void queue_made(std::string_view host, const Queue& queue) = 0;
  virtual void queue_removed(std::string_view host, const Queue& queue) = 0;
  virtual void bound(std::string_view host, const Exchange& source, const Binding& binding) = 0;
  virtual void unbound(std::string_view host, const Exchange& source, const Binding& binding) = 0;
  virtual void published(std::string_view host, std::uint64_t number, const MessageRef& message,
                         std::span<Queue* const> queues) = 0;
  virtual void settled(const Queue& queue, std::uint64_t number) = 0;
  // The content of a message that was published here and is not settled; its size is counted in `account`. Null: it
  // cannot be read, which is reported. Reads from the disk if it must.
  [[nodiscard]] virtual MessageRef load(std::uint64_t number, Account& account) = 0;
  // Much is told that is not yet durable: who can wait should.
  [[nodiscard]] virtual bool behind() const = 0;
  // How much was told so far, and how much of it is durable.
  [[nodiscard]] virtual std::uint64_t told() const = 0;
  [[nodiscard]] virtual std::uint64_t durable() const = 0;
};

}  // namespace tutti::broker
