// Services of this process on real sockets, and a client that says exactly which bytes it sends: what a stranger with
// curl meets.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <tutti/tutti.hpp>

#include "observe/log/sink.hpp"
#include "service/process.hpp"
#include "settings/settings.hpp"
#include "world/real.hpp"

namespace tutti::given {

inline constexpr int patience_seconds = 20;  // of a read; a test that waits longer has failed

// One connection to a service of this machine.
class Wire {
 public:
  explicit Wire(const world::Address& to) {
    if (to.kind == world::Address::Kind::local) {
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      std::memcpy(address.sun_path, to.host.data(), to.host.size());
      open(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    } else {
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(to.port);
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      open(AF_INET, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
  }
  ~Wire() { close(); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) throw std::runtime_error(std::string("send: ") + std::strerror(errno));
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  // More bytes; empty at the end of the connection.
  std::string receive() {
    char room[16 * 1024];
    const ssize_t got = ::recv(socket_, room, sizeof room, 0);
    if (got < 0 && errno == ECONNRESET) return {};
    if (got < 0) throw std::runtime_error(std::string("recv: ") + std::strerror(errno));
    return {room, static_cast<std::size_t>(got)};
  }
  // Everything up to and including `end`; throws if the connection ends before.
  std::string receive_until(std::string_view end) {
    std::size_t at;
    while ((at = ahead_.find(end)) == std::string::npos) {
      const std::string more = receive();
      if (more.empty()) throw std::runtime_error("the connection ended after: " + ahead_);
      ahead_ += more;
    }
    std::string found = ahead_.substr(0, at + end.size());
    ahead_.erase(0, at + end.size());
    return found;
  }
  std::string receive_bytes(std::size_t count) {
    while (ahead_.size() < count) {
      const std::string more = receive();
      if (more.empty()) throw std::runtime_error("the connection ended after: " + ahead_);
      ahead_ += more;
    }
    std::string found = ahead_.substr(0, count);
    ahead_.erase(0, count);
    return found;
  }
  std::string receive_rest() {
    std::string rest = std::exchange(ahead_, {});
    for (std::string more = receive(); !more.empty(); more = receive()) rest += more;
    return rest;
  }
  // Gone for good: the other side is told so, while a mere end may be the client's half only.
  void reset() {
    const linger none{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    close();
  }
  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }

 private:
  void open(int family, const sockaddr* address, socklen_t bytes) {
    socket_ = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{.tv_sec = patience_seconds, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (::connect(socket_, address, bytes) != 0)
      throw std::runtime_error(std::string("connect: ") + std::strerror(errno));
  }

  int socket_ = -1;
  std::string ahead_;
};

struct Answer {
  int status = 0;
  std::string head;   // status line and fields, as sent
  std::string body;   // without its chunks
  bool whole = true;  // false: the connection ended before the body did

  // The field's value, or "" if it is not there; `name` in lower case.
  [[nodiscard]] std::string header(std::string_view name) const {
    for (std::size_t at = head.find("\r\n"); at != std::string::npos; at = head.find("\r\n", at + 2)) {
      const std::size_t begin = at + 2;
      if (head.size() < begin + name.size() + 1 || head[begin + name.size()] != ':') continue;
      if (::strncasecmp(head.data() + begin, name.data(), name.size()) != 0) continue;
      std::size_t from = begin + name.size() + 1;
      while (head[from] == ' ') ++from;
      return head.substr(from, head.find("\r\n", from) - from);
    }
    return {};
  }
};

// The next answer on the wire. `to_head`: no body follows, whatever the head says.
inline Answer read_answer(Wire& wire, std::string_view method = "GET") {
  Answer answer;
  answer.head = wire.receive_until("\r\n\r\n");
  answer.status = std::atoi(answer.head.c_str() + std::strlen("HTTP/1.1 "));
  if (method == "HEAD" || answer.status == 204 || answer.status == 304) return answer;
  try {
    if (const std::string length = answer.header("content-length"); !length.empty()) {
      answer.body = wire.receive_bytes(std::stoul(length));
    } else if (answer.header("transfer-encoding") == "chunked") {
      for (;;) {
        const std::size_t size = std::stoul(wire.receive_until("\r\n"), nullptr, 16);
        const std::string piece = wire.receive_bytes(size + 2);
        if (size == 0) break;
        answer.body += piece.substr(0, size);
      }
    } else {
      answer.body = wire.receive_rest();
    }
  } catch (const std::runtime_error&) {
    answer.whole = false;
  }
  return answer;
}

inline std::string request_text(std::string_view method, std::string_view target, std::string_view fields = {},
                                std::string_view body = {}) {
  std::string text =
      std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: here\r\n" + std::string(fields);
  const bool counted = fields.find("Content-Length") != std::string_view::npos ||
                       fields.find("Transfer-Encoding") != std::string_view::npos;
  if (!counted && (!body.empty() || method == "POST" || method == "PUT"))
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + std::string(body);
}

// Each a whole field line: "Accept: text/event-stream\r\n".
inline Answer ask(const world::Address& to, std::string_view method, std::string_view target,
                  std::string_view fields = {}, std::string_view body = {}) {
  Wire wire(to);
  wire.send(request_text(method, target, fields, body));
  return read_answer(wire, method);
}

// The process of a service, started and ready; stopped at the end of the test.
class Running {
 public:
  explicit Running(std::vector<Composed> services, std::vector<std::string> flags = {})
      : services_(std::move(services)), world_(world::real_world()) {
    for (const char* listen :
         {"--tutti.http.listen=127.0.0.1:0", "--tutti.admin.listen=127.0.0.1:0", "--tutti.data=/tmp"}) {
      flags.insert(flags.begin(), listen);  // a flag of the test comes later and counts
    }
    std::vector<std::string> prefixes{"tutti"};
    for (const Composed& composed : services_) prefixes.emplace_back(composed.service.name);
    sources_.emplace(
        settings::Given{.files = world_->files(), .arguments = std::move(flags), .prefixes = std::move(prefixes)});
    detail::LibrarySettings library;
    sources_->load(detail::shape_of<detail::LibrarySettings>(), &library, "tutti");
    process_ = std::make_unique<detail::Process>(detail::Process::Parts{.world = *world_,
                                                                        .sources = *sources_,
                                                                        .library = library,
                                                                        .services = services_,
                                                                        .log_sink = lines_,
                                                                        .log_style = observe::LogStyle::json,
                                                                        .version = "0.0.1",
                                                                        .handle_signals = false});
    thread_ = std::thread([this] {
      try {
        exit_code_ = process_->run();
      } catch (...) {
        failure_ = std::current_exception();
      }
    });
    if (!process_->wait_until_ready()) {
      thread_.join();
      std::rethrow_exception(failure_);
    }
    http = process_->listening().http.value_or(world::Address{});
    rpc = process_->listening().rpc.value_or(world::Address{});
    admin = process_->listening().admin.value_or(world::Address{});
  }
  ~Running() {
    if (thread_.joinable()) (void)stop();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  void ask_to_stop() { process_->ask_to_stop(); }
  // Drains; the exit code.
  int stop() {
    process_->ask_to_stop();
    return wait();
  }
  int wait() {
    thread_.join();
    return exit_code_;
  }

  // Lines of the log so far that contain `part`.
  std::vector<std::string> log(std::string_view part) {
    for (std::string& line : lines_.take()) all_lines_.push_back(std::move(line));
    std::vector<std::string> found;
    for (const std::string& line : all_lines_) {
      if (line.find(part) != std::string::npos) found.push_back(line);
    }
    return found;
  }

  world::Address http, rpc, admin;

 private:
  std::vector<Composed> services_;
  std::unique_ptr<world::World> world_;
  std::optional<settings::Sources> sources_;
  observe::MemorySink lines_;
  std::unique_ptr<detail::Process> process_;
  std::vector<std::string> all_lines_;
  int exit_code_ = -1;
  std::exception_ptr failure_;
  std::thread thread_;
};

}  // namespace tutti::given
