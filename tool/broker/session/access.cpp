#include "broker/session/access.hpp"

#include "wire/amqp/table.hpp"

namespace tutti::broker {
namespace {

// [who to act as] NUL user NUL password
std::optional<Credentials> plain(std::string_view response) {
  const std::size_t first = response.find('\0');
  const std::size_t second = first == std::string_view::npos ? first : response.find('\0', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  return Credentials{std::string(response.substr(first + 1, second - first - 1)),
                     std::string(response.substr(second + 1))};
}

// The pairs of a table, without the length in front of them.
std::optional<Credentials> amqplain(std::string_view response) {
  const wire::amqp::Table table{response};
  if (!wire::amqp::well_formed(table)) return std::nullopt;
  const auto user = wire::amqp::find(table, "LOGIN");
  const auto password = wire::amqp::find(table, "PASSWORD");
  if (!user || !user->text() || !password || !password->text()) return std::nullopt;
  return Credentials{std::string(*user->text()), std::string(*password->text())};
}

}  // namespace

std::optional<Credentials> credentials_of(std::string_view mechanism, std::string_view response) {
  if (mechanism == "PLAIN") return plain(response);
  if (mechanism == "AMQPLAIN") return amqplain(response);
  return std::nullopt;
}

}  // namespace tutti::broker
