#include "world/real.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>

namespace tutti::world {
namespace {

std::chrono::nanoseconds read_clock(clockid_t which) {
  timespec at{};
  ::clock_gettime(which, &at);
  return std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec);
}

class RealClock final : public Clock {
 public:
  Time now() const override { return {read_clock(CLOCK_REALTIME)}; }
  Instant instant() const override { return {read_clock(CLOCK_MONOTONIC)}; }
};

// The kernel's generator, 32 words at a time for each thread: one system call in 32 draws.
class RealRandom final : public Random {
 public:
  // Not inlined: a fiber may go on on another thread, and the address of a thread_local must not be kept across that.
  [[gnu::noinline]] std::uint64_t next() override {
    static thread_local Buffer buffer;
    if (buffer.used == buffer.words.size()) refill(buffer);
    // What was handed out is wiped, so that a leak of memory does not tell earlier keys.
    return std::exchange(buffer.words[buffer.used++], 0);
  }

 private:
  struct Buffer {
    std::array<std::uint64_t, 32> words{};  // 256 bytes: what getrandom gives whole, signals or not
    std::size_t used = 32;
  };

  static void refill(Buffer& buffer) {
    ssize_t got = 0;
    do {
      got = ::getrandom(buffer.words.data(), sizeof buffer.words, 0);
    } while (got < 0 && errno == EINTR);
    if (got != static_cast<ssize_t>(sizeof buffer.words)) {
      // Going on with predictable keys would be worse than not going on.
      std::fprintf(stderr, "the kernel gives no random numbers: getrandom: %s\n", std::strerror(errno));
      std::abort();
    }
    buffer.used = 0;
  }
};

std::string why_unresolved(const std::string& name, int failure) {
  const std::string start = "host name \"" + name + "\" ";
  switch (failure) {
    case EAI_NONAME:
    case EAI_NODATA:
      return start + "is unknown; check its spelling and the name server's search domain";
    case EAI_AGAIN:
      return start + "could not be looked up: the name server did not answer; try again later";
    case EAI_SYSTEM:
      return start + "could not be looked up: " + std::strerror(errno);
    default:
      return start + "could not be looked up: " + ::gai_strerror(failure);
  }
}

std::vector<Address> resolve_name(const std::string& name, std::string& error) {
  error.clear();
  std::vector<Address> found;
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;  // else every address comes once for each kind of socket
  addrinfo* list = nullptr;
  if (const int failure = ::getaddrinfo(name.c_str(), nullptr, &wanted, &list); failure != 0) {
    error = why_unresolved(name, failure);
    return found;
  }
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* bytes = nullptr;
    if (entry->ai_family == AF_INET) {
      bytes = &reinterpret_cast<const sockaddr_in*>(entry->ai_addr)->sin_addr;
    } else if (entry->ai_family == AF_INET6) {
      bytes = &reinterpret_cast<const sockaddr_in6*>(entry->ai_addr)->sin6_addr;
    }
    if (bytes == nullptr || ::inet_ntop(entry->ai_family, bytes, text.data(), text.size()) == nullptr) continue;
    Address address{entry->ai_family == AF_INET ? Address::Kind::ip4 : Address::Kind::ip6, text.data(), 0};
    if (std::find(found.begin(), found.end(), address) == found.end()) found.push_back(std::move(address));
  }
  ::freeaddrinfo(list);
  if (found.empty()) error = why_unresolved(name, EAI_NONAME);
  return found;
}

class RealWorld final : public World {
 public:
  Clock& clock() override { return clock_; }
  Random& random() override { return random_; }
  Files& files() override { return *files_; }
  std::unique_ptr<Network> make_network() override { return real_network(); }
  std::vector<Address> resolve(const std::string& name, std::string& error) override {
    return resolve_name(name, error);
  }
  bool simulated() const noexcept override { return false; }

 private:
  RealClock clock_;
  RealRandom random_;
  std::unique_ptr<Files> files_ = real_files();
};

}  // namespace

std::unique_ptr<Clock> real_clock() { return std::make_unique<RealClock>(); }
std::unique_ptr<Random> real_random() { return std::make_unique<RealRandom>(); }
std::unique_ptr<World> real_world() { return std::make_unique<RealWorld>(); }

}  // namespace tutti::world
