// JSON of the benchmark's message as one writes it by hand for speed: simdjson's on-demand reader, and text appended
// directly. As strict as the library about what is kept: types, missing and repeated fields.
#pragma once

#include <simdjson.h>

#include <charconv>
#include <string>
#include <string_view>

#include "echo.hpp"

namespace bench {

class HandReader {
 public:
  // 64 bytes behind the text must be readable.
  bool read(std::string_view text, Message& message) {
    simdjson::ondemand::document document;
    simdjson::ondemand::object object;
    if (parser_.iterate(text.data(), text.size(), text.size() + simdjson::SIMDJSON_PADDING).get(document)) return false;
    if (document.get_object().get(object)) return false;
    unsigned seen = 0;
    for (auto field : object) {
      std::string_view key;
      if (field.unescaped_key().get(key)) return false;
      if (key == "id") {
        if (again(seen, 1) || field.value().get_int64().get(message.id)) return false;
      } else if (key == "name") {
        if (again(seen, 2) || !read_text(field.value(), message.name)) return false;
      } else if (key == "paid") {
        if (again(seen, 4) || field.value().get_bool().get(message.paid)) return false;
      } else if (key == "lines") {
        simdjson::ondemand::array lines;
        if (again(seen, 8) || field.value().get_array().get(lines)) return false;
        for (auto line : lines) {
          simdjson::ondemand::object item;
          if (line.get_object().get(item) || !read_line(item, message.lines.emplace_back())) return false;
        }
      }
    }
    return document.current_location().error() != simdjson::SUCCESS;  // only at the end there is none
  }

 private:
  static bool again(unsigned& seen, unsigned bit) {
    const bool was = (seen & bit) != 0;
    seen |= bit;
    return was;
  }
  template <class Value>
  static bool read_text(Value&& value, std::string& text) {
    std::string_view view;
    if (std::forward<Value>(value).get_string().get(view)) return false;
    text.assign(view);
    return true;
  }
  static bool read_line(simdjson::ondemand::object& object, Line& line) {
    unsigned seen = 0;
    for (auto field : object) {
      std::string_view key;
      if (field.unescaped_key().get(key)) return false;
      if (key == "sku") {
        if (again(seen, 1) || !read_text(field.value(), line.sku)) return false;
      } else if (key == "quantity") {
        if (again(seen, 2) || field.value().get_int64().get(line.quantity)) return false;
      } else if (key == "price") {
        if (again(seen, 4) || field.value().get_double().get(line.price)) return false;
      }
    }
    return (seen & 1) != 0;
  }

  simdjson::ondemand::parser parser_;
};

class HandWriter {
 public:
  explicit HandWriter(std::string& out) : out_(out) {}

  void write(const Message& message) {
    out_ += R"({"id":)";
    number(message.id);
    out_ += R"(,"name":)";
    text(message.name);
    out_ += message.paid ? R"(,"paid":true,"lines":[)" : R"(,"paid":false,"lines":[)";
    bool first = true;
    for (const Line& line : message.lines) {
      out_ += first ? R"({"sku":)" : R"(,{"sku":)";
      first = false;
      text(line.sku);
      out_ += R"(,"quantity":)";
      number(line.quantity);
      out_ += R"(,"price":)";
      number(line.price);
      out_ += '}';
    }
    out_ += "]}";
  }

 private:
  void number(auto value) {
    char digits[32];
    out_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  }
  void text(std::string_view value) {
    out_ += '"';
    std::size_t plain = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
      const auto c = static_cast<unsigned char>(value[i]);
      if (c >= 0x20 && c != '"' && c != '\\') continue;
      out_.append(value, plain, i - plain);
      plain = i + 1;
      if (c >= 0x20) {
        out_ += '\\';
        out_ += value[i];
      } else {
        constexpr std::string_view hex = "0123456789abcdef";
        out_ += "\\u00";
        out_ += hex[c >> 4];
        out_ += hex[c & 15];
      }
    }
    out_.append(value, plain);
    out_ += '"';
  }

  std::string& out_;
};

}  // namespace bench
