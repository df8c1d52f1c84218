// Load for the RPC benchmarks: N connections with M calls in flight on each, for a bounded time. Takes responses and,
// as the raw server sends requests back, those too. Prints one line of JSON: calls, calls per second, p50 and p99 in
// microseconds.
//   rpc_load PORT-OR-PATH-OF-A-UNIX-SOCKET CONNECTIONS IN_FLIGHT SECONDS
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "wire/msgpack_rpc/message.hpp"
#include "wire/msgpack_rpc/pack.hpp"
#include "wire/msgpack_rpc/scanner.hpp"

namespace {

namespace rpc = tutti::wire::msgpack_rpc;
using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

// {"id": 17, "name": "ada", "paid": true, "lines": []}, the message of the 56 byte echo.
constexpr std::string_view argument =
    "\x84\xa2id\x11\xa4name\xa3"
    "ada\xa4paid\xc3\xa5lines\x90";

class Connection {
 public:
  Connection(std::string_view place, std::size_t in_flight)
      : descriptor_(place.starts_with('/') ? connected_to_path(place) : connected_to_port(std::atoi(place.data()))),
        started_(in_flight) {}
  ~Connection() { ::close(descriptor_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] int descriptor() const { return descriptor_; }

  void start_all() {
    const Clock::time_point now = Clock::now();
    for (std::uint32_t id = 0; id < started_.size(); ++id) call(id, now);
    send();
  }

  // Reads what is there; each answer makes room for the next call.
  void take(std::vector<std::uint32_t>& nanoseconds) {
    std::array<char, 64 * 1024> room;
    const ssize_t count = ::recv(descriptor_, room.data(), room.size(), 0);
    if (count <= 0) fail("the server closed the connection");
    in_.append(room.data(), static_cast<std::size_t>(count));
    const Clock::time_point now = Clock::now();
    std::string_view rest = in_;
    while (!rest.empty() && scanner_.scan(rest) == rpc::MessageScanner::State::complete) {
      const std::uint32_t id = id_of(rest.substr(0, scanner_.bytes()));
      nanoseconds.push_back(static_cast<std::uint32_t>((now - started_[id]).count()));
      call(id, now);
      rest.remove_prefix(scanner_.bytes());
      scanner_.clear();
    }
    in_.erase(0, in_.size() - rest.size());
    send();
  }

 private:
  static int connected_to_port(int port) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    if (::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("cannot connect");
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return descriptor;
  }
  static int connected_to_path(std::string_view path) {
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("cannot connect");
    return descriptor;
  }

  void call(std::uint32_t id, Clock::time_point now) {
    started_[id] = now;
    rpc::append_request(out_, id, "bench.echo", rpc::Trailing::nothing);
    rpc::append_array(out_, 1);
    out_ += argument;
  }

  void send() {
    if (!out_.empty() &&
        ::send(descriptor_, out_.data(), out_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(out_.size()))
      fail("cannot send");
    out_.clear();
  }

  [[nodiscard]] std::uint32_t id_of(std::string_view message) const {
    rpc::Cursor cursor(message);
    const auto elements = cursor.array();
    const auto kind = cursor.unsigned_number();
    const auto id = cursor.unsigned_number();
    const bool fine =
        elements == 4 && kind && *kind <= 1 && id && *id < started_.size() && (*kind == 0 || cursor.nil());
    if (!fine) {
      std::fputs("an answer is an error or not one of ours\n", stderr);
      std::exit(1);
    }
    return static_cast<std::uint32_t>(*id);
  }

  int descriptor_;
  std::vector<Clock::time_point> started_;  // by id
  rpc::MessageScanner scanner_;
  std::string in_;
  std::string out_;
};

double microseconds(std::vector<std::uint32_t>& nanoseconds, double share) {
  const auto at =
      nanoseconds.begin() + static_cast<std::ptrdiff_t>(static_cast<double>(nanoseconds.size() - 1) * share);
  std::nth_element(nanoseconds.begin(), at, nanoseconds.end());
  return *at / 1e3;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: rpc_load PORT-OR-PATH CONNECTIONS IN_FLIGHT SECONDS\n", stderr);
    return 2;
  }
  const int epoll = ::epoll_create1(0);
  std::vector<std::unique_ptr<Connection>> connections;
  for (int i = 0; i < std::atoi(argv[2]); ++i) {
    connections.push_back(std::make_unique<Connection>(argv[1], static_cast<std::size_t>(std::atoi(argv[3]))));
    epoll_event event{.events = EPOLLIN, .data = {.ptr = connections.back().get()}};
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, connections.back()->descriptor(), &event);
  }
  std::vector<std::uint32_t> nanoseconds;
  nanoseconds.reserve(std::size_t{8} << 20);
  const Clock::time_point begin = Clock::now();
  const Clock::time_point end = begin + std::chrono::milliseconds(static_cast<int>(std::atof(argv[4]) * 1000));
  for (const auto& connection : connections) connection->start_all();
  std::array<epoll_event, 256> events;
  while (Clock::now() < end) {
    const int count = ::epoll_wait(epoll, events.data(), events.size(), 1000);
    for (int i = 0; i < count; ++i)
      static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr)->take(nanoseconds);
  }
  const std::chrono::duration<double> taken = Clock::now() - begin;
  if (nanoseconds.empty()) {
    std::fputs("no call was answered\n", stderr);
    return 1;
  }
  std::printf("{\"calls\": %zu, \"per_second\": %.0f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n", nanoseconds.size(),
              static_cast<double>(nanoseconds.size()) / taken.count(), microseconds(nanoseconds, 0.5),
              microseconds(nanoseconds, 0.99));
}
