#include "settings/yaml_quoted.hpp"

#include <cstdint>

namespace tutti::yaml {
namespace {

constexpr std::string_view white = " \t";

void append_utf8(std::string& out, std::uint32_t point) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | (point >> shift & 0x3F)); };
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0 | point >> 6);
    tail(0);
  } else if (point < 0x10000) {
    out += static_cast<char>(0xE0 | point >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0 | point >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

class QuotedReader {
 public:
  QuotedReader(std::string_view text, std::size_t open) : text_(text), at_(open + 1), quote_(text[open]) {}

  std::optional<std::string> read() {
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == quote_) {
        if (quote_ == '"' || at_ == text_.size() || text_[at_] != '\'') return std::move(out_);
        ++at_;
        keep(c);
      } else if (c == '\\' && quote_ == '"') {
        if (!escape()) return std::nullopt;
      } else if (c == '\n') {
        out_.resize(kept_);
        const std::size_t empty = skip_empty_lines();
        out_.append(empty == 0 ? 1 : empty, empty == 0 ? ' ' : '\n');
        kept_ = out_.size();
      } else if (white.find(c) != std::string_view::npos) {
        out_ += c;  // unless the line ends after it
      } else {
        keep(c);
      }
    }
    return std::nullopt;
  }

 private:
  void keep(char c) {
    out_ += c;
    kept_ = out_.size();
  }

  // From behind a line break to the first character that counts.
  std::size_t skip_empty_lines() {
    for (std::size_t empty = 0;; ++empty) {
      while (at_ < text_.size() && white.find(text_[at_]) != std::string_view::npos) ++at_;
      if (at_ == text_.size() || text_[at_] != '\n') return empty;
      ++at_;
    }
  }

  bool escape() {
    if (at_ == text_.size()) return false;
    const char c = text_[at_++];
    constexpr std::string_view letters = "0abt\tnvfre \"/\\";
    constexpr std::string_view meant("\0\a\b\t\t\n\v\f\r\x1B \"/\\", 14);
    if (c == '\n') {
      out_.append(skip_empty_lines(), '\n');
    } else if (const auto letter = letters.find(c); letter != std::string_view::npos) {
      out_ += meant[letter];
    } else if (c == 'N') {
      append_utf8(out_, 0x85);
    } else if (c == '_') {
      append_utf8(out_, 0xA0);
    } else if (c == 'L') {
      append_utf8(out_, 0x2028);
    } else if (c == 'P') {
      append_utf8(out_, 0x2029);
    } else if (!code_point(c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0)) {
      return false;
    }
    kept_ = out_.size();
    return true;
  }

  bool code_point(std::size_t digits) {
    if (digits == 0 || text_.size() - at_ < digits) return false;
    std::uint32_t point = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const char c = text_[at_++];
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) return false;
      point = point << 4 | static_cast<std::uint32_t>(digit);
    }
    if (point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) return false;
    append_utf8(out_, point);
    return true;
  }

  std::string_view text_;
  std::size_t at_;
  char quote_;
  std::string out_;
  std::size_t kept_ = 0;  // white space behind it goes when the line ends
};

}  // namespace

std::optional<std::string> quoted_text(std::string_view text, std::size_t open) {
  return QuotedReader(text, open).read();
}

}  // namespace tutti::yaml
