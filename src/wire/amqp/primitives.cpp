#include "wire/amqp/primitives.hpp"

#include <limits>
#include <stdexcept>

namespace tutti::wire::amqp {

void append_shortstr(std::string& out, std::string_view text) {
  if (text.size() > shortstr_bytes_max) {
    throw std::length_error("a short string of AMQP has at most 255 bytes, not " + std::to_string(text.size()));
  }
  out += static_cast<char>(text.size());
  out += text;
}

void append_longstr(std::string& out, std::string_view bytes) {
  if (bytes.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw std::length_error("a long string of AMQP has less than 4 GiB");
  }
  append_number(out, static_cast<std::uint32_t>(bytes.size()));
  out += bytes;
}

}  // namespace tutti::wire::amqp
