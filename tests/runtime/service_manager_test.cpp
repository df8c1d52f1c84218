#include "runtime/service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

namespace tutti::runtime {
namespace {

// Listens as a service manager does.
struct ServiceManager {
  explicit ServiceManager(const std::string& name) : descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name.front() == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), length), 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~ServiceManager() {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(descriptor);
  }
  std::string heard() const {
    std::array<char, 100> bytes;
    const ssize_t count = ::recv(descriptor, bytes.data(), bytes.size(), MSG_DONTWAIT);
    return count < 0 ? "" : std::string(bytes.data(), static_cast<std::size_t>(count));
  }
  int descriptor;
};

TEST(ServiceManager, is_told_by_a_socket_file) {
  const std::string path = ::testing::TempDir() + "notify-" + std::to_string(::getpid());
  {
    const ServiceManager manager(path);
    EXPECT_TRUE(tell_service_manager("READY=1"));
    EXPECT_EQ(manager.heard(), "READY=1");
  }
  EXPECT_EQ(::unlink(path.c_str()), 0);
}

TEST(ServiceManager, is_told_by_an_abstract_name) {
  const ServiceManager manager("@tutti-test-" + std::to_string(::getpid()));
  EXPECT_TRUE(tell_service_manager("STOPPING=1\nSTATUS=draining"));
  EXPECT_EQ(manager.heard(), "STOPPING=1\nSTATUS=draining");
}

TEST(ServiceManager, that_is_not_there_is_not_told) {
  ::unsetenv("NOTIFY_SOCKET");
  EXPECT_FALSE(tell_service_manager("READY=1"));
  ::setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
  EXPECT_FALSE(tell_service_manager("READY=1"));
  ::setenv("NOTIFY_SOCKET", std::string(200, 'x').c_str(), 1);
  EXPECT_FALSE(tell_service_manager("READY=1"));
  ::unsetenv("NOTIFY_SOCKET");
}

}  // namespace
}  // namespace tutti::runtime
