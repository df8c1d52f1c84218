// Who may come in, and to which virtual hosts.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "broker/model/virtual_host.hpp"

namespace tutti::broker {

class Access {
 public:
  [[nodiscard]] virtual bool admits(std::string_view user, std::string_view password) const = 0;
  [[nodiscard]] virtual bool knows(std::string_view user) const = 0;
  [[nodiscard]] virtual bool may_enter(std::string_view user, std::string_view host) const = 0;
  [[nodiscard]] virtual VirtualHost* host(std::string_view name) = 0;  // null: there is none of that name

 protected:
  ~Access() = default;
};

struct Credentials {
  std::string user;
  std::string password;
};
// The answer of a SASL mechanism: PLAIN (RFC 4616), or AMQPLAIN, a table with LOGIN and PASSWORD. Nothing: malformed,
// or a mechanism that is not known.
[[nodiscard]] std::optional<Credentials> credentials_of(std::string_view mechanism, std::string_view response);
inline constexpr std::string_view mechanisms = "PLAIN AMQPLAIN";
// Beside these, for who has shown a certificate: he is the user of its name (RFC 4422, appendix A).
inline constexpr std::string_view external = "EXTERNAL";

}  // namespace tutti::broker
