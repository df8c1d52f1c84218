// How method.hpp writes: the visitor that a method's fields() is given.
#pragma once

#include "wire/amqp/frame.hpp"
#include "wire/amqp/primitives.hpp"
#include "wire/amqp/table.hpp"

namespace tutti::wire::amqp {

class MethodWriter {
 public:
  explicit MethodWriter(std::string& out) : out_(out) {}

  void octet(std::string_view, std::uint8_t number) { put(number); }
  void short_number(std::string_view, std::uint16_t number) { put(number); }
  void long_number(std::string_view, std::uint32_t number) { put(number); }
  void longlong_number(std::string_view, std::uint64_t number) { put(number); }
  void shortstr(std::string_view, std::string_view text) {
    end_bits();
    append_shortstr(out_, text);
  }
  void longstr(std::string_view, std::string_view bytes) {
    end_bits();
    append_longstr(out_, bytes);
  }
  void table(std::string_view, Table table) {
    end_bits();
    append_table(out_, table);
  }
  // Neighbours share bytes, the first in the lowest bit (section 4.2.5.2).
  void bit(std::string_view, bool set) {
    if (bits_ == 8) end_bits();
    pending_ = static_cast<std::uint8_t>(pending_ | (set ? 1u : 0u) << bits_);
    ++bits_;
  }
  void reserved_short() { put(std::uint16_t{0}); }
  void reserved_shortstr() { shortstr({}, {}); }
  void reserved_longstr() { longstr({}, {}); }
  void reserved_bit() { bit({}, false); }
  void end_bits() {
    if (bits_ == 0) return;
    out_ += static_cast<char>(pending_);
    pending_ = 0;
    bits_ = 0;
  }

 private:
  template <class Number>
  void put(Number number) {
    end_bits();
    append_number(out_, number);
  }

  std::string& out_;
  unsigned bits_ = 0;
  std::uint8_t pending_ = 0;
};

template <class M>
void append_method(std::string& out, std::uint16_t channel, const M& method) {
  FrameWriter frame(out, FrameType::method, channel);
  try {
    append_number(out, M::key.class_id);
    append_number(out, M::key.method_id);
    MethodWriter writer(out);
    M::fields(method, writer);
    writer.end_bits();
    frame.end();
  } catch (...) {
    frame.drop();  // no half of a frame stays
    throw;
  }
}

}  // namespace tutti::wire::amqp
