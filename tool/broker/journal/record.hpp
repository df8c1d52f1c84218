// The records of the journal (docs/adr/0014-embedded-broker.md) as structs, and their bytes:
//   length of the payload (4) | CRC-32C over type and payload (4) | type (1) | payload
// Texts of records that were read are views into the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <tutti/time.hpp>

namespace tutti::broker::journal {

inline constexpr std::uint32_t format_version = 2;
inline constexpr std::size_t record_head_bytes = 9;

// The first of every file.
struct FileBegin {
  std::uint32_t version = format_version;
  std::uint64_t number = 0;
  std::uint64_t before = 0;      // the file before it; 0: none
  std::uint64_t before_end = 0;  // how much of that one counts
};
struct ExchangeMade {
  std::string_view host = {};
  std::string_view name = {};
  std::uint8_t type = 0;
  bool auto_delete = false;
  bool internal = false;
  std::string_view alternate = {};
};
struct ExchangeRemoved {
  std::string_view host = {};
  std::string_view name = {};
};
struct QueueMade {
  std::string_view host = {};
  std::string_view name = {};
  std::uint64_t number = 0;
  bool auto_delete = false;
  std::string_view arguments = {};
};
struct QueueRemoved {
  std::uint64_t number = 0;
};
struct BindingMade {
  std::string_view host = {};
  std::string_view source = {};
  std::uint64_t queue = 0;         // the destination; 0: it is an exchange
  std::string_view exchange = {};  // the destination otherwise
  std::string_view key = {};
  std::string_view arguments = {};
};
struct BindingRemoved : BindingMade {};
struct Published {
  std::string_view host = {};
  std::uint64_t number = 0;
  Time at = {};
  std::vector<std::uint64_t> queues = {};
  std::string_view exchange = {};
  std::string_view routing_key = {};
  std::string_view properties = {};
  std::string_view body = {};
};
struct Settled {
  std::uint64_t queue = 0;
  std::uint64_t number = 0;
};

// Only in contents files (contents.hpp): the first and the last record, and what there is of a message.
struct ContentsBegin {
  std::uint64_t file = 0;
  std::uint64_t end = 0;  // how much of the journal file counts
};
struct ContentsEnd {
  std::uint64_t records = 0;  // between the first and this one
};
struct Placed {
  std::uint64_t number = 0;
  Time at = {};
  std::vector<std::uint64_t> queues = {};
  std::uint64_t offset = 0;  // of the record in the journal file
  std::uint64_t bytes = 0;   // of the record
  std::uint64_t body_bytes = 0;
  std::uint8_t priority = 0;
  bool expires = false;
  std::uint64_t expiration_ms = 0;
};

// The type's number is its place here: only ever append.
using Record = std::variant<FileBegin, ExchangeMade, ExchangeRemoved, QueueMade, QueueRemoved, BindingMade,
                            BindingRemoved, Published, Settled, ContentsBegin, ContentsEnd, Placed>;

template <class R>
void append(std::string& out, const R& record);

// Reads the record at the beginning; how many bytes it took. 0: it is cut off, its sum is wrong, or there is no such
// record.
[[nodiscard]] std::size_t read(std::string_view data, Record& out);
// How long the record at the beginning is, by what its head says; 0: the head is cut off.
[[nodiscard]] std::size_t record_bytes(std::string_view data) noexcept;

}  // namespace tutti::broker::journal
