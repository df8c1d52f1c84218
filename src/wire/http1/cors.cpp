#include "wire/http1/cors.hpp"

#include "wire/http1/characters.hpp"
#include "wire/http1/uri.hpp"

namespace tutti::wire::http1 {
namespace {

bool any_origin(const CorsRules& rules) noexcept {
  for (const std::string& origin : rules.origins) {
    if (origin == "*") return true;
  }
  return false;
}

bool lists(const std::vector<std::string>& list, std::string_view name) noexcept {
  for (const std::string& entry : list) {
    if (equal_ignoring_case(entry, name)) return true;
  }
  return false;
}

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const std::string& entry : list) out += (out.empty() ? "" : ", ") + entry;
  return out;
}

}  // namespace

std::string cors_fault(const CorsRules& rules) {
  for (const std::string& origin : rules.origins) {
    if (origin == "*") {
      if (rules.credentials) return "origin \"*\" with credentials; name the sites that may send credentials";
      continue;
    }
    const auto url = parse_url(origin);
    if (!url || url->scheme + "://" + host_field(*url) != origin) {
      return "origin \"" + origin + "\" is not like https://shop.example (lower case, no path, no default port)";
    }
  }
  for (const auto* list : {&rules.headers, &rules.exposed}) {
    for (const std::string& name : *list) {
      if (!is_token(name)) return "\"" + name + "\" is not a header's name";
    }
  }
  return {};
}

CorsDecision cors(const CorsRules& rules, const RequestHead& request, std::string_view allowed_methods) {
  CorsDecision decision;
  if (rules.origins.empty()) return decision;
  const bool any = any_origin(rules);
  // The answer depends on the origin, also where there is none: caches must know.
  if (!any) decision.headers.push_back({"vary", "Origin"});
  const Fields& fields = request.fields;
  const std::string_view origin = fields.get(Known::origin);
  if (origin.empty() || fields.repeated(Known::origin)) return decision;
  bool known = any;
  for (const std::string& entry : rules.origins) known = known || entry == origin;
  if (!known) return decision;

  const bool preflight = request.method == Method::options && fields.has(Known::access_control_request_method);
  if (preflight) {
    std::string_view asked = fields.get(Known::access_control_request_headers);
    std::string_view name;
    while (next_member(asked, name)) {
      if (!lists(rules.headers, name) && !equal_ignoring_case(name, "content-type")) return decision;
    }
  }
  decision.kind = preflight ? CorsDecision::Kind::preflight : CorsDecision::Kind::allowed;
  decision.headers.push_back({"access-control-allow-origin", any ? "*" : std::string(origin)});
  if (rules.credentials && !any) decision.headers.push_back({"access-control-allow-credentials", "true"});
  if (preflight) {
    decision.headers.push_back({"access-control-allow-methods", std::string(allowed_methods)});
    std::vector<std::string> headers = rules.headers;
    if (!lists(headers, "content-type")) headers.insert(headers.begin(), "content-type");
    decision.headers.push_back({"access-control-allow-headers", joined(headers)});
    decision.headers.push_back({"access-control-max-age", std::to_string(rules.max_age.count())});
  } else if (!rules.exposed.empty()) {
    decision.headers.push_back({"access-control-expose-headers", joined(rules.exposed)});
  }
  return decision;
}

}  // namespace tutti::wire::http1
