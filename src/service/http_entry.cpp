#include "service/http_entry.hpp"

#include <algorithm>
#include <charconv>
#include <list>
#include <optional>
#include <utility>

#include "observe/trace/tracer.hpp"
#include "runtime/shard.hpp"
#include "service/content.hpp"
#include "service/environment.hpp"
#include "service/head_only.hpp"
#include "service/http_channel.hpp"
#include "service/http_raw.hpp"
#include "service/http_stream.hpp"
#include "service/value.hpp"
#include "wire/codes.hpp"
#include "wire/http1/cors.hpp"
#include "wire/http1/etag.hpp"
#include "wire/http1/media_type.hpp"
#include "wire/http1/problem.hpp"
#include "wire/http1/uri.hpp"
#include "wire/trace_context.hpp"

namespace tutti::detail {

using wire::http1::Known;

namespace {

wire::http1::Method method_of(Verb verb) noexcept {
  switch (verb) {
    case Verb::get: return wire::http1::Method::get;
    case Verb::head: return wire::http1::Method::head;
    case Verb::post: return wire::http1::Method::post;
    case Verb::put: return wire::http1::Method::put;
    case Verb::patch: return wire::http1::Method::patch;
    case Verb::del: return wire::http1::Method::del;
    case Verb::options: return wire::http1::Method::options;
  }
  return wire::http1::Method::other;
}

constexpr std::string_view json_type = "application/json";
constexpr std::size_t request_id_bytes_max = 128;

bool is_json(std::string_view content_type) noexcept {
  const auto media = wire::http1::parse_media_type(content_type);
  return media && wire::http1::is_json(*media);
}

bool is_request_id(std::string_view text) noexcept {
  return !text.empty() && text.size() <= request_id_bytes_max &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; });
}

TraceContext parent_of(const wire::http1::RequestHead& head) {
  TraceContext parent;
  if (const auto given = wire::parse_traceparent(head.fields.get(Known::traceparent))) {
    parent.trace_id = given->trace;
    parent.span_id = given->span;
    parent.flags = given->flags;
    if (const std::string_view state = head.fields.get(Known::tracestate); wire::is_tracestate(state)) parent.tracestate = state;
  }
  return parent;
}

wire::http1::TrustedProxies trusted_proxies(Host& host) {
  wire::http1::TrustedProxies trusted;
  for (const std::string& text : host.environment().library().http.trusted_proxies) {
    const auto network = wire::http1::parse_cidr(text);
    if (!network) throw Error(Code::failed_precondition, "tutti.http.trusted_proxies has \"" + text + "\"; expected an address or a network like 10.0.0.0/8");
    trusted.networks.push_back(*network);
  }
  return trusted;
}

wire::http1::CorsRules cors_rules(Host& host) {
  const auto& cors = host.environment().library().http.cors;
  wire::http1::CorsRules rules{.origins = cors.origins, .headers = cors.headers, .credentials = cors.credentials, .max_age = cors.max_age};
  if (const std::string fault = wire::http1::cors_fault(rules); !fault.empty()) throw Error(Code::failed_precondition, "tutti.http.cors: " + fault);
  return rules;
}

}  // namespace

// Where a request goes. Exactly one of served, raw, channel, file and page is set; none: nothing is there.
struct HttpEntry::Route {
  Route(Metrics& metrics, observe::LogChannel& channel, const observe::AccessLogSettings& access, std::string_view method, std::string its_pattern)
      : pattern(std::move(its_pattern)),
        span_name(method.empty() ? "unmatched" : std::string(method) + " " + pattern),
        durations(observe::RequestDurations::http_server(metrics, method, pattern)),
        access_log(channel, access) {}

  std::string pattern;
  std::string span_name;  // "GET /orders/{id}"
  observe::RequestDurations durations;
  observe::AccessLog access_log;
  Composition* composition = nullptr;
  ServedMethod* served = nullptr;
  std::optional<HttpBinding> binding = {};
  RawHandler* raw = nullptr;
  ServedChannel* channel = nullptr;
  const EmbeddedFile* file = nullptr;
  std::string etag = {};
  std::string gzipped = {};  // the file, once a client took it so
  std::string content_type = {};
  std::function<std::string(std::string_view query)> page = {};
};

struct HttpEntry::Request {
  net::HttpExchange& exchange;
  const wire::http1::RequestHead& head;
  Route& route;
  const HttpSettings& settings;
  Instant started;
  std::optional<wire::http1::RouteMatch> match = {};
  CallState state = {};
  Span span = {};
  std::vector<net::HttpHeader> headers = {};  // of the answer; the texts live in the request or below
  std::list<std::string> texts = {};  // nothing is allocated while it is empty
  int status = 0;
  bool broken = false;  // the answer has begun and cannot be ended

  void answer(int its_status, std::string_view content_type, std::string_view body) {
    status = its_status;
    if (settings.compression) {
      Coded coded;
      const std::string_view sent = coded_body(head, settings, its_status, content_type, body, headers, coded);
      return exchange.respond(its_status, content_type, sent, headers);
    }
    exchange.respond(its_status, content_type, body, headers);
  }
  void header(std::string_view name, std::string value) { headers.push_back({name, texts.emplace_back(std::move(value))}); }
};

HttpEntry::HttpEntry(Host& host, net::WebSocketServer* websockets)
    : host_(host), trusted_(trusted_proxies(host)), cors_(cors_rules(host)), websockets_(websockets) {
  const LogSettings& log = host.environment().library().log;
  const observe::AccessLogSettings access{.level = static_cast<LogLevel>(log.access), .sample = log.access_sampling};
  Composition& first = *host.compositions().front();
  nothing_ = std::make_unique<Route>(first.metrics(), first.log_channel(), access, "", "");
  nothing_->composition = &first;
  const auto route_for = [&](Composition& composition, Verb verb, std::string pattern) {
    auto route = std::make_unique<Route>(composition.metrics(), composition.log_channel(), access, wire::http1::name_of(method_of(verb)), std::move(pattern));
    route->composition = &composition;
    return route;
  };
  for (const auto& composition : host.compositions()) {
    for (const auto& served : composition->methods) {
      const MethodSpec& method = *served->spec;
      // A method without a route of its own is still reachable: POST /<service>/<method>.
      std::string pattern = method.route.path.empty() ? "/" + std::string(method.service->name) + "/" + std::string(method.name) : std::string(method.route.path);
      const Verb verb = method.route.path.empty() ? Verb::post : method.route.verb;
      auto route = route_for(*composition, verb, std::move(pattern));
      route->served = served.get();
      route->binding.emplace(method, route->pattern);
      add_route(std::move(route), verb);
    }
    for (const auto& raw : composition->raw_handlers) {
      auto route = route_for(*composition, raw->verb, raw->path);
      route->raw = raw.get();
      add_route(std::move(route), raw->verb);
    }
    if (websockets_) {
      for (const auto& channel : composition->channels) {
        auto route = route_for(*composition, Verb::get, std::string(channel->spec().path));
        route->channel = channel.get();
        add_route(std::move(route), Verb::get);
      }
    }
    for (const EmbeddedFiles& files : composition->files) {
      std::string prefix = files.prefix;
      while (prefix.ends_with('/')) prefix.pop_back();
      for (const EmbeddedFile& file : files.files) {
        const auto add_file = [&](std::string pattern) {
          auto route = route_for(*composition, Verb::get, std::move(pattern));
          route->file = &file;
          route->etag = wire::http1::etag_of(file.content);
          add_route(std::move(route), Verb::get);
        };
        add_file(prefix + "/" + std::string(file.path));
        if (file.path != "index.html") continue;
        add_file(prefix + "/");
        if (!prefix.empty()) add_file(prefix);
      }
    }
  }
}

HttpEntry::~HttpEntry() = default;

void HttpEntry::add_route(std::unique_ptr<Route> route, Verb verb) {
  const auto index = static_cast<std::uint32_t>(routes_.size());
  if (const auto clash = router_.add(method_of(verb), route->pattern, index)) {
    std::string other;
    for (const auto& existing : routes_) {
      if (existing->pattern == clash->existing) other = " (of the service \"" + std::string(existing->composition->name()) + "\")";
    }
    throw Error(Code::failed_precondition, "the service \"" + std::string(route->composition->name()) + "\": " + clash->message + other);
  }
  routes_.push_back(std::move(route));
}

void HttpEntry::add_page(std::string_view path, std::string content_type, std::function<std::string(std::string_view query)> make) {
  auto route = std::make_unique<Route>(nothing_->composition->metrics(), nothing_->composition->log_channel(),
                                       observe::AccessLogSettings{.level = LogLevel::debug}, "GET", std::string(path));
  route->composition = nothing_->composition;
  route->content_type = std::move(content_type);
  route->page = std::move(make);
  add_route(std::move(route), Verb::get);
}

net::Admission HttpEntry::admit(const wire::http1::RequestHead& head, const net::Peer&) {
  net::Admission admission{.target = nothing_.get()};
  if (head.path.empty() || !wire::http1::path_fault(head.path).empty()) return admission;
  const wire::http1::RouteMatch match = router_.find(head.method, head.path);
  if (match.outcome != wire::http1::RouteMatch::Outcome::found) return admission;
  const Route& route = *routes_[match.route];
  admission.target = &route;
  if (route.raw || (route.served && route.served->spec->stream_in)) admission.body = net::Admission::Body::streamed;
  return admission;
}

void HttpEntry::serve(net::HttpExchange& exchange) {
  // The target is ours: it was a Route of routes_ when admit() gave it away.
  auto& route = *const_cast<Route*>(static_cast<const Route*>(exchange.target()));
  Request request{exchange, exchange.head(), route, host_.environment().library().http, exchange.received()};
  prepare(request);
  try {
    if (answer_cors(request)) {
      // A preflight: no handler is called.
    } else if (route.served) {
      serve_method(request);
    } else if (route.raw) {
      serve_raw(request);
    } else if (route.channel) {
      serve_channel(request);
    } else if (route.file) {
      serve_file(request);
    } else if (route.page) {
      serve_page(request);
    } else {
      serve_nothing(request);
    }
  } catch (const Error& error) {
    // A body that broke off, credentials that are wrong: said as any other failure.
    answer_failure(request, {.code = error.code(), .message = error.what()});
  } catch (...) {
    // Of an authenticator, or of the library's own pages.
    answer_failure(request, odd_failure(*route.composition, route.span_name, std::current_exception()));
  }
  finish(request);
  // The server breaks the connection off: so the client learns that what it has is not all.
  if (request.broken) throw Error(Code::cancelled, "the answer broke off");
}

void HttpEntry::prepare(Request& request) {
  const auto& fields = request.head.fields;
  CallState& state = request.state;
  state.entry = EntryPoint::http;
  state.composition = request.route.composition;
  request.span = host_.environment().tracer().start(request.route.span_name, SpanKind::server, parent_of(request.head));
  state.trace = request.span.context();
  if (const std::string_view id = fields.get(Known::x_request_id); is_request_id(id)) {
    state.request_id = id;
    request.headers.push_back({"x-request-id", id});
  }
  state.idempotency_key = fields.get(Known::idempotency_key);
  state.last_event_id = fields.get(Known::last_event_id);
  // A stream lasts as long as both sides want; its pieces have time-outs of their own.
  const MethodSpec* const method = request.route.served ? request.route.served->spec : nullptr;
  const bool streams = !method || method->stream_in || method->stream_out;
  std::chrono::nanoseconds allowed = streams ? std::chrono::nanoseconds::max() : method->rules.deadline;
  if (const std::string_view sent = fields.get(Known::tutti_timeout_ms); !sent.empty()) {
    std::uint32_t milliseconds = 0;
    const auto [end, fault] = std::from_chars(sent.data(), sent.data() + sent.size(), milliseconds);
    if (fault == std::errc() && end == sent.data() + sent.size()) allowed = std::min<std::chrono::nanoseconds>(allowed, std::chrono::milliseconds(milliseconds));
  }
  if (allowed != std::chrono::nanoseconds::max()) state.deadline = request.started + allowed;
}

// True if this was a browser's question whether it may ask; then it is answered.
bool HttpEntry::answer_cors(Request& request) {
  if (cors_.origins.empty() || !request.head.fields.has(Known::origin)) return false;
  const bool options = request.head.method == wire::http1::Method::options;
  const std::string allowed = options && !request.head.path.empty() ? router_.find(request.head.method, request.head.path).allowed.to_string() : std::string();
  wire::http1::CorsDecision decision = wire::http1::cors(cors_, request.head, allowed);
  for (auto& [name, value] : decision.headers) request.header(name, std::move(value));
  if (decision.kind != wire::http1::CorsDecision::Kind::preflight) return false;
  request.answer(204, {}, {});
  return true;
}

// Behind trusted proxies the client that they name, else the other end of the connection.
wire::http1::Origin HttpEntry::origin_of(const Request& request) const {
  const net::Peer& peer = request.exchange.peer();
  wire::http1::Origin origin = wire::http1::origin_of(request.head.fields, peer.address.kind == world::Address::Kind::local ? std::string_view() : std::string_view(peer.address.host), trusted_);
  if (origin.proto.empty()) origin.proto = peer.encrypted ? "https" : "http";
  return origin;
}

namespace {

int status_of(const Failure& failure) noexcept {
  if (failure.http_status != 0) return failure.http_status;
  if (failure.contract_error && failure.contract_error->http_status != 0) return failure.contract_error->http_status;
  return wire::http_status_of(failure.code);
}

Credentials credentials_of(const wire::http1::RequestHead& head, const net::Peer& peer) {
  Credentials credentials{.authorization = head.fields.get(Known::authorization), .certificate_name = peer.certificate_name};
  if (peer.credential) {
    credentials.peer_user = peer.credential->user;
    credentials.peer_group = peer.credential->group;
  }
  return credentials;
}

}  // namespace

void HttpEntry::serve_method(Request& request) {
  Route& route = request.route;
  ServedMethod& served = *route.served;
  const MethodSpec& method = *served.spec;
  Composition& composition = *route.composition;
  const Admitted admitted(host_.limit(), served.rules.priority, method.stream_in || method.stream_out ? Stay::open_end : Stay::call);
  if (!admitted) return answer_failure(request, overloaded(served.full_name));
  if (composition.asks_who() || request.exchange.peer().credential) request.state.identity = identify(composition, credentials_of(request.head, request.exchange.peer()));
  if (route.binding->has_path_parameters()) request.match = router_.find(request.head.method, request.head.path);
  // A body in another format than JSON is refused by its type, before it is misread.
  if (route.binding->has_body() && !method.stream_in) {
    const std::string_view type = request.head.fields.get(Known::content_type);
    if (!type.empty() && type != json_type && !is_json(type)) {
      return answer_failure(request, {.code = Code::invalid_argument, .message = "the content type is \"" + std::string(type) + "\"; expected application/json", .http_status = 415});
    }
  }

  CallValue value;
  if (method.request) {
    value.hold(method.request());
    value.construct();
    // Beside a streamed body the other fields travel in path, query and headers.
    const Violations violations = route.binding->read(request.head, request.match ? &*request.match : nullptr, method.stream_in ? std::string_view() : request.exchange.body(), value.get());
    if (!violations.empty()) return answer_violations(request, violations);
  }
  std::optional<HttpSource> source;
  std::optional<HttpSink> sink;
  if (method.stream_in) source.emplace(request.exchange, method.stream_in());
  if (method.stream_out) sink.emplace(request.exchange, method.stream_out(), form_for(method.stream_out(), request.head.fields.get(Known::accept)), method.route.status, request.headers);
  CallValue reply;
  if (method.reply) reply.hold(method.reply());

  const Failure failure = dispatch(served, request.state, value.get(), reply.get(), source ? &*source : nullptr, sink ? &*sink : nullptr);
  if (failure.failed() && !is_enough(request, failure)) {
    sink.reset();  // with its keep-alive
    return answer_failure(request, failure);
  }
  if (sink) {
    request.status = method.route.status;
    return sink->finish();
  }
  if (method.reply) reply.adopt();
  message::Buffer body;
  if (!buffers_.empty()) {
    body = std::move(buffers_.back());
    buffers_.pop_back();
    body.clear();
  }
  HttpBinding::Reply written = route.binding->write(reply.get(), body);
  if (!written.violations.empty()) {
    composition.log().error("a reply breaks its contract", {{"tutti.handler", served.full_name}, {"error.message", written.violations.to_string()}});
    return answer_failure(request, {.code = Code::internal, .message = served.full_name + " failed; its log says why"});
  }
  for (auto& [name, text] : written.headers) request.header(name, std::move(text));
  request.answer(written.status, body.size() == 0 ? std::string_view() : json_type, body.view());
  constexpr std::size_t kept_bytes_max = 256 * 1024;  // a rare large reply does not keep its memory
  if (body.capacity() <= kept_bytes_max) buffers_.push_back(std::move(body));
}

// The handler of a HEAD request was ended by the first piece of its body.
bool HttpEntry::is_enough(const Request& request, const Failure& failure) {
  return failure.code == Code::cancelled && is_head_only(request.exchange) && request.exchange.started();
}

void HttpEntry::serve_raw(Request& request) {
  Composition& composition = *request.route.composition;
  const Admitted admitted(host_.limit(), request.route.raw->priority, Stay::open_end);
  if (!admitted) return answer_failure(request, overloaded(request.route.span_name));
  if (composition.asks_who() || request.exchange.peer().credential) request.state.identity = identify(composition, credentials_of(request.head, request.exchange.peer()));
  request.match = router_.find(request.head.method, request.head.path);
  const auto names = wire::http1::parameters_of(request.route.pattern);
  RawExchange raw(request.exchange, *request.match, *names, origin_of(request), request.headers);
  struct Bound {
    RawHandler& handler;
    RawExchange& raw;
  } bound{*request.route.raw, raw};
  const Failure failure = dispatch_raw(composition, request.state, request.route.span_name, &bound, [](void* self, const Context& context) {
    auto& b = *static_cast<Bound*>(self);
    b.raw.set_context(context);
    b.handler.handler(b.raw, b.raw);
  });
  if (failure.failed() && !is_enough(request, failure)) return answer_failure(request, failure);
  if (!request.exchange.started()) {
    composition.log().error("a raw handler returned without an answer; call send, redirect or stream", {{"tutti.handler", request.route.span_name}});
    return answer_failure(request, {.code = Code::internal, .message = request.route.span_name + " failed; its log says why"});
  }
  raw.finish();
  request.status = raw.status_sent();
}

void HttpEntry::serve_channel(Request& request) {
  ServedChannel& channel = *request.route.channel;
  const auto& settings = host_.environment().library().websocket;
  request.state.identity = identify(*request.route.composition, credentials_of(request.head, request.exchange.peer()));
  const std::string forwarded_host = origin_of(request).host;
  ChannelUpgrade upgrade = upgrade_of(request.head, forwarded_host.empty() ? request.head.host : std::string_view(forwarded_host), channel, request.state.identity, settings);
  if (!upgrade.failure.failed() && !websockets_->takes_more()) {
    upgrade.failure = {.code = Code::unavailable, .message = "no more WebSockets are taken here; try again later"};
  }
  Arrival arrival;
  if (!upgrade.failure.failed()) {
    const Violations violations = channel.read_handshake(request.head, router_.find(request.head.method, request.head.path), arrival);
    if (!violations.empty()) return answer_violations(request, violations);
  }
  for (auto& [name, value] : upgrade.headers) request.header(name, std::move(value));
  if (upgrade.failure.failed()) return answer_failure(request, upgrade.failure);
  arrival.identity = request.state.identity;
  arrival.trace = request.state.trace;
  arrival.request_id = request.state.request_id;
  arrival.protocol = upgrade.protocol;
  // The function is copied; the session is made when the connection is there.
  request.exchange.upgrade(request.headers, [this, &channel, rules = upgrade.rules, arrival = std::move(arrival)](net::Upgraded upgraded) {
    websockets_->take(std::move(upgraded), rules, channel.connect(arrival));
  });
  request.status = 101;
}

void HttpEntry::serve_file(Request& request) {
  const EmbeddedFile& file = *request.route.file;
  request.headers.push_back({"cache-control", "no-cache"});  // may be kept, must be asked for again: the ETag answers that
  if (const std::string& policy = request.settings.content_security_policy; !policy.empty() && file.content_type.starts_with("text/html")) {
    request.headers.push_back({"content-security-policy", policy});
  }
  const Content content{.type = file.content_type, .etag = request.route.etag, .size = file.content.size(), .bytes = file.content, .gzip_kept = &request.route.gzipped};
  request.status = answer_content(request.exchange, content, request.headers, request.settings, host_.environment().world());
}

void HttpEntry::serve_page(Request& request) {
  const std::string page = request.route.page(request.head.query);
  if (page.empty()) return answer_failure(request, {.code = Code::not_found, .message = "nothing is at " + std::string(request.head.target)});
  request.answer(200, request.route.content_type, page);
}

void HttpEntry::serve_nothing(Request& request) {
  const wire::http1::RequestHead& head = request.head;
  if (head.form == wire::http1::TargetForm::asterisk) return request.answer(204, {}, {});
  if (head.path.empty() || !wire::http1::path_fault(head.path).empty()) {
    const std::string_view fault = head.path.empty() ? "the target is no path" : wire::http1::path_fault(head.path);
    return answer_failure(request, {.code = Code::invalid_argument, .message = std::string(fault)});
  }
  const wire::http1::RouteMatch match = router_.find(head.method, head.path);
  switch (match.outcome) {
    case wire::http1::RouteMatch::Outcome::options:
      request.header("allow", match.allowed.to_string());
      return request.answer(204, {}, {});
    case wire::http1::RouteMatch::Outcome::not_allowed:
      request.header("allow", match.allowed.to_string());
      return answer_failure(request, {.code = Code::unimplemented, .message = std::string(head.method_name) + " is not answered here; allowed: " + match.allowed.to_string(), .http_status = 405});
    default:
      return answer_failure(request, {.code = Code::not_found, .message = "nothing is at " + std::string(head.path)});
  }
}

// Throws nothing: the request is counted and logged after it, whatever became of the answer.
void HttpEntry::answer_failure(Request& request, const Failure& failure) {
  request.span.set("error.type", wire::rpc_name_of(failure.code));
  const int status = status_of(failure);
  request.status = status;
  request.broken = request.exchange.started();
  if (request.broken) return;
  if (status == 503 || status == 429) request.headers.push_back({"retry-after", "1"});
  if (status == 401) request.headers.push_back({"www-authenticate", "Bearer"});
  std::string body;
  wire::http1::append_problem(body, {.status = status, .code = failure.code, .type = failure.type, .detail = failure.message, .value_json = json_of(failure)});
  try {
    request.answer(status, wire::http1::problem_type, body);
  } catch (const Error&) {
    request.broken = true;  // the client has gone; the status that it would have got is what is counted
  }
}

void HttpEntry::answer_violations(Request& request, const Violations& violations) {
  request.span.set("error.type", "invalid_argument");
  std::string body;
  wire::http1::append_problem(body, {.status = 400, .code = Code::invalid_argument, .detail = violations.to_string(), .violations = violations.list()});
  request.answer(400, wire::http1::problem_type, body);
}

void HttpEntry::finish(Request& request) {
  runtime::Shard& shard = host_.shard();
  const auto duration = shard.read_clock() - request.started;
  Route& route = request.route;
  route.durations.record(request.status, duration);
  if (request.span.recording()) {
    request.span.set("http.request.method", request.head.method_name);
    if (!route.pattern.empty()) request.span.set("http.route", route.pattern);
    request.span.set("url.path", request.head.path);
    request.span.set("http.response.status_code", request.status);
    if (request.status >= 500) request.span.fail("");
  }
  if (!route.access_log.enabled()) return;
  observe::AccessRecord record{.at = {},
                               .method = request.head.method_name,
                               .route = route.pattern,
                               .path = request.head.path,
                               .served_by = route.served ? std::string_view(route.served->full_name) : std::string_view(),
                               .status = request.status,
                               .duration = duration,
                               .bytes_in = request.head.content_length,
                               .bytes_out = request.exchange.bytes_sent(),
                               .request_id = request.state.request_id};
  if (!route.access_log.wants(record, request.state.trace)) return;
  record.at = host_.environment().world().clock().now();
  const std::string client = origin_of(request).address;
  record.peer = client;
  route.access_log.write(record, request.state.trace);
}

void HttpEntry::refused(int status, std::string_view reason, const net::Peer& peer) {
  nothing_->durations.record(status, std::chrono::nanoseconds(0));
  observe::AccessRecord record{.at = host_.environment().world().clock().now(), .status = status};
  if (nothing_->access_log.wants(record, TraceContext{})) {
    const std::string client = peer.address.kind == world::Address::Kind::local ? std::string() : peer.address.host;
    record.peer = client;
    nothing_->access_log.write(record, TraceContext{});
  }
  nothing_->composition->log().debug("a request was refused before it reached a handler",
                                     {{"http.response.status_code", status}, {"error.message", reason}, {"client.address", world::to_string(peer.address)}});
}

}  // namespace tutti::detail
