#include "wire/http1/router.hpp"

#include <algorithm>

#include "wire/http1/characters.hpp"
#include "wire/http1/uri.hpp"

namespace tutti::wire::http1 {
namespace {

enum class SegmentKind : std::uint8_t { literal, parameter, rest, malformed };

struct Segment {
  SegmentKind kind = SegmentKind::literal;
  std::string_view name;  // of a parameter; a literal's text
};

Segment segment_of(std::string_view text) noexcept {
  if (text.find_first_of("{}") == std::string_view::npos) {
    return {all(text, character::target) ? SegmentKind::literal : SegmentKind::malformed, text};
  }
  if (text.size() < 3 || text.front() != '{' || text.back() != '}') return {SegmentKind::malformed, text};
  std::string_view name = text.substr(1, text.size() - 2);
  SegmentKind kind = SegmentKind::parameter;
  if (name.size() > 3 && name.substr(name.size() - 3) == "...") {
    kind = SegmentKind::rest;
    name.remove_suffix(3);
  }
  for (char c : name) {
    if (!is(c, character::unreserved) || c == '~' || c == '.') return {SegmentKind::malformed, text};
  }
  return {kind, name};
}

constexpr std::size_t method_count = static_cast<std::size_t>(Method::other);
constexpr std::uint32_t no_route = UINT32_MAX;

}  // namespace

struct Router::Node {
  struct End {
    AllowedMethods methods;
    std::array<std::uint32_t, method_count> routes;
    std::array<std::string, method_count> patterns;
    End() { routes.fill(no_route); }
  };

  std::vector<std::pair<std::string, std::unique_ptr<Node>>> literals;  // by text, ascending
  std::unique_ptr<Node> parameter;
  std::unique_ptr<End> here;
  std::unique_ptr<End> rest;  // everything below, at least one segment

  Node& child(const Segment& segment) {
    if (segment.kind == SegmentKind::parameter) {
      if (!parameter) parameter = std::make_unique<Node>();
      return *parameter;
    }
    const auto at = std::lower_bound(literals.begin(), literals.end(), segment.name,
                                     [](const auto& entry, std::string_view name) { return entry.first < name; });
    if (at != literals.end() && at->first == segment.name) return *at->second;
    return *literals.emplace(at, std::string(segment.name), std::make_unique<Node>())->second;
  }
  [[nodiscard]] const Node* literal(std::string_view text) const noexcept {
    const auto at = std::lower_bound(literals.begin(), literals.end(), text,
                                     [](const auto& entry, std::string_view name) { return entry.first < name; });
    return at != literals.end() && at->first == text ? at->second.get() : nullptr;
  }
};

struct Router::Search {
  Method method;
  RouteMatch match;

  // True: this end answers the method.
  bool ends(const Node::End* end, std::size_t count) noexcept {
    if (end == nullptr) return false;
    match.allowed.add(end->methods);
    Method as = method;
    if (as == Method::head && !end->methods.has(Method::head)) as = Method::get;
    if (as == Method::other || !end->methods.has(as)) return false;
    match.outcome = RouteMatch::Outcome::found;
    match.route = end->routes[static_cast<std::size_t>(as)];
    match.method = as;
    match.count = count;
    return true;
  }
};

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;

std::optional<Router::Clash> Router::add(Method method, std::string_view pattern, std::uint32_t route) {
  const auto malformed = [&](std::string_view expected) {
    return Clash{{}, "route \"" + std::string(pattern) + "\" is malformed; expected " + std::string(expected)};
  };
  if (method == Method::other) return malformed("one of the methods of HTTP");
  const auto names = parameters_of(pattern);
  if (!names) {
    return malformed(
        "segments like /charges/{id}, each parameter a whole segment with a name of its own, {name...} only at the "
        "end");
  }
  std::size_t segments = 0;
  Node* node = root_.get();
  std::unique_ptr<Node::End>* end = nullptr;
  std::string_view rest = pattern;
  std::string_view text;
  while (next_segment(rest, text)) {
    if (++segments > segments_max) return malformed("at most 32 segments");
    const Segment segment = segment_of(text);
    if (segment.kind == SegmentKind::rest) {
      end = &node->rest;
    } else {
      node = &node->child(segment);
    }
  }
  if (end == nullptr) end = &node->here;
  if (!*end) *end = std::make_unique<Node::End>();
  const auto index = static_cast<std::size_t>(method);
  if ((*end)->methods.has(method)) {
    const std::string& existing = (*end)->patterns[index];
    return Clash{existing, "route " + std::string(name_of(method)) + " \"" + std::string(pattern) +
                               "\" is the same place as \"" + existing + "\"; give one of them another path"};
  }
  (*end)->methods.add(method);
  (*end)->routes[index] = route;
  (*end)->patterns[index] = pattern;
  return std::nullopt;
}

// Depth is bounded by the patterns' segments; each node of the tree is visited at most once per lookup.
bool Router::visit(const Node& node, std::string_view rest, Search& search, std::size_t count) noexcept {
  if (rest.empty()) return search.ends(node.here.get(), count);
  std::string_view segment;
  std::string_view below = rest;
  if (!next_segment(below, segment)) return false;
  if (const Node* literal = node.literal(segment); literal != nullptr && visit(*literal, below, search, count)) {
    return true;
  }
  if (count == RouteMatch::parameters_max) return false;
  if (node.parameter && !segment.empty()) {
    search.match.values[count] = segment;
    if (visit(*node.parameter, below, search, count + 1)) return true;
  }
  if (node.rest && rest.size() > 1) {
    search.match.values[count] = rest.substr(1);
    return search.ends(node.rest.get(), count + 1);
  }
  return false;
}

RouteMatch Router::find(Method method, std::string_view path) const noexcept {
  Search search{method, {}};
  if (visit(*root_, path, search, 0)) return search.match;
  search.match.count = 0;
  if (search.match.allowed.empty()) return search.match;
  search.match.outcome = method == Method::options ? RouteMatch::Outcome::options : RouteMatch::Outcome::not_allowed;
  return search.match;
}

std::string AllowedMethods::to_string() const {
  std::string out;
  for (std::size_t i = 0; i < method_count; ++i) {
    const auto method = static_cast<Method>(i);
    const bool implied = method == Method::options || (method == Method::head && has(Method::get));
    if (!has(method) && !implied) continue;
    if (!out.empty()) out += ", ";
    out += name_of(method);
  }
  return out;
}

std::optional<std::vector<std::string>> parameters_of(std::string_view pattern) {
  std::vector<std::string> names;
  if (!path_fault(pattern).empty()) return std::nullopt;
  std::string_view rest = pattern;
  std::string_view text;
  while (next_segment(rest, text)) {
    const Segment segment = segment_of(text);
    if (segment.kind == SegmentKind::malformed) return std::nullopt;
    if (segment.kind == SegmentKind::literal) continue;
    if (segment.kind == SegmentKind::rest && !rest.empty()) return std::nullopt;
    if (names.size() == RouteMatch::parameters_max) return std::nullopt;
    if (std::find(names.begin(), names.end(), segment.name) != names.end()) return std::nullopt;
    names.emplace_back(segment.name);
  }
  return names;
}

}  // namespace tutti::wire::http1
