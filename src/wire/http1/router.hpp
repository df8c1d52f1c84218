// Which route a request is for. Patterns are "/charges/{id}" and, for everything below a folder, "/static/{file...}".
// A literal segment beats a parameter, a parameter beats a rest; two patterns that differ only in their parameters'
// names are the same place. Routes are added at start; a lookup allocates nothing and visits each node once at most.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/http1/request_parser.hpp"

namespace tutti::wire::http1 {

// The methods that some place answers, as bits.
class AllowedMethods {
 public:
  void add(Method method) noexcept { bits_ |= static_cast<std::uint16_t>(1u << static_cast<unsigned>(method)); }
  void add(AllowedMethods other) noexcept { bits_ |= other.bits_; }
  [[nodiscard]] bool has(Method method) const noexcept { return (bits_ >> static_cast<unsigned>(method) & 1) != 0; }
  [[nodiscard]] bool empty() const noexcept { return bits_ == 0; }
  // "GET, HEAD, OPTIONS": HEAD where there is GET, OPTIONS always.
  [[nodiscard]] std::string to_string() const;

 private:
  std::uint16_t bits_ = 0;
};

struct RouteMatch {
  static constexpr std::size_t parameters_max = 16;

  enum class Outcome : std::uint8_t {
    found,
    not_found,    // 404
    not_allowed,  // 405 with `allowed`
    options,      // OPTIONS without a route of its own: 204 with `allowed`
  } outcome = Outcome::not_found;
  std::uint32_t route = 0;      // what was given to add()
  Method method = Method::get;  // of the route: GET for a HEAD that fell to it
  AllowedMethods allowed;
  // In the pattern's order, still encoded (append_decoded); the views look into the path.
  std::array<std::string_view, parameters_max> values;
  std::size_t count = 0;
};

class Router {
 public:
  static constexpr std::size_t segments_max = 32;

  Router();
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  struct Clash {
    std::string existing;  // the pattern that is there already; empty if `pattern` itself is malformed
    std::string message;   // names both
  };
  // Nothing: added.
  [[nodiscard]] std::optional<Clash> add(Method method, std::string_view pattern, std::uint32_t route);

  // The path as it came, encoded, without query; the caller has asked path_fault().
  [[nodiscard]] RouteMatch find(Method method, std::string_view path) const noexcept;

 private:
  struct Node;
  struct Search;
  static bool visit(const Node& node, std::string_view rest, Search& search, std::size_t depth) noexcept;

  std::unique_ptr<Node> root_;
};

// "/charges/{id}/lines/{line}" -> {"id", "line"}; a rest's name comes without its dots. Nothing if malformed.
[[nodiscard]] std::optional<std::vector<std::string>> parameters_of(std::string_view pattern);

}  // namespace tutti::wire::http1
