#include "client/discovery.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <set>
#include <utility>

#include <tutti/offload.hpp>

#include "settings/yaml.hpp"
#include "wire/http1/uri.hpp"

namespace tutti::client {
namespace {

constexpr std::string_view expected_place = "expected host:port, unix:/path or http://host/base";

std::string variable_of(std::string_view service) {
  std::string name = "TUTTI_TARGETS_";
  for (const char c : service) name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c == '-' ? '_' : c;
  return name + "_ENDPOINTS";
}

}  // namespace

Place parse_place(std::string_view text) {
  const auto refuse = [text] {
    throw Error(Code::failed_precondition,
                "the endpoint \"" + std::string(text) + "\" cannot be read: " + std::string(expected_place));
  };
  Place place;
  if (text.find("://") != std::string_view::npos) {
    const auto url = wire::http1::parse_url(text);
    if (!url || url->port == 0) refuse();
    place.host = url->host;
    place.port = url->port;
    place.origin.security = url->scheme == "https" ? Security::tls : Security::plain;
    place.origin.host = wire::http1::host_field(*url);
    place.origin.name = url->host;
    place.origin.base = url->target;
    while (place.origin.base.ends_with('/')) place.origin.base.pop_back();
    const bool ip6 = url->host.find(':') != std::string::npos;
    place.address = world::parse_address((ip6 ? "[" + url->host + "]" : url->host) + ":" + std::to_string(url->port));
    return place;
  }
  place.address = world::parse_address(text);
  place.origin.host = text;
  if (place.address) {
    if (place.address->kind != world::Address::Kind::local && place.address->port == 0) refuse();
    if (place.address->kind == world::Address::Kind::local) place.origin.host = "localhost";
    return place;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) refuse();
  const auto [end, error] = std::from_chars(text.data() + colon + 1, text.data() + text.size(), place.port);
  if (error != std::errc() || end != text.data() + text.size() || place.port == 0) refuse();
  place.host = text.substr(0, colon);
  if (place.host.find_first_of("/:[] ") != std::string::npos) refuse();
  place.origin.name = place.host;
  return place;
}

std::vector<std::string> endpoints_in(std::string_view file, std::string_view text, std::string_view service,
                                      Transport transport) {
  const yaml::Document document = yaml::read(text);  // JSON is YAML
  if (document.problem) throw Error(Code::failed_precondition, yaml::to_string(file, *document.problem));
  const auto refuse = [&](const yaml::Node& node, const char* expected) {
    throw Error(Code::failed_precondition, yaml::to_string(file, node.at) + ": expected " + expected + ", found " +
                                               std::string(yaml::describe(node)));
  };
  std::vector<std::string> endpoints;
  if (document.root.form == yaml::Form::scalar && document.root.text.empty()) return endpoints;
  if (document.root.form != yaml::Form::sequence) refuse(document.root, "a list of groups with \"targets\"");
  for (const yaml::Node& group : document.root.items) {
    const yaml::Node* const targets = group.form == yaml::Form::mapping ? group.find("targets") : nullptr;
    if (!targets || targets->form != yaml::Form::sequence) refuse(group, "a group with a list \"targets\"");
    if (const yaml::Node* const labels = group.find("labels"); labels && labels->form == yaml::Form::mapping) {
      const yaml::Node* const its_service = labels->find("service");
      if (its_service && its_service->text != service) continue;
      const yaml::Node* const its_transport = labels->find("transport");
      if (its_transport && its_transport->text != (transport == Transport::rpc ? "rpc" : "http")) continue;
    }
    for (const yaml::Node& target : targets->items) {
      if (target.form != yaml::Form::scalar || target.text.empty()) refuse(target, "an endpoint as text");
      endpoints.push_back(target.text);
    }
  }
  return endpoints;
}

Discovery::Discovery(runtime::Shard& shard, std::string service, const TargetSettings& settings, Make make)
    : shard_(shard),
      service_(std::move(service)),
      settings_endpoints_(settings.endpoints),
      file_(settings.transport == Transport::amqp ? std::string() : settings.endpoints_file),
      transport_(settings.transport),
      resolve_every_(settings.resolve_every),
      make_(std::move(make)) {
  if (transport_ == Transport::amqp) {
    // The broker is where its calls go, whatever endpoints a fleet's engine gives to everybody.
    endpoints_.push_back(make_({}));
    asked_ = true;
    return;
  }
  // A mistake in the settings shows at start, not at the first call.
  if (file_.empty()) {
    for (const std::string& text : settings_endpoints_) places_.push_back(parse_place(text));
  }
}

bool Discovery::due() const noexcept {
  const Instant now = shard_.now();
  if (!file_.empty() && now >= next_look_) return true;
  return now >= next_resolve_ &&
         std::any_of(places_.begin(), places_.end(), [](const Place& place) { return !place.address; });
}

const Endpoints& Discovery::endpoints() {
  if (!asked_ || (endpoints_.empty() && due())) {
    const std::unique_lock lock(refreshing_);
    if (!asked_ || (endpoints_.empty() && due())) refresh();
  } else if (due() && refreshing_.try_lock()) {
    refreshing_.unlock();
    // The calls go on with what is known; a detached fiber looks for news.
    try {
      shard_.spawn({.name = "endpoints"}, [self = shared_from_this()] {
        if (self->closed_ || !self->refreshing_.try_lock()) return;
        const std::unique_lock lock(self->refreshing_, std::adopt_lock);
        if (self->due()) self->refresh();
      });
    } catch (const Error&) {
      // Too many fibers: a later call looks.
      next_look_ = shard_.now() + look_at_file_every;
    }
  }
  if (endpoints_.empty()) {
    if (!fault_.empty()) throw Error(Code::unavailable, "no endpoints for service \"" + service_ + "\": " + fault_);
    throw Error(Code::unavailable, "no endpoints for service \"" + service_ + "\"; set " + variable_of(service_) +
                                       " or run it in this process");
  }
  return endpoints_;
}

struct Discovery::Found {
  std::optional<world::FileStatus> status;
  std::optional<std::vector<Place>> places;
  std::vector<std::pair<std::string, std::vector<world::Address>>> names;
  std::string fault;
};

void Discovery::refresh() {
  const Instant now = shard_.now();
  const bool resolve = now >= next_resolve_ || !asked_;
  // What blocks runs on the pool and owns what it needs.
  Found found = offload([&world = shard_.world(), file = file_, service = service_, transport = transport_,
                         places = places_, before = file_status_, resolve]() mutable {
    Found result;
    result.status = before;
    if (!file.empty()) {
      const auto status = world.files().status(file);
      const bool changed = status && (!before || status->identity != before->identity ||
                                      status->modified != before->modified || status->size != before->size);
      if (!status) result.fault = "the file " + file + " does not exist";
      if (changed) {
        int error = 0;
        const auto text = world.files().read_all(file, file_bytes_max, error);
        try {
          if (!text) throw Error(Code::failed_precondition, file + " cannot be read: " + std::strerror(error));
          std::vector<Place> read;
          for (const std::string& endpoint : endpoints_in(file, *text, service, transport))
            read.push_back(parse_place(endpoint));
          places = read;
          result.places = std::move(read);
          result.status = status;
        } catch (const Error& wrong) {
          result.fault = wrong.what();  // half written, perhaps: the next look reads it again
        }
      }
    }
    if (!resolve && !result.places) return result;
    std::set<std::string> asked;
    for (const Place& place : places) {
      if (place.address || !asked.insert(place.host).second) continue;
      std::string error;
      result.names.emplace_back(place.host, world.resolve(place.host, error));
      if (result.names.back().second.empty()) result.fault = "\"" + place.host + "\" has no address: " + error;
    }
    return result;
  });
  if (closed_) return;
  fault_ = std::move(found.fault);
  next_look_ = now + look_at_file_every;
  asked_ = true;
  file_status_ = found.status;
  const bool changed = found.places.has_value();
  if (changed) places_ = *std::move(found.places);
  if (!resolve && !changed) return;
  next_resolve_ = now + resolve_every_;
  std::set<Origin> origins;
  for (const Place& place : places_) {
    Origin origin = place.origin;
    if (place.address) {
      origin.address = *place.address;
      origins.insert(origin);
      continue;
    }
    const auto answer = std::find_if(found.names.begin(), found.names.end(),
                                     [&](const auto& name) { return name.first == place.host; });
    if (answer == found.names.end() || answer->second.empty()) {
      // No answer is no news: who was there under this name stays.
      for (const auto& endpoint : endpoints_) {
        Origin known = endpoint->origin;
        known.address = {};
        if (known == place.origin && endpoint->origin.address.port == place.port) origins.insert(endpoint->origin);
      }
      continue;
    }
    for (world::Address address : answer->second) {
      address.port = place.port;
      origin.address = std::move(address);
      origins.insert(origin);
    }
  }
  Endpoints endpoints;
  for (const auto& endpoint : endpoints_) {
    if (origins.erase(endpoint->origin) != 0) {
      endpoints.push_back(endpoint);
    } else if (endpoint->http) {
      endpoint->http->close();
    }
  }
  for (const Origin& origin : origins) endpoints.push_back(make_(origin));
  endpoints_ = std::move(endpoints);
}

}  // namespace tutti::client
