#include "bus/uri.hpp"

#include <charconv>
#include <optional>

#include <tutti/error.hpp>

#include "wire/http1/uri.hpp"

namespace tutti::bus {
namespace {

using wire::http1::decoded;

constexpr std::string_view form = "amqp://user:password@host:5672/vhost?heartbeat=60";
constexpr std::uint32_t heartbeat_max = 65'535;  // seconds: a short number in connection.tune

[[noreturn]] void refuse(const std::string& why) {
  throw Error(Code::failed_precondition, "the broker's URI " + why + "; expected " + std::string(form));
}

std::string decode(std::string_view encoded, std::string_view what) {
  auto text = decoded(encoded);
  if (!text) refuse("has a malformed escape in its " + std::string(what));
  return *std::move(text);
}

std::optional<std::uint32_t> whole_number(std::string_view text, std::uint32_t largest) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > largest) return {};
  return number;
}

// What is before the separator, which is taken off as well; all if there is none.
std::string_view take_until(std::string_view& rest, std::string_view separators) {
  const std::size_t end = std::min(rest.find_first_of(separators), rest.size());
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return taken;
}

void read_user(BrokerUri& uri, std::string_view text) {
  uri.user = decode(take_until(text, ":"), "user");
  uri.password = decode(text, "password");
}

BrokerUri::Host read_host(std::string_view text, std::uint16_t default_port) {
  const std::string quoted = "\"" + std::string(text) + "\"";
  BrokerUri::Host host{.port = default_port};
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) refuse("has the host " + quoted + " without its ]");
    host.name = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
  } else {
    const std::size_t end = std::min(text.find(':'), text.size());
    host.name = text.substr(0, end);
    text.remove_prefix(end);
  }
  if (host.name.empty()) refuse("has no host");
  if (text.empty()) return host;
  const auto port = text.starts_with(':') ? whole_number(text.substr(1), 65'535) : std::nullopt;
  if (!port || *port == 0) refuse("has the host " + quoted + " with a port that is none");
  host.port = static_cast<std::uint16_t>(*port);
  return host;
}

void read_heartbeat(BrokerUri& uri, const std::string& value) {
  const auto seconds = whole_number(value, heartbeat_max);
  if (!seconds) refuse("has heartbeat=" + value + ", which is no number of seconds from 0 to 65535");
  uri.heartbeat = std::chrono::seconds(*seconds);
}

void read_login(BrokerUri& uri, const std::string& value) {
  if (value != "plain" && value != "external") refuse("has auth_mechanism=" + value + "; plain and external are known");
  uri.login = value == "plain" ? BrokerUri::Login::plain : BrokerUri::Login::external;
}

void read_file(BrokerUri& uri, const std::string& name, const std::string& value, std::string& into) {
  if (!uri.tls) refuse("has " + name + ", which is for amqps:");
  into = value;
}

void read_parameter(BrokerUri& uri, const std::string& name, const std::string& value) {
  if (name == "heartbeat") return read_heartbeat(uri, value);
  if (name == "auth_mechanism") return read_login(uri, value);
  if (name == "cacertfile") return read_file(uri, name, value, uri.authorities);
  if (name == "certfile") return read_file(uri, name, value, uri.certificate);
  if (name == "keyfile") return read_file(uri, name, value, uri.key);
  refuse("has the unknown parameter \"" + name +
         "\"; heartbeat, auth_mechanism, cacertfile, certfile and keyfile are known");
}

void read_query(BrokerUri& uri, std::string_view query) {
  wire::http1::QueryReader reader(query);
  while (reader.next()) read_parameter(uri, reader.name(), reader.value());
  if (!reader.fault().empty()) refuse("has a malformed query");
  if (uri.certificate.empty() != uri.key.empty()) refuse("has only one of certfile and keyfile");
  if (uri.login == BrokerUri::Login::external && uri.certificate.empty())
    refuse("has auth_mechanism=external without certfile and keyfile");
}

}  // namespace

BrokerUri parse_broker_uri(std::string_view text) {
  BrokerUri uri;
  if (text.starts_with("amqps://")) {
    uri.tls = true;
  } else if (!text.starts_with("amqp://") && !text.starts_with("pyamqp://")) {
    // Only the scheme is quoted: what comes behind it may be a password.
    const std::size_t end = text.find("://");
    refuse(end == std::string_view::npos ? "has no scheme"
                                         : "begins with \"" + std::string(text.substr(0, end)) + "://\"");
  }
  text.remove_prefix(text.find("://") + 3);
  std::string_view authority = text.substr(0, std::min(text.find_first_of("/?"), text.size()));
  text.remove_prefix(authority.size());
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    read_user(uri, authority.substr(0, at));
    authority.remove_prefix(at + 1);
  }
  do {
    uri.hosts.push_back(read_host(take_until(authority, ","), uri.tls ? 5671 : 5672));
  } while (!authority.empty());
  std::string_view path = take_until(text, "?");
  if (path.starts_with('/')) path.remove_prefix(1);
  if (!path.empty()) uri.virtual_host = decode(path, "virtual host");
  read_query(uri, text);
  return uri;
}

std::string to_string(const BrokerUri::Host& host) {
  const bool six = host.name.find(':') != std::string::npos;
  return (six ? "[" + host.name + "]" : host.name) + ":" + std::to_string(host.port);
}

}  // namespace tutti::bus
