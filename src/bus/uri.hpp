// Where a broker is and as whom it is spoken to, written as RabbitMQ's clients write it:
//   amqp://user:password@host:5672/vhost?heartbeat=30
//   amqps://user:password@rabbit-1,rabbit-2:5671/shop?cacertfile=/etc/shop/ca.pem
//   amqps://rabbit/shop?auth_mechanism=external&cacertfile=ca.pem&certfile=orders.pem&keyfile=orders.key
// Several hosts of one cluster are separated by commas. User, password and virtual host are percent-decoded.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::bus {

struct BrokerUri {
  struct Host {
    std::string name = {};  // a host name or a numeric address, without brackets
    std::uint16_t port = 0;
    friend bool operator==(const Host&, const Host&) = default;
  };
  std::vector<Host> hosts = {};
  std::string user = "guest";
  std::string password = "guest";
  std::string virtual_host = "/";
  std::chrono::seconds heartbeat{60};  // 0: none
  bool tls = false;
  std::string authorities = {};  // a PEM file whose certificates are trusted; empty: the system's
  std::string certificate = {};  // a PEM file that is shown to the broker, with its key; empty: none
  std::string key = {};
  enum class Login : std::uint8_t { plain, external };
  Login login = Login::plain;  // external: the certificate says who logs in (RFC 4422, appendix A)
};

// Throws tutti::Error(failed_precondition) with what is wrong; the sentence never has the password in it.
[[nodiscard]] BrokerUri parse_broker_uri(std::string_view text);

// "rabbit-1:5672"
[[nodiscard]] std::string to_string(const BrokerUri::Host& host);

}  // namespace tutti::bus
