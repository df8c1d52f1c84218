#include "fleet/value.hpp"

#include <charconv>

#include "fleet/refusal.hpp"
#include "fleet/variables.hpp"

namespace tutti::fleet {

using yaml::Form;

const Value* Value::find(std::string_view key) const {
  for (const auto& [name, value] : entries)
    if (name == key) return &value;
  return nullptr;
}

Value& Value::at(const std::string& key) {
  for (auto& [name, value] : entries)
    if (name == key) return value;
  return entries.emplace_back(key, Value{}).second;
}

Value value_of(const yaml::Node& node, const std::string& file, const settings::Lookup& lookup,
               std::vector<std::string>& notes) {
  Value out{.form = node.form, .place = yaml::to_string(file, node.at)};
  if (node.form == Form::scalar) {
    out.null = yaml::type_of(node) == yaml::Type::null;
    settings::Interpolated text = settings::interpolate(node.text, lookup);
    if (!text.error.empty()) refuse(out, text.error);
    for (const std::string& name : text.unset)
      notes.push_back(out.place + ": variable " + in_quotes(name) + " is not set and counts as empty");
    out.text = std::move(text.text);
  }
  for (const yaml::Node& item : node.items) out.items.push_back(value_of(item, file, lookup, notes));
  for (const yaml::Entry& entry : node.entries) {
    Value value = value_of(entry.value, file, lookup, notes);
    value.place = yaml::to_string(file, entry.at);
    out.entries.emplace_back(entry.key, std::move(value));
  }
  return out;
}

void refuse(const Value& at, const std::string& what) { throw Refusal(exit_code::settings, at.place + ": " + what); }

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

const Value& mapping(const Value& value, const std::string& what) {
  if (value.form != Form::mapping && !value.null) refuse(value, what + " is no mapping; expected keys with values");
  return value;
}

const Value& sequence(const Value& value, const std::string& what) {
  if (value.form != Form::sequence) refuse(value, what + " is no list; expected one");
  return value;
}

const std::string& scalar(const Value& value, const std::string& what) {
  if (value.form != Form::scalar || value.null) refuse(value, what + " has no text; expected one");
  return value.text;
}

std::uint64_t number(const Value& value, const std::string& what, std::uint64_t least, std::uint64_t most) {
  const std::string& text = scalar(value, what);
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || out < least || out > most)
    refuse(value, what + " is " + in_quotes(text) + "; expected a whole number from " + std::to_string(least) + " to " +
                      std::to_string(most));
  return out;
}

std::chrono::milliseconds duration(const Value& value, const std::string& what) {
  const auto out = parse_duration(scalar(value, what));
  if (!out) refuse(value, what + " is " + in_quotes(value.text) + "; expected a duration such as 10s or 1m30s");
  return *out;
}

bool truth(const Value& value, const std::string& what) {
  const std::string& text = scalar(value, what);
  if (text != "true" && text != "false") refuse(value, what + " is " + in_quotes(text) + "; expected true or false");
  return text == "true";
}

std::vector<std::string> texts(const Value& value, const std::string& what) {
  std::vector<std::string> out;
  for (const Value& item : sequence(value, what).items) out.push_back(scalar(item, what));
  return out;
}

std::vector<std::string> words(const Value& value, const std::string& what) {
  if (value.form == Form::sequence) return texts(value, what);
  if (value.null) return {};
  std::vector<std::string> out;
  std::string word;
  bool in_word = false;
  char quote = '\0';
  const std::string& text = scalar(value, what);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != '\0' && c == quote) {
      quote = '\0';
    } else if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      word += text[++i];
      in_word = true;
    } else if (quote == '\0' && (c == '\'' || c == '"')) {
      quote = c;
      in_word = true;
    } else if (quote == '\0' && (c == ' ' || c == '\t' || c == '\n')) {
      if (in_word) out.push_back(std::exchange(word, {}));
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (quote != '\0') refuse(value, what + ": the quote " + std::string(1, quote) + " is not closed");
  if (in_word) out.push_back(word);
  return out;
}

}  // namespace tutti::fleet
