// What both codecs prepare once per record type: each field's key as it stands in the text (`"name":`) and in
// MessagePack, a hash table over the wire names, and which fields must be there. Kept in the shape's codec slot.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tutti/detail/shape.hpp>

#include "message/rules.hpp"
#include "message/swar.hpp"

namespace tutti::message {

struct RecordCodec {
  struct Key {
    swar::Pattern json;     // "name":  (the colon is part of the comparison)
    swar::Pattern msgpack;  // the name as a MessagePack str
  };

  static constexpr std::size_t not_found = static_cast<std::size_t>(-1);

  std::vector<Key> keys;  // by field
  std::uint64_t required = 0;
  std::uint64_t optional = 0;       // left out of what is written while they hold nothing
  std::uint64_t http = 0;           // carried in a header or as the status
  std::vector<std::uint8_t> table;  // field + 1, 0: free; open addressing

  [[nodiscard]] std::size_t find(const detail::Shape& shape, std::string_view name) const noexcept;
  [[nodiscard]] std::uint64_t outside(HttpFields http_fields, std::uint64_t bound) const noexcept {
    return bound | (http_fields == HttpFields::elsewhere ? http : 0);
  }
};

// Makes it at the first call.
[[nodiscard]] const RecordCodec& make_codec_of(const detail::Shape& record);

[[nodiscard]] inline const RecordCodec& codec_of(const detail::Shape& record) {
  const void* const known = record.slots[detail::Shape::slot_codec].load(std::memory_order_acquire);
  return known != nullptr ? *static_cast<const RecordCodec*>(known) : make_codec_of(record);
}

}  // namespace tutti::message
