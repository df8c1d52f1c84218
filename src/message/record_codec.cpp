// See record_codec.hpp.
#include "message/record_codec.hpp"

#include <memory>

#include "message/buffer.hpp"
#include "message/json_text.hpp"
#include "message/msgpack.hpp"

namespace tutti::message {

namespace {

using detail::Shape;

std::size_t hash_of(std::string_view name) noexcept {
  std::uint64_t hash = name.size();
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return static_cast<std::size_t>(hash ^ hash >> 29);
}

std::unique_ptr<RecordCodec> made_for(const Shape& shape) {
  auto codec = std::make_unique<RecordCodec>();
  std::size_t size = 4;
  while (size < shape.fields.size() * 2) size *= 2;
  codec->table.resize(size);
  for (std::size_t i = 0; i < shape.fields.size(); ++i) {
    const detail::Field& field = shape.fields[i];
    std::string json;
    append_json_text(json, field.wire_name);
    json += ':';
    Buffer msgpack;
    MsgpackOut(msgpack).text(field.wire_name);
    codec->keys.push_back({swar::Pattern(std::move(json)), swar::Pattern(std::string(msgpack.view()))});
    const std::uint64_t bit = std::uint64_t{1} << i;
    if (!field.may_be_absent) codec->required |= bit;
    if (field.shape->kind == detail::Kind::optional) codec->optional |= bit;
    if (!field.header.empty() || field.status) codec->http |= bit;
    std::size_t slot = hash_of(field.wire_name) & (size - 1);
    while (codec->table[slot] != 0) slot = (slot + 1) & (size - 1);
    codec->table[slot] = static_cast<std::uint8_t>(i + 1);
  }
  return codec;
}

}  // namespace

std::size_t RecordCodec::find(const Shape& shape, std::string_view name) const noexcept {
  const std::size_t mask = table.size() - 1;
  for (std::size_t slot = hash_of(name) & mask; table[slot] != 0; slot = (slot + 1) & mask) {
    const std::size_t field = table[slot] - std::size_t{1};
    if (shape.fields[field].wire_name == name) return field;
  }
  return not_found;
}

const RecordCodec& make_codec_of(const Shape& record) {
  auto& slot = record.slots[Shape::slot_codec];
  auto made = made_for(record);
  const void* expected = nullptr;
  if (slot.compare_exchange_strong(expected, made.get(), std::memory_order_acq_rel)) return *made.release();
  return *static_cast<const RecordCodec*>(expected);
}

}  // namespace tutti::message
