#include "wire/amqp/method.hpp"

#include <array>
#include <utility>

namespace tutti::wire::amqp {
namespace {

class MethodReader {
 public:
  explicit MethodReader(std::string_view data) : reader_(data) {}

  void octet(std::string_view, std::uint8_t& number) { take(number); }
  void short_number(std::string_view, std::uint16_t& number) { take(number); }
  void long_number(std::string_view, std::uint32_t& number) { take(number); }
  void longlong_number(std::string_view, std::uint64_t& number) { take(number); }
  void shortstr(std::string_view, std::string_view& text) {
    bits_ = 0;
    text = reader_.shortstr();
  }
  void longstr(std::string_view, std::string_view& bytes) {
    bits_ = 0;
    bytes = reader_.longstr();
  }
  void table(std::string_view, Table& table) {
    bits_ = 0;
    const auto read = read_table(reader_);
    if (read) table = *read;
    if (!read && !reader_.failed()) bad_table_ = true;
  }
  void bit(std::string_view, bool& set) {
    if (bits_ == 0) {
      pending_ = reader_.number<std::uint8_t>();
      bits_ = 8;
    }
    set = (pending_ & 1u) != 0;
    pending_ = static_cast<std::uint8_t>(pending_ >> 1);
    --bits_;
  }
  // What is reserved may hold anything: old clients send a ticket.
  void reserved_short() {
    std::uint16_t unused = 0;
    take(unused);
  }
  void reserved_shortstr() {
    std::string_view unused;
    shortstr({}, unused);
  }
  void reserved_longstr() {
    std::string_view unused;
    longstr({}, unused);
  }
  void reserved_bit() {
    bool unused = false;
    bit({}, unused);
  }

  [[nodiscard]] std::string_view fault() const noexcept {
    if (reader_.failed()) return "a method ends before its last field";
    if (bad_table_) return "a method's table is malformed or too deep";
    if (reader_.left() > 0) return "a method has bytes behind its last field";
    return {};
  }

 private:
  template <class Number>
  void take(Number& number) {
    bits_ = 0;
    number = reader_.number<Number>();
  }

  Reader reader_;
  unsigned bits_ = 0;  // left in `pending_`
  std::uint8_t pending_ = 0;
  bool bad_table_ = false;
};

class MethodPrinter {
 public:
  explicit MethodPrinter(std::string_view name) : text_(name) {}

  void octet(std::string_view name, std::uint8_t number) { put(name, number); }
  void short_number(std::string_view name, std::uint16_t number) { put(name, number); }
  void long_number(std::string_view name, std::uint32_t number) { put(name, number); }
  void longlong_number(std::string_view name, std::uint64_t number) { put(name, number); }
  void shortstr(std::string_view name, std::string_view text) {
    if (!text.empty()) begin(name).append(1, '"').append(text).append(1, '"');
  }
  void longstr(std::string_view name, std::string_view bytes) {
    const bool secret = name == "response" || name == "challenge" || name == "new-secret";
    shortstr(name, secret && !bytes.empty() ? "(secret)" : bytes);
  }
  void table(std::string_view name, Table table) {
    if (!table.empty()) begin(name) += to_text(table);
  }
  void bit(std::string_view name, bool set) {
    if (set) begin(name) += "true";
  }
  void reserved_short() {}
  void reserved_shortstr() {}
  void reserved_longstr() {}
  void reserved_bit() {}

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string& begin(std::string_view name) { return text_.append(1, ' ').append(name).append(1, '='); }
  void put(std::string_view name, std::uint64_t number) {
    if (number != 0) begin(name) += std::to_string(number);
  }

  std::string text_;
};

using Parse = std::string_view (*)(std::string_view fields, Method& out);

template <class M>
std::string_view parse_as(std::string_view fields, Method& out) {
  MethodReader reader(fields);
  M::fields(out.emplace<M>(), reader);
  return reader.fault();
}

// By class and method number, both small: one look instead of a comparison for each method.
constexpr std::size_t classes = 91;
constexpr std::size_t methods_of_a_class = 128;
constexpr std::uint8_t no_method = 255;

template <class... M>
struct Registry {
  static constexpr std::array<Parse, sizeof...(M)> parse{&parse_as<M>...};
  static constexpr auto places = [] {
    std::array<std::uint8_t, classes * methods_of_a_class> out{};
    out.fill(no_method);
    std::uint8_t place = 0;
    ((out[M::key.class_id * methods_of_a_class + M::key.method_id] = place++), ...);
    return out;
  }();
};
template <class... M>
Registry<M...> registry_of(const std::variant<M...>*);
using Methods = decltype(registry_of(static_cast<const Method*>(nullptr)));

std::uint8_t place_of(std::uint16_t class_id, std::uint16_t method_id) noexcept {
  if (class_id >= classes || method_id >= methods_of_a_class) return no_method;
  return Methods::places[class_id * methods_of_a_class + method_id];
}

}  // namespace

MethodResult parse_method(std::string_view payload) noexcept {
  MethodResult result;
  Reader reader(payload);
  result.class_id = reader.number<std::uint16_t>();
  result.method_id = reader.number<std::uint16_t>();
  if (reader.failed()) {
    result.fault = "a method frame has no method";
    return result;
  }
  const std::uint8_t place = place_of(result.class_id, result.method_id);
  if (place == no_method) {
    result.known = false;
    result.fault = "the method is not known";
    return result;
  }
  result.fault = Methods::parse[place](reader.rest(), result.method);
  return result;
}

void append_method(std::string& out, std::uint16_t channel, const Method& method) {
  std::visit([&](const auto& one) { append_method(out, channel, one); }, method);
}

const MethodKey& key_of(const Method& method) noexcept {
  return std::visit([](const auto& one) -> const MethodKey& { return std::decay_t<decltype(one)>::key; }, method);
}

std::string to_text(const Method& method) {
  return std::visit(
      [](const auto& one) {
        MethodPrinter printer(one.key.name);
        one.fields(one, printer);
        return printer.take();
      },
      method);
}

}  // namespace tutti::wire::amqp
