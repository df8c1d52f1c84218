// The limit of RPC: an epoll server that finds where each MessagePack-RPC message ends and sends it back as it came,
// decoding nothing. Arguments: ports, paths of Unix sockets.
#include "raw_server.hpp"
#include "wire/msgpack_rpc/scanner.hpp"

namespace {

class Connection {
 public:
  std::size_t take(std::string_view data, std::string& out) {
    std::size_t used = 0;
    while (used < data.size() &&
           scanner_.scan(data.substr(used)) == tutti::wire::msgpack_rpc::MessageScanner::State::complete) {
      used += scanner_.bytes();
      scanner_.clear();
    }
    out.append(data.substr(0, used));
    return used;
  }
  static std::string_view more() { return {}; }

 private:
  tutti::wire::msgpack_rpc::MessageScanner scanner_;
};

}  // namespace

int main(int argc, char** argv) { return bench::RawServer<Connection>().serve(argc - 1, argv + 1); }
