// One instance of a service at one address: what is in flight there, whether it is trusted, and its connections.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <tutti/mutex.hpp>

#include "client/breaker.hpp"
#include "client/http_pool.hpp"
#include "client/outlier.hpp"
#include "net/rpc_connection.hpp"

namespace tutti::client {

struct Endpoint {
  Endpoint(Origin its_origin, std::shared_ptr<HttpPool> pool)
      : origin(std::move(its_origin)), name(world::to_string(origin.address)), http(std::move(pool)) {}

  // One that has no address of its own.
  explicit Endpoint(std::string its_name) : origin(), name(std::move(its_name)) {}

  const Origin origin;
  const std::string name;
  Breaker breaker = {};
  Outlier outlier = {};
  std::size_t in_flight = 0;
  std::shared_ptr<HttpPool> http;  // null: spoken to otherwise
  std::vector<std::shared_ptr<net::RpcConnection>> rpc = {};
};

}  // namespace tutti::client
