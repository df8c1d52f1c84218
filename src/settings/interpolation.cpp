#include "settings/interpolation.hpp"

#include <utility>

namespace tutti::settings {
namespace {

bool starts_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool continues_name(char c) { return starts_name(c) || (c >= '0' && c <= '9'); }

struct Failed {
  std::string what;
};

// Whether a word behind an operator is used at all: ${A:-${B:?needed}} must not fail while A is set.
enum class Evaluate { yes, no };

class Reader {
 public:
  Reader(std::string_view text, const Lookup& lookup, std::vector<std::string>& unset)
      : text_(text), lookup_(lookup), unset_(unset) {}

  std::string whole() { return until(Ends::at_end, Evaluate::yes, 0); }

 private:
  enum class Ends { at_end, at_brace };

  std::string until(Ends ends, Evaluate evaluate, std::size_t depth) {
    std::string out;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '}' && ends == Ends::at_brace) return out;
      ++at_;
      if (c != '$') {
        out += c;
      } else {
        out += dollar(evaluate, depth);
      }
      if (out.size() > interpolation_bytes_max)
        throw Failed{"the value becomes longer than " + std::to_string(interpolation_bytes_max) + " bytes"};
    }
    if (ends == Ends::at_brace) throw Failed{"\"${\" is not closed; write \"}\" behind it, or \"$$\" for a dollar"};
    return out;
  }

  // Behind a dollar.
  std::string dollar(Evaluate evaluate, std::size_t depth) {
    if (at_ < text_.size() && text_[at_] == '$') {
      ++at_;
      return "$";
    }
    if (at_ < text_.size() && starts_name(text_[at_])) return value_of(name(), evaluate);
    if (at_ >= text_.size() || text_[at_] != '{')
      throw Failed{"\"$\" is followed by no variable; write \"$$\" for a dollar"};
    if (depth >= interpolation_depth_max)
      throw Failed{"defaults are nested deeper than " + std::to_string(interpolation_depth_max)};
    ++at_;
    return braces(evaluate, depth + 1);
  }

  std::string braces(Evaluate evaluate, std::size_t depth) {
    if (at_ >= text_.size() || !starts_name(text_[at_]))
      throw Failed{"\"${\" is followed by no variable's name; write \"$$\" for a dollar"};
    const std::string variable = name();
    if (at_ >= text_.size()) throw Failed{"\"${" + variable + "\" is not closed; write \"}\" behind it"};
    if (text_[at_] == '}') {
      ++at_;
      return value_of(variable, evaluate);
    }
    const bool empty_counts = text_[at_] == ':';
    if (empty_counts) ++at_;
    const char what = at_ < text_.size() ? text_[at_] : '\0';
    if (what != '-' && what != '?' && what != '+')
      throw Failed{"\"${" + variable + "\" is followed by something unknown; expected }, :-, -, :?, ?, :+ or +"};
    ++at_;
    const std::optional<std::string> value = lookup_(variable);
    const bool there = value.has_value() && !(empty_counts && value->empty());
    const bool word_used = what == '+' ? there : !there;
    std::string word =
        until(Ends::at_brace, evaluate == Evaluate::yes && word_used ? Evaluate::yes : Evaluate::no, depth);
    ++at_;
    if (what == '+') return there ? word : std::string();
    if (there) return *value;
    if (what == '?' && evaluate == Evaluate::yes)
      throw Failed{"variable \"" + variable + "\" is required but " + (value ? "empty" : "not set") +
                   (word.empty() ? "; set it" : ": " + word)};
    return word;
  }

  std::string value_of(const std::string& variable, Evaluate evaluate) {
    std::optional<std::string> value = lookup_(variable);
    if (value) return std::move(*value);
    if (evaluate == Evaluate::yes) unset_.push_back(variable);
    return {};
  }

  std::string name() {
    const std::size_t from = at_;
    while (at_ < text_.size() && continues_name(text_[at_])) ++at_;
    return std::string(text_.substr(from, at_ - from));
  }

  std::string_view text_;
  const Lookup& lookup_;
  std::vector<std::string>& unset_;
  std::size_t at_ = 0;
};

}  // namespace

Interpolated interpolate(std::string_view text, const Lookup& lookup) {
  Interpolated out;
  try {
    out.text = Reader(text, lookup, out.unset).whole();
  } catch (Failed& failed) {
    out.error = std::move(failed.what);
  }
  return out;
}

}  // namespace tutti::settings
