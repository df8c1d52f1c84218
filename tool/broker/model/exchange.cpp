#include "broker/model/exchange.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace tutti::broker {

using wire::amqp::Table;

namespace {

constexpr std::array<std::pair<ExchangeType, std::string_view>, 4> names{{{ExchangeType::direct, "direct"},
                                                                          {ExchangeType::fanout, "fanout"},
                                                                          {ExchangeType::topic, "topic"},
                                                                          {ExchangeType::headers, "headers"}}};

bool same_value(const wire::amqp::Value& wanted, const wire::amqp::Value& found) noexcept {
  if (wanted.type == wire::amqp::ValueType::nothing) return true;  // only that it is there
  const auto number = wanted.integer();
  if (number) return found.integer() == number;
  return wanted == found;
}

// x-match: all (default), any, all-with-x, any-with-x. Arguments that begin with x- are compared only by the latter
// two.
bool headers_match(Table arguments, Table headers) noexcept {
  const auto rule = wire::amqp::find(arguments, "x-match");
  const std::string_view how = rule ? rule->text().value_or("all") : "all";
  const bool any = how.starts_with("any");
  const bool with_x = how.ends_with("-with-x");
  bool compared = false;
  for (wire::amqp::TableCursor cursor(arguments); const auto pair = cursor.next();) {
    if (pair->key == "x-match" || (!with_x && pair->key.starts_with("x-"))) continue;
    compared = true;
    const auto found = wire::amqp::find(headers, pair->key);
    const bool same = found && same_value(pair->value, *found);
    if (same && any) return true;
    if (!same && !any) return false;
  }
  return !any || !compared;
}

}  // namespace

std::optional<ExchangeType> exchange_type_of(std::string_view name) noexcept {
  for (const auto& [type, its_name] : names)
    if (its_name == name) return type;
  return std::nullopt;
}

std::string_view name_of(ExchangeType type) noexcept { return names[static_cast<std::size_t>(type)].second; }

bool Exchange::bind(Binding binding) {
  const auto [place, made] = bindings_.insert(std::move(binding));
  if (made) enter(*place);
  return made;
}

bool Exchange::unbind(const Binding& binding) {
  const auto place = bindings_.find(binding);
  if (place == bindings_.end()) return false;
  leave(*place);
  bindings_.erase(place);
  return true;
}

void Exchange::unbind_all(const Destination& destination) {
  // A destination's bindings are neighbours: it is what they are ordered by first.
  auto place = bindings_.lower_bound({.destination = destination, .key = {}, .arguments = {}});
  while (place != bindings_.end() && place->destination == destination) {
    leave(*place);
    place = bindings_.erase(place);
  }
}

void Exchange::enter(const Binding& binding) {
  if (rules_.type == ExchangeType::direct) by_key_[binding.key].push_back(&binding);
  if (rules_.type == ExchangeType::topic) by_pattern_.add(binding.key, binding);
}

void Exchange::leave(const Binding& binding) {
  if (rules_.type == ExchangeType::topic) by_pattern_.remove(binding.key, binding);
  if (rules_.type != ExchangeType::direct) return;
  const auto place = by_key_.find(binding.key);
  std::erase(place->second, &binding);
  if (place->second.empty()) by_key_.erase(place);
}

void Exchange::match(std::string_view key, Table headers, std::vector<const Binding*>& out) const {
  switch (rules_.type) {
    case ExchangeType::direct:
      if (const auto place = by_key_.find(key); place != by_key_.end())
        out.insert(out.end(), place->second.begin(), place->second.end());
      break;
    case ExchangeType::topic:
      by_pattern_.match(key, out);
      break;
    case ExchangeType::fanout:
      for (const Binding& binding : bindings_) out.push_back(&binding);
      break;
    case ExchangeType::headers:
      for (const Binding& binding : bindings_)
        if (headers_match({binding.arguments}, headers)) out.push_back(&binding);
      break;
  }
}

}  // namespace tutti::broker
