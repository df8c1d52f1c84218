#include "wire/http1/media_type.hpp"

#include "wire/http1/characters.hpp"

namespace tutti::wire::http1 {
namespace {

struct Range {
  std::string_view type;
  std::string_view subtype;
  int weight = 1000;
};

std::optional<Range> range_of(std::string_view member) noexcept {
  const auto media = parse_media_type(member);
  if (!media) return std::nullopt;
  Range range{media->type, media->subtype, 1000};
  if (range.type == "*" && range.subtype != "*") return std::nullopt;
  std::string_view rest = media->parameters;
  std::string_view parameter;
  while (next_member(rest, parameter, ';')) {
    if (parameter.size() < 2 || lower(parameter[0]) != 'q' || parameter[1] != '=') continue;
    range.weight = weight_of(parameter.substr(2));
    if (range.weight < 0) return std::nullopt;
  }
  return range;
}

// 0: no match; the more exact the range the higher.
int exactness(const Range& range, const MediaType& offer) noexcept {
  if (range.type == "*") return 1;
  if (!equal_ignoring_case(range.type, offer.type)) return 0;
  if (range.subtype == "*") return 2;
  return equal_ignoring_case(range.subtype, offer.subtype) ? 3 : 0;
}

// The weight of the most exact range that matches.
int weight_for(std::string_view accept, const MediaType& offer) noexcept {
  int best = 0;
  int weight = 0;
  std::string_view member;
  while (next_member(accept, member)) {
    const auto range = range_of(member);
    if (!range) continue;
    const int exact = exactness(*range, offer);
    if (exact > best) {
      best = exact;
      weight = range->weight;
    }
  }
  return weight;
}

}  // namespace

int weight_of(std::string_view text) noexcept {
  if (text.empty() || (text[0] != '0' && text[0] != '1') || text.size() > 5) return -1;
  int weight = (text[0] - '0') * 1000;
  if (text.size() == 1) return weight;
  if (text[1] != '.') return -1;
  int power = 100;
  for (char c : text.substr(2)) {
    if (!is(c, character::digit)) return -1;
    weight += (c - '0') * power;
    power /= 10;
  }
  return weight <= 1000 ? weight : -1;
}

bool MediaType::is(std::string_view full) const noexcept {
  const std::size_t slash = full.find('/');
  return slash != std::string_view::npos && equal_ignoring_case(type, full.substr(0, slash)) &&
         equal_ignoring_case(subtype, full.substr(slash + 1));
}

std::optional<std::string> MediaType::parameter(std::string_view name) const {
  std::string_view rest = parameters;
  std::string_view member;
  while (next_member(rest, member, ';')) {
    const std::size_t equals = member.find('=');
    if (equals == std::string_view::npos || !equal_ignoring_case(member.substr(0, equals), name)) continue;
    return unquoted(member.substr(equals + 1));
  }
  return std::nullopt;
}

std::optional<MediaType> parse_media_type(std::string_view text) noexcept {
  const std::size_t semicolon = text.find(';');
  const std::string_view full = trim(text.substr(0, semicolon));
  const std::size_t slash = full.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  MediaType media{full.substr(0, slash), full.substr(slash + 1), {}};
  if (!is_token(media.type) || !is_token(media.subtype)) return std::nullopt;
  if (semicolon != std::string_view::npos) media.parameters = trim(text.substr(semicolon + 1));
  return media;
}

bool is_json(const MediaType& media) noexcept {
  return media.is("application/json") ||
         (media.subtype.size() > 5 && equal_ignoring_case(media.subtype.substr(media.subtype.size() - 5), "+json"));
}

std::optional<std::size_t> preferred(std::string_view accept, std::span<const std::string_view> offered) noexcept {
  if (offered.empty()) return std::nullopt;
  if (trim(accept).empty()) return 0;
  std::optional<std::size_t> best;
  int best_weight = 0;
  for (std::size_t i = 0; i < offered.size(); ++i) {
    const auto offer = parse_media_type(offered[i]);
    if (!offer) continue;
    const int weight = weight_for(accept, *offer);
    if (weight > best_weight) {
      best_weight = weight;
      best = i;
    }
  }
  return best;
}

std::optional<std::string> unquoted(std::string_view value) {
  if (is_token(value)) return std::string(value);
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::nullopt;
  std::string out;
  for (std::size_t i = 1; i + 1 < value.size(); ++i) {
    if (value[i] == '"') return std::nullopt;
    if (value[i] == '\\' && ++i + 1 >= value.size()) return std::nullopt;
    if (!is(value[i], character::value)) return std::nullopt;
    out.push_back(value[i]);
  }
  return out;
}

}  // namespace tutti::wire::http1
