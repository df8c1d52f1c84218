#include "wire/msgpack_rpc/metadata.hpp"

#include <array>

#include "wire/msgpack_rpc/pack.hpp"

namespace tutti::wire::msgpack_rpc {
namespace {

struct TextKey {
  std::string_view name;
  std::string_view Metadata::*member;
};
constexpr std::array<TextKey, 6> text_keys = {{{"traceparent", &Metadata::traceparent},
                                               {"tracestate", &Metadata::tracestate},
                                               {"identity", &Metadata::identity},
                                               {"authorization", &Metadata::authorization},
                                               {"idempotency_key", &Metadata::idempotency_key},
                                               {"request_id", &Metadata::request_id}}};

// Longer than any deadline that means something, and far from overflow.
constexpr std::uint64_t remaining_ms_max = 1000ull * 60 * 60 * 24 * 365;

}  // namespace

void append_metadata(std::string& out, const Metadata& metadata) {
  std::uint32_t pairs = metadata.remaining ? 1 : 0;
  for (const TextKey& key : text_keys) pairs += (metadata.*key.member).empty() ? 0 : 1;
  append_map(out, pairs);
  if (metadata.remaining) {
    append_text(out, "deadline_ms");
    const auto ms = metadata.remaining->count();
    append_unsigned(out, ms < 0 ? 0 : static_cast<std::uint64_t>(ms));
  }
  for (const TextKey& key : text_keys) {
    if ((metadata.*key.member).empty()) continue;
    append_text(out, key.name);
    append_text(out, metadata.*key.member);
  }
}

MetadataResult parse_metadata(std::string_view map) noexcept {
  MetadataResult result;
  const auto fail = [&result](std::string_view fault) {
    result.fault = fault;
    return result;
  };
  Cursor cursor(map);
  const auto pairs = cursor.map();
  if (!pairs) return fail("the metadata is not a map");
  if (*pairs > metadata_pairs_max) return fail("the metadata has too many keys");
  unsigned seen = 0;
  for (std::uint64_t i = 0; i < *pairs; ++i) {
    const auto key = cursor.text();
    if (!key) return fail("a key of the metadata is not a text");
    const auto once = [&seen](std::size_t bit) {
      const bool first = (seen >> bit & 1) == 0;
      seen |= 1u << bit;
      return first;
    };
    if (*key == "deadline_ms") {
      const auto ms = cursor.unsigned_number();
      if (!ms) return fail("deadline_ms in the metadata is not a whole number of milliseconds");
      if (!once(31)) return fail("a key of the metadata is repeated");
      result.metadata.remaining = std::chrono::milliseconds(*ms < remaining_ms_max ? *ms : remaining_ms_max);
      continue;
    }
    bool known = false;
    for (std::size_t k = 0; k < text_keys.size() && !known; ++k) {
      if (*key != text_keys[k].name) continue;
      known = true;
      const auto text = cursor.text();
      if (!text) return fail("a value of the metadata is not a text");
      if (text->size() > metadata_text_bytes_max) return fail("a value of the metadata is too long");
      if (!once(k)) return fail("a key of the metadata is repeated");
      result.metadata.*text_keys[k].member = *text;
    }
    if (!known && !cursor.value()) return fail("the metadata is malformed");
  }
  if (!cursor.at_end()) return fail("there are bytes behind the metadata");
  return result;
}

}  // namespace tutti::wire::msgpack_rpc
