#include "client/http_client.hpp"

#include <array>
#include <utility>

#include <tutti/offload.hpp>

#include "client/deadline_scope.hpp"
#include "message/report.hpp"
#include "wire/http1/characters.hpp"
#include "wire/http1/uri.hpp"
#include "wire/http1/writer.hpp"

namespace tutti {

std::optional<std::string_view> HttpReply::header(std::string_view name) const {
  for (const auto& [its_name, value] : headers) {
    if (wire::http1::equal_ignoring_case(its_name, name)) return value;
  }
  return std::nullopt;
}

}  // namespace tutti

namespace tutti::client {
namespace {

// Those that frame the message are not the caller's.
constexpr std::array<std::string_view, 4> own_headers{"host", "content-length", "transfer-encoding", "connection"};

}  // namespace

HttpReply PooledHttpClient::send(const HttpRequest& request) {
  if (closed_) throw Error(Code::unavailable, "this process is stopping and sends no more requests");
  const auto refuse = [](const std::string& why) { throw Error(Code::invalid_argument, why); };
  const auto url = wire::http1::parse_url(request.url);
  if (!url)
    refuse("the url " + message::quoted(request.url) +
           " cannot be read; expected http://host[:port]/path or https://...");
  const wire::http1::Method method = wire::http1::method_of(request.method);
  std::string head;
  wire::http1::RequestWriter writer(head);
  if (!writer.start(request.method, url->target, wire::http1::host_field(*url))) {
    refuse("the request \"" + request.method + " " + message::clipped(request.url) +
           "\" has a character that http does not allow");
  }
  for (const auto& [name, value] : request.headers) {
    for (const std::string_view own : own_headers) {
      if (wire::http1::equal_ignoring_case(name, own))
        refuse("the header \"" + name + "\" is written by the client itself; leave it out");
    }
    if (!writer.field(name, value))
      refuse("the header " + message::quoted(name) + " has a character that http does not allow");
  }
  const bool bodiless = method == wire::http1::Method::get || method == wire::http1::Method::head;
  if (request.body.empty() && bodiless) {
    writer.no_body();
  } else {
    writer.content_length(request.body.size());
  }
  const DeadlineScope scope(shard_.now() + request.deadline);
  detail::check_may_wait("an http request");
  Origin origin{.address = {},
                .security = url->scheme == "https" ? Security::tls : Security::plain,
                .host = wire::http1::host_field(*url),
                .name = url->host};
  using wire::http1::Method;
  const bool idempotent = bodiless || method == Method::put || method == Method::del || method == Method::options;
  const std::vector<world::Address> addresses = addresses_of(url->host, url->port);
  for (std::size_t i = 0;; ++i) {
    origin.address = addresses[i];
    std::optional<HttpPool::Lease> answer;
    try {
      answer.emplace(exchange(*pool_for(origin), head, request.body, method,
                              idempotent ? Resend::always : Resend::if_unsent, request.body_bytes_max));
    } catch (const WireError& error) {
      if (error.fate() == Fate::unsent && error.code() == Code::unavailable && i + 1 < addresses.size()) continue;
      throw;
    }
    HttpReply reply{.status = (*answer)->head().status, .headers = {}, .body = {}};
    for (const wire::http1::Field& field : (*answer)->head().fields.list())
      reply.headers.emplace_back(field.name, field.value);
    reply.body = (*answer)->read_body();
    return reply;
  }
}

std::vector<world::Address> PooledHttpClient::addresses_of(const std::string& host, std::uint16_t port) {
  const bool ip6 = host.find(':') != std::string::npos;
  if (auto numeric = world::parse_address((ip6 ? "[" + host + "]" : host) + ":" + std::to_string(port)))
    return {*std::move(numeric)};
  const Instant now = shard_.now();
  if (const auto known = names_.find(host); known == names_.end() || known->second.until <= now) {
    std::string error;
    auto found = offload([&world = shard_.world(), host, &error] { return world.resolve(host, error); });
    if (found.empty()) throw Error(Code::unavailable, "\"" + host + "\" has no address: " + error);
    if (names_.size() >= origins_max) names_.clear();
    names_.insert_or_assign(host, Name{std::move(found), now + resolve_every});
  }
  std::vector<world::Address> addresses = names_.at(host).addresses;
  for (world::Address& address : addresses) address.port = port;
  return addresses;
}

std::shared_ptr<HttpPool> PooledHttpClient::pool_for(const Origin& origin) {
  if (const auto known = pools_.find(origin); known != pools_.end()) return known->second;
  if (pools_.size() >= origins_max) close(), closed_ = false;
  auto pool = std::make_shared<HttpPool>(shard_, origin, HttpPool::Rules{.tls = tls_});
  pools_.emplace(origin, pool);
  return pool;
}

void PooledHttpClient::close() {
  closed_ = true;
  for (const auto& [origin, pool] : pools_) pool->close();
  pools_.clear();
}

}  // namespace tutti::client
