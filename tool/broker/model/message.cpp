#include "broker/model/message.hpp"

#include <cstring>
#include <new>

namespace tutti::broker {

MessageRef Message::make(const Publication& publication, const Handling& handling, Account& account) {
  const std::size_t text = publication.exchange.size() + publication.routing_key.size() +
                           publication.properties.size() + publication.body.size();
  auto* const made = new (::operator new(sizeof(Message) + text)) Message(publication, handling, account);
  auto* at = reinterpret_cast<char*>(made + 1);
  for (const std::string_view part :
       {publication.exchange, publication.routing_key, publication.properties, publication.body}) {
    if (!part.empty()) std::memcpy(at, part.data(), part.size());
    at += part.size();
  }
  account.bytes += made->bytes();
  return MessageRef(*made);
}

Message::Message(const Publication& publication, const Handling& handling, Account& account) noexcept
    : account_(account),
      exchange_bytes_(static_cast<std::uint8_t>(publication.exchange.size())),
      key_bytes_(static_cast<std::uint8_t>(publication.routing_key.size())),
      properties_bytes_(static_cast<std::uint32_t>(publication.properties.size())),
      body_bytes_(publication.body.size()),
      handling_(handling) {}

std::size_t Message::bytes() const noexcept {
  return sizeof(Message) + exchange_bytes_ + key_bytes_ + properties_bytes_ + body_bytes_;
}

void Message::destroy() noexcept {
  account_.bytes -= bytes();
  this->~Message();
  ::operator delete(this);
}

}  // namespace tutti::broker
