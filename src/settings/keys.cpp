#include "settings/keys.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

namespace tutti::settings {
namespace {

using detail::Kind;
using detail::Shape;

constexpr std::size_t names_shown_max = 8;
constexpr std::size_t word_bytes_max = 200;  // longer words are near to nothing, and distances cost their product

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
    }
  }
  return row.back();
}

// The text that stands for "*" in the pattern; nothing if the pattern does not fit.
std::optional<std::string_view> entry_of(std::string_view pattern, std::string_view text) {
  const auto star = pattern.find('*');
  if (star == std::string_view::npos) return std::nullopt;
  const auto before = pattern.substr(0, star), after = pattern.substr(star + 1);
  if (text.size() <= before.size() + after.size() || !text.starts_with(before) || !text.ends_with(after))
    return std::nullopt;
  return text.substr(before.size(), text.size() - before.size() - after.size());
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string suggestion(std::string_view word, const std::vector<std::string_view>& candidates) {
  if (const auto near = nearest(word, candidates); !near.empty()) return "; did you mean \"" + std::string(near) + "\"";
  if (candidates.empty()) return "; there are no settings under this name";
  std::string out = "; expected ";
  if (candidates.size() > 1) out += "one of ";
  for (std::size_t i = 0; i < candidates.size() && i < names_shown_max; ++i)
    out += (i > 0 ? ", " : "") + std::string(candidates[i]);
  if (candidates.size() > names_shown_max)
    out += " and " + std::to_string(candidates.size() - names_shown_max) + " more";
  return out;
}

template <class Text>
std::optional<Match> longest_match(const std::vector<Key>& keys, std::string_view given, Text text) {
  for (const Key& key : keys)
    if (text(key) == given) return Match{.key = &key, .name = key.name};
  const Key* best = nullptr;
  std::string_view entry;
  for (const Key& key : keys) {
    const auto found = entry_of(text(key), given);
    if (found && (best == nullptr || found->size() < entry.size())) {
      best = &key;
      entry = *found;
    }
  }
  if (best == nullptr) return std::nullopt;
  return Match{.key = best, .name = best->name, .entry = std::string(entry)};
}

struct Search {
  std::string_view variable;  // what the entry's name must be as a variable; empty: the name itself counts
  std::string name;
  const void* found = nullptr;
};

void name_entry(Match& match, std::string entry) {
  match.name = match.key->name;
  match.name.replace(match.name.find('*'), 1, entry);
  match.entry = std::move(entry);
}

}  // namespace

std::string variable_of(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == '-' || c == '.') c = '_';
  }
  return out;
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  if (word.size() > word_bytes_max) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 4) + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > word_bytes_max) continue;
    if (const std::size_t d = distance(word, candidate); d < best_distance) {
      best = candidate;
      best_distance = d;
    }
  }
  return best;
}

Keys::Keys(const Shape& record, std::string_view prefix) {
  std::vector<const Shape*> inside;
  add(record, Key{std::string(prefix), variable_of(prefix), &record, {}}, inside);
  keys_.erase(keys_.begin());  // the section itself
}

void Keys::add(const Shape& shape, const Key& here, std::vector<const Shape*>& inside) {
  const auto key = [&](const Shape& of) {
    Key made = here;
    made.shape = &of;
    return made;
  };
  const bool through_map = here.name.find('*') != std::string::npos;
  switch (shape.kind) {
    case Kind::record: {
      keys_.push_back(key(shape));
      if (std::find(inside.begin(), inside.end(), &shape) != inside.end()) return;  // it contains itself: only in YAML
      inside.push_back(&shape);
      for (const detail::Field& field : shape.fields) {
        Key next = here;
        next.name += "." + std::string(field.wire_name);
        next.variable += "_" + variable_of(field.wire_name);
        next.path.push_back({Into::field, nullptr, field.offset});
        add(*field.shape, next, inside);
      }
      inside.pop_back();
      return;
    }
    case Kind::optional:
      if (shape.element->kind == Kind::record) {
        Key next = here;
        next.path.push_back({Into::optional, &shape, 0});
        add(*shape.element, next, inside);
        return;
      }
      break;
    case Kind::map:
      keys_.push_back(key(shape));
      if (through_map) return;  // the entries of a map in a map: only in YAML
      {
        Key next = here;
        next.name += ".*";
        next.variable += "_*";
        next.path.push_back({Into::entry, &shape, 0});
        add(*shape.element, next, inside);
      }
      return;
    default:
      break;
  }
  keys_.push_back(key(shape));
}

std::optional<Match> Keys::by_name(std::string_view name) const {
  auto match = longest_match(keys_, name, [](const Key& key) -> std::string_view { return key.name; });
  if (match) match->name = name;
  return match;
}

std::optional<Match> Keys::by_variable(std::string_view variable) const {
  auto match = longest_match(keys_, variable, [](const Key& key) -> std::string_view { return key.variable; });
  if (match && !match->entry.empty()) {
    name_entry(*match, lower(match->entry));
    match->spelling = Spelling::as_variable;
  }
  return match;
}

std::string Keys::suggest_name(std::string_view name) const {
  std::vector<std::string_view> names;
  for (const Key& key : keys_) names.push_back(key.name);
  return suggestion(name, names);
}

std::string Keys::suggest_variable(std::string_view variable) const {
  std::vector<std::string_view> names;
  for (const Key& key : keys_) names.push_back(key.variable);
  return suggestion(variable, names);
}

std::string Keys::clash() const {
  std::map<std::string_view, const Key*> seen;
  for (const Key& key : keys_) {
    const auto [at, fresh] = seen.emplace(key.variable, &key);
    if (!fresh)
      return "settings \"" + at->second->name + "\" and \"" + key.name + "\" have the same variable " + key.variable +
             "; rename one of the fields";
  }
  return {};
}

void* reach(Match& match, void* record) {
  void* at = record;
  for (const Step& step : match.key->path) {
    switch (step.into) {
      case Into::field:
        at = static_cast<std::byte*>(at) + step.offset;
        break;
      case Into::optional:
        at = step.shape->optional->has(at) ? const_cast<void*>(step.shape->optional->get(at))
                                           : step.shape->optional->emplace(at);
        break;
      case Into::entry: {
        const std::string variable = match.spelling == Spelling::as_variable ? variable_of(match.entry) : std::string();
        Search search{variable, match.entry};
        step.shape->map->each(at, &search, [](void* context, const std::string& key, const void* value) {
          auto& s = *static_cast<Search*>(context);
          if (key != s.name && (s.variable.empty() || variable_of(key) != s.variable)) return true;
          s.name = key;
          s.found = value;
          return false;
        });
        if (search.found == nullptr) {
          at = step.shape->map->emplace(at, match.entry);
        } else {
          at = const_cast<void*>(search.found);
          name_entry(match, std::move(search.name));
        }
        break;
      }
    }
  }
  return at;
}

}  // namespace tutti::settings
