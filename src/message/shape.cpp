// Completes the tables that the compiler made: where a record's fields lie, and which of them may be absent.
//
// A field may be absent if it is an optional, a list or a map, or has an initialiser. The language does not show
// initialisers, so a record is default-initialised over memory filled with a pattern, twice with two patterns:
// what still holds both patterns has no initialiser. Text and points in time always write their own default, so
// only one that differs from it is seen; a nested record counts if all its fields do. (docs/adr, "which field may be
// absent")
#include <cmath>
#include <cstring>
#include <limits>
#include <mutex>
#include <new>
#include <vector>

#include <tutti/detail/reflect.hpp>

namespace tutti::detail {
namespace {

constexpr unsigned char patterns[2] = {0xa5, 0x5a};

const Node& node_of(const Shape& shape) { return static_cast<const Node&>(shape); }

// The compiler may neither drop the pattern that it thinks is overwritten nor assume what default-initialised
// memory holds.
void keep_memory(void* memory) { asm volatile("" : : "r"(memory) : "memory"); }

class Sample {
 public:
  Sample(const Node& node, unsigned char pattern)
      : node_(node), memory_(::operator new(node.size, std::align_val_t(node.align))) {
    std::memset(memory_, pattern, node.size);
    keep_memory(memory_);
    try {
      node.leave(memory_);
    } catch (...) {
      ::operator delete(memory_, std::align_val_t(node.align));
      throw;
    }
    keep_memory(memory_);
  }
  Sample(const Sample&) = delete;
  Sample& operator=(const Sample&) = delete;
  ~Sample() {
    node_.destroy(memory_);
    ::operator delete(memory_, std::align_val_t(node_.align));
  }

  [[nodiscard]] const std::byte* at(std::size_t offset) const {
    return static_cast<const std::byte*>(memory_) + offset;
  }

 private:
  const Node& node_;
  void* memory_;
};

bool all_bytes_are(const std::byte* at, std::size_t size, unsigned char pattern) {
  for (std::size_t i = 0; i < size; ++i) {
    if (at[i] != std::byte{pattern}) return false;
  }
  return true;
}

// Whether a value of this shape, seen in both samples, may be left out.
bool may_be_absent(const Shape& shape, const std::byte* first, const std::byte* second) {
  switch (shape.kind) {
    case Kind::optional:
    case Kind::map:
      return true;
    case Kind::list:
      return shape.length_min == 0 || shape.list->size(first) > 0;
    case Kind::text:
      return !reinterpret_cast<const std::string*>(first)->empty();
    case Kind::bytes:
      return !reinterpret_cast<const std::vector<std::byte>*>(first)->empty();
    case Kind::time:
      return *reinterpret_cast<const Time*>(first) != Time{};
    case Kind::variant:
      return shape.variant->index(first) != 0;
    case Kind::live:
      return node_of(shape).given(first);
    case Kind::array:
      for (std::size_t i = 0; i < shape.count; ++i) {
        const std::size_t offset = i * shape.element->size;
        if (!may_be_absent(*shape.element, first + offset, second + offset)) return false;
      }
      return true;
    case Kind::record:
      for (const Field& field : shape.fields) {
        if (!field.may_be_absent && !may_be_absent(*field.shape, first + field.offset, second + field.offset))
          return false;
      }
      return true;
    default:
      return !all_bytes_are(first, shape.size, patterns[0]) || !all_bytes_are(second, shape.size, patterns[1]);
  }
}

void find_offsets(const Node& node, const Sample& sample) {
  std::vector<const void*> addresses(node.fields.size());
  node.addresses(const_cast<std::byte*>(sample.at(0)), addresses.data());
  for (std::size_t i = 0; i < node.fields.size(); ++i) {
    node.own_fields[i].offset = static_cast<std::uint32_t>(static_cast<const std::byte*>(addresses[i]) - sample.at(0));
  }
}

// Depth first: a record's fields are complete before it is looked at. Only an optional, a list or a map can lead
// back to a record that is still being completed, and those need no look inside.
void visit(const Node& node, std::vector<const Node*>& visited) {
  if (node.progress.load(std::memory_order_relaxed) != 0) return;
  node.progress.store(1, std::memory_order_relaxed);
  visited.push_back(&node);
  if (node.element) visit(node_of(*node.element), visited);
  for (const Alternative& alternative : node.alternatives) visit(node_of(*alternative.shape), visited);
  for (const Field& field : node.fields) visit(node_of(*field.shape), visited);
  if (node.kind != Kind::record || node.fields.empty()) return;

  const Sample first(node, patterns[0]);
  const Sample second(node, patterns[1]);
  find_offsets(node, first);
  for (std::size_t i = 0; i < node.fields.size(); ++i) {
    Field& field = node.own_fields[i];
    if (!field.may_be_absent)
      field.may_be_absent = may_be_absent(*field.shape, first.at(field.offset), second.at(field.offset));
  }
}

}  // namespace

void complete(const Node& node) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  std::vector<const Node*> visited;
  try {
    visit(node, visited);
  } catch (...) {
    for (const Node* each : visited) each->progress.store(0, std::memory_order_relaxed);
    throw;
  }
  // Only now: another thread that finds one of them ready goes on to the others without a look.
  for (const Node* each : visited) each->progress.store(2, std::memory_order_release);
}

namespace {
__extension__ using Wide = __int128;
constexpr std::int64_t int64_min = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t int64_max = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t nanoseconds_per_second = 1'000'000'000;
}  // namespace

std::int64_t nanoseconds_of_ticks(std::int64_t ticks, std::intmax_t num, std::intmax_t den) {
  // A tick above 292 years does not fit anyway; below, the product has at most 63 + 94 bits only if it saturates.
  const Wide seconds = Wide{ticks} * num;
  if (seconds / den > int64_max / nanoseconds_per_second + 1) return int64_max;
  if (seconds / den < int64_min / nanoseconds_per_second - 1) return int64_min;
  const Wide whole = seconds / den * nanoseconds_per_second + seconds % den * nanoseconds_per_second / den;
  if (whole > int64_max) return int64_max;
  if (whole < int64_min) return int64_min;
  return static_cast<std::int64_t>(whole);
}

bool ticks_of_nanoseconds(std::int64_t nanoseconds, std::intmax_t num, std::intmax_t den, std::int64_t min,
                          std::int64_t max, std::int64_t& ticks) {
  const Wide product = Wide{nanoseconds} * den;
  const Wide tick = Wide{nanoseconds_per_second} * num;
  if (product % tick != 0) return false;
  const Wide count = product / tick;
  if (count < min || count > max) return false;
  ticks = static_cast<std::int64_t>(count);
  return true;
}

std::int64_t nanoseconds_of_seconds(double seconds) {
  const double nanoseconds = seconds * 1e9;
  if (std::isnan(nanoseconds)) return 0;
  if (nanoseconds >= 9223372036854775807.0) return int64_max;
  if (nanoseconds <= -9223372036854775808.0) return int64_min;
  return std::llround(nanoseconds);
}

}  // namespace tutti::detail
