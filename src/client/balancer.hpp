// Which endpoint is asked next: of two drawn at random the one with less in flight ("power of two choices"). A slow
// instance collects calls in flight and so gets fewer new ones, without anybody measuring it.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include <tutti/random.hpp>

#include "client/endpoint.hpp"

namespace tutti::client {

using Endpoints = std::vector<std::shared_ptr<Endpoint>>;

// Null: none of them takes a call now. Those in `tried` only if nothing else is left.
[[nodiscard]] std::shared_ptr<Endpoint> choose(const Endpoints& endpoints, std::span<const Endpoint* const> tried,
                                               Instant now, Random& random);
// Whether an endpoint that is not in `tried` takes calls.
[[nodiscard]] bool another_left(const Endpoints& endpoints, std::span<const Endpoint* const> tried, Instant now);

}  // namespace tutti::client
