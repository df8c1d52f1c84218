// Memory that is refused once, at each place in turn: the connection that met it may end, the process and the other
// connections go on. The server has a thread and the real network; only allocations of that thread are counted.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <latch>
#include <new>
#include <thread>

#include "net/http_fixture.hpp"
#include "net/rpc_fixture.hpp"
#include "net/websocket_fixture.hpp"

namespace {

thread_local bool counted = false;
std::atomic<long> until_refused{-1};  // allocations; below 0: none is refused

void* allocate(std::size_t bytes) {
  if (counted && until_refused.load() >= 0 && until_refused.fetch_sub(1) == 0) throw std::bad_alloc();
  if (void* const memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t bytes) { return allocate(bytes); }
// Not inlined: g++ would take free() in place of a delete-expression for a mistake.
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace tutti::net::testing {
namespace {

class BlockingClient {
 public:
  explicit BlockingClient(const world::Address& to) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval two_seconds{2, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &two_seconds, sizeof two_seconds);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(to.port);
    ::inet_pton(AF_INET, to.host.c_str(), &address.sin_addr);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ~BlockingClient() { ::close(socket_); }
  BlockingClient(const BlockingClient&) = delete;
  BlockingClient& operator=(const BlockingClient&) = delete;

  // All that comes until the other side closes, which it does after this.
  std::string ask(std::string_view bytes) const {
    (void)::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    ::shutdown(socket_, SHUT_WR);
    std::string got;
    char room[4096];
    for (ssize_t count = 0; (count = ::recv(socket_, room, sizeof room, 0)) > 0;)
      got.append(room, static_cast<std::size_t>(count));
    return got;
  }

 private:
  int socket_;
};

struct Servers {
  world::Address http, rpc, websocket;
};

// The loop's table of timers keeps the room that it once had: what waits for the tests themselves must find some.
void make_room_for_timers() {
  Scope scope;
  for (int i = 0; i < 200; ++i) scope.spawn([] { tutti::sleep(50ms); });
  scope.join();
}

// Runs `body` beside a thread that serves.
template <class F>
void beside_servers(F body) {
  Servers servers;
  std::latch listening(1);
  std::atomic<bool> over{false};
  std::thread thread([&] {
    const auto world = world::real_world();
    on_fiber(*world, [&] {
      PathService paths;
      EchoService echoes;
      const auto anywhere = *world::parse_address("127.0.0.1:0");
      const auto http = serve_http(this_shard(), paths, {.listen = anywhere});
      const auto rpc = serve_rpc(this_shard(), echoes, {.listen = anywhere});
      WebSockets sockets({});
      sockets.service.notes.reserve(1'000'000);
      servers = {http->address(), rpc->address(), sockets.http->address()};
      make_room_for_timers();
      counted = true;
      listening.count_down();
      while (!over) tutti::sleep(1ms);
      counted = false;
      const auto& notes = sockets.service.notes;
      EXPECT_LE(std::count(notes.begin(), notes.end(), "opened"), std::count(notes.begin(), notes.end(), "gone"));
    });
  });
  listening.wait();
  body(servers);
  over = true;
  thread.join();
}

// How many places there are where memory was refused.
template <class Scenario, class Check>
int refuse_at_each_place(Scenario scenario, Check check) {
  for (int place = 0;; ++place) {
    until_refused = place;
    scenario();
    const bool met = until_refused.exchange(-1) < 0;
    check(place);
    if (!met || ::testing::Test::HasFailure()) return place;
  }
}

TEST(OutOfMemory, ends_at_most_one_http_connection) {
  beside_servers([](const Servers& servers) {
    const std::string requests = get("/path?first") + post("/echo", std::string(40'000, 'b')) +
                                 chunked("/echo", "5\r\nshort\r\n0\r\n\r\n") + post("/upload", "streamed") +
                                 get("/pieces") + get("/path?last") + get("/throw");
    const int places = refuse_at_each_place([&] { (void)BlockingClient(servers.http).ask(requests); },
                                            [&](int place) {
                                              const std::string answers = BlockingClient(servers.http).ask(requests);
                                              ASSERT_EQ(count_of(answers, "HTTP/1.1 "), 7u) << place;
                                            });
    EXPECT_GT(places, 3);
  });
}

TEST(OutOfMemory, ends_at_most_one_websocket) {
  beside_servers([](const Servers& servers) {
    const std::string said = get("/", "connection: upgrade\r\n") + frames::text("send 50") + frames::text(std::string(40'000, 'b')) +
                             frames::first("a") + frames::frame(Opcode::ping, "p") + frames::last("b") + frames::text("all") +
                             frames::frame(Opcode::close, "\x03\xe8");
    const int places = refuse_at_each_place([&] { (void)BlockingClient(servers.websocket).ask(said); },
                                            [&](int place) {
                                              const std::string heard = BlockingClient(servers.websocket).ask(said);
                                              ASSERT_TRUE(heard.ends_with("\x88\x02\x03\xe8")) << place;
                                            });
    EXPECT_GT(places, 10);
  });
}

TEST(OutOfMemory, ends_at_most_one_rpc_connection) {
  beside_servers([](const Servers& servers) {
    const std::string requests = request(1, "echo", params_of(std::string(40'000, 'b'))) +
                                 request(2, "unknown", params_of("x")) + request(3, "silent", params_of("x")) +
                                 request(4, "large", params_of("x")) + request(5, "echo", params_of("last"));
    const int places = refuse_at_each_place([&] { (void)BlockingClient(servers.rpc).ask(requests); },
                                            [&](int place) {
                                              const std::string answers = BlockingClient(servers.rpc).ask(requests);
                                              ASSERT_EQ(messages_in(answers).size(), 5u) << place;
                                            });
    EXPECT_GT(places, 3);
  });
}

TEST(OutOfMemory, of_an_rpc_client_is_its_callers_error) {
  const auto world = world::real_world();
  on_fiber(*world, [] {
    EchoService service;
    const auto server = serve_rpc(runtime::Shard::current(), service, {.listen = *world::parse_address("127.0.0.1:0")});
    make_room_for_timers();
    const std::string params = params_of(std::string(40'000, 'b'));
    const auto call = [&](RpcConnection& connection, std::string& bytes) {
      return connection.call("echo", params, {}, runtime::Shard::current().now() + 5s, bytes);
    };
    counted = true;
    const int places = refuse_at_each_place(
        [&] {
          try {
            const auto connection = RpcConnection::open(runtime::Shard::current(), server->address());
            std::string bytes;
            (void)call(*connection, bytes);
          } catch (const std::bad_alloc&) {
          }
        },
        [&](int place) {
          const auto connection = RpcConnection::open(runtime::Shard::current(), server->address());
          std::string bytes;
          ASSERT_EQ(call(*connection, bytes), RpcOutcome::result) << place;
        });
    counted = false;
    EXPECT_GT(places, 3);
  });
}

}  // namespace
}  // namespace tutti::net::testing
