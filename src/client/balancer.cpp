#include "client/balancer.hpp"

#include <algorithm>

namespace tutti::client {
namespace {

bool contains(std::span<const Endpoint* const> tried, const Endpoint& endpoint) {
  return std::find(tried.begin(), tried.end(), &endpoint) != tried.end();
}

bool takes_calls(const Endpoint& endpoint, Instant now) {
  return endpoint.breaker.allows(now) && endpoint.outlier.allows(now);
}

}  // namespace

std::shared_ptr<Endpoint> choose(const Endpoints& endpoints, std::span<const Endpoint* const> tried, Instant now,
                                 Random& random) {
  std::vector<const std::shared_ptr<Endpoint>*> candidates;
  candidates.reserve(endpoints.size());
  for (const auto& endpoint : endpoints) {
    if (takes_calls(*endpoint, now) && !contains(tried, *endpoint)) candidates.push_back(&endpoint);
  }
  if (candidates.empty()) {
    for (const auto& endpoint : endpoints) {
      if (takes_calls(*endpoint, now)) candidates.push_back(&endpoint);
    }
  }
  if (candidates.empty()) {
    // One that fails often is better than none.
    for (const auto& endpoint : endpoints) {
      if (endpoint->breaker.allows(now)) candidates.push_back(&endpoint);
    }
  }
  if (candidates.empty()) return nullptr;
  // A probe of an endpoint that was left alone must happen, or it never comes back.
  for (const auto* candidate : candidates) {
    if ((*candidate)->breaker.open() || (*candidate)->outlier.ejected()) return *candidate;
  }
  if (candidates.size() == 1) return *candidates.front();
  const std::size_t first = random.below(candidates.size());
  std::size_t second = random.below(candidates.size() - 1);
  if (second >= first) ++second;
  return *candidates[(*candidates[second])->in_flight < (*candidates[first])->in_flight ? second : first];
}

bool another_left(const Endpoints& endpoints, std::span<const Endpoint* const> tried, Instant now) {
  return std::any_of(endpoints.begin(), endpoints.end(),
                     [&](const auto& endpoint) { return takes_calls(*endpoint, now) && !contains(tried, *endpoint); });
}

}  // namespace tutti::client
