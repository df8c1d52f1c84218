// The rpc entry point of a shard: finds the method, reads its message, lets the dispatcher run the handler, answers.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "message/buffer.hpp"
#include "net/rpc_server.hpp"
#include "service/served_call.hpp"

namespace tutti::detail {

class RpcEntry final : public net::RpcService {
 public:
  explicit RpcEntry(Host& host);
  ~RpcEntry();
  void serve(net::RpcExchange& exchange) override;

 private:
  Failure run(net::RpcExchange& exchange, CallRoute& route, message::Buffer& result);

  Host& host_;
  std::map<std::string_view, std::unique_ptr<CallRoute>> routes_;  // by "payments.charge"
  std::vector<message::Buffer> buffers_;
};

// Whether the process may listen for rpc at this address: throws tutti::Error(failed_precondition) for one that the network
// reaches while nobody is asked who he is.
void check_rpc_address(Host& host, const world::Address& address);

}  // namespace tutti::detail
