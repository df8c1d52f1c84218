#include "client/http_transport.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "client/failure.hpp"
#include "client/http_streams.hpp"
#include "wire/http1/writer.hpp"

namespace tutti::client {
namespace {

// "application/json; charset=utf-8" begins with it.
std::string_view content_type_of(const wire::http1::ResponseHead& head) {
  return head.fields.get(wire::http1::Known::content_type);
}

bool succeeded(const wire::http1::ResponseHead& head) { return head.status >= 200 && head.status < 300; }

}  // namespace

class HttpTransport::Request final : public Outbound {
 public:
  Request(HttpTransport& transport, const detail::MethodSpec& method, const void* request, const Outgoing& outgoing)
      : transport_(transport),
        method_(method),
        outgoing_(outgoing),
        binding_(transport.binding_of(method)),
        written_(binding_.write(request)) {}

  void send_to(Endpoint& endpoint, void* reply, Resend resend) override {
    const std::string head = head_for(endpoint.origin, written_.has_body ? "application/json" : std::string_view(), {});
    const HttpPool::Lease answer =
        exchange(*endpoint.http, head, written_.body, binding_.verb(), resend, reply_bytes_max);
    read_answer(answer, reply);
  }

  void read_answer(const HttpPool::Lease& answer, void* reply) const {
    std::string body;
    try {
      body = answer->read_body();
    } catch (const Error& error) {
      throw WireError(Fate::unknown, error);
    }
    if (!succeeded(answer->head()))
      raise_http(method_, answer->head().status, content_type_of(answer->head()), body, transport_.error_names_);
    binding_.read(answer->head(), body, reply);
  }

  // `stream_type`: the content type of a body that is streamed; empty: it is none.
  std::string head_for(const Origin& origin, std::string_view content_type, std::string_view stream_type) {
    using wire::http1::Method;
    std::string out;
    wire::http1::RequestWriter writer(out);
    const auto demand = [this](bool fine, std::string_view what) {
      if (!fine)
        throw Error(Code::invalid_argument, std::string(method_.service->name) + "." + std::string(method_.name) +
                                                " cannot be sent: " + std::string(what) +
                                                " has a character that http does not allow");
    };
    demand(writer.start(wire::http1::name_of(binding_.verb()), origin.base + written_.target, origin.host),
           "its target");
    if (!content_type.empty()) (void)writer.field("content-type", content_type);
    if (!stream_type.empty()) (void)writer.field("content-type", stream_type);
    const bool lines = method_.stream_out && method_.stream_out().kind != detail::Kind::bytes;
    (void)writer.field("accept", lines                ? "application/jsonl, application/problem+json"
                                 : method_.stream_out ? "*/*"
                                                      : "application/json, application/problem+json");
    for (const auto& [name, value] : written_.headers) demand(writer.field(name, value), name);
    for (const auto& [name, value] : transport_.headers_)
      demand(writer.field(name, value), "the header " + name + " of the settings");
    if (const std::string& authorization = transport_.token_.authorization(); !authorization.empty()) {
      demand(writer.field("authorization", authorization), "its bearer token");
    }
    if (!outgoing_.idempotency_key.empty())
      demand(writer.field("idempotency-key", outgoing_.idempotency_key), "its idempotency key");
    if (!outgoing_.request_id.empty()) (void)writer.field("x-request-id", outgoing_.request_id);
    if (const std::string traceparent = traceparent_of(outgoing_.trace); !traceparent.empty()) {
      (void)writer.field("traceparent", traceparent);
      if (!outgoing_.trace.tracestate.empty()) (void)writer.field("tracestate", outgoing_.trace.tracestate);
    }
    if (runtime::deadline() != Instant::never()) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(runtime::deadline() - transport_.shard_.read_clock());
      (void)writer.field("tutti-timeout-ms", std::to_string(std::max<std::int64_t>(left.count(), 1)));
    }
    if (!stream_type.empty()) {
      writer.chunked();
    } else if (written_.has_body || (binding_.verb() != Method::get && binding_.verb() != Method::head)) {
      writer.content_length(written_.body.size());
    } else {
      writer.no_body();
    }
    return out;
  }

  [[nodiscard]] const RequestBinding& binding() const { return binding_; }
  [[nodiscard]] const std::string& body() const { return written_.body; }
  [[nodiscard]] bool has_body() const { return written_.has_body; }

 private:
  HttpTransport& transport_;
  const detail::MethodSpec& method_;
  const Outgoing& outgoing_;
  const RequestBinding& binding_;
  RequestBinding::Written written_;
};

HttpTransport::HttpTransport(runtime::Shard& shard, const TargetSettings& settings,
                             std::function<net::TlsClient*()> tls)
    : shard_(shard),
      pool_rules_{.connections_max = std::max<std::size_t>(settings.connections_max, 1),
                  .connect_timeout = settings.connect_timeout,
                  .tls = std::move(tls)},
      headers_(settings.headers),
      error_names_(settings.errors),
      token_(shard, settings.bearer_token_file) {
  for (const auto& [name, value] : settings.secret_headers) headers_.insert_or_assign(name, value);
  for (const auto& [status, name] : error_names_) {
    if (!code_of(name))
      throw Error(Code::failed_precondition,
                  "errors: \"" + status + ": " + name + "\" names no code; expected one such as already_exists");
  }
}

HttpTransport::~HttpTransport() = default;

std::shared_ptr<Endpoint> HttpTransport::make_endpoint(const Origin& origin) {
  return std::make_shared<Endpoint>(origin, std::make_shared<HttpPool>(shard_, origin, pool_rules_));
}

const RequestBinding& HttpTransport::binding_of(const detail::MethodSpec& method) {
  auto& binding = bindings_[&method];
  if (!binding) binding = std::make_unique<RequestBinding>(method);
  return *binding;
}

std::unique_ptr<Outbound> HttpTransport::encode(const detail::MethodSpec& method, const void* request,
                                                const Outgoing& outgoing) {
  return std::make_unique<Request>(*this, method, request, outgoing);
}

std::unique_ptr<detail::Source> HttpTransport::call_streamed(std::shared_ptr<Endpoint> endpoint,
                                                             const detail::MethodSpec& method, const void* request,
                                                             void* reply, const Outgoing& outgoing, void* feed_context,
                                                             void (*feed)(void* context, detail::Sink& sink)) {
  Request outbound(*this, method, request, outgoing);
  HttpPool& pool = *endpoint->http;
  const std::uint64_t bytes_max = method.stream_out ? streamed_reply_bytes_max : reply_bytes_max;
  std::optional<HttpPool::Lease> answer;
  if (!method.stream_in) {
    const std::string head =
        outbound.head_for(endpoint->origin, outbound.has_body() ? "application/json" : std::string_view(), {});
    answer.emplace(exchange(pool, head, outbound.body(), outbound.binding().verb(), Resend::if_unsent, bytes_max));
  } else {
    const detail::Shape& element = method.stream_in();
    const std::string head = outbound.head_for(
        endpoint->origin, {}, element.kind == detail::Kind::bytes ? "application/octet-stream" : "application/jsonl");
    try {
      // What was fed cannot be fed again, so no connection that might be dying.
      answer.emplace(pool.take(HttpPool::Choice::fresh));
    } catch (const Error& error) {
      throw WireError(Fate::unsent, error);
    }
    ChunkedSink sink(**&answer, element);
    (*answer)->send(head, {});
    if (feed) feed(feed_context, sink);
    sink.finish();
    try {
      (void)(*answer)->receive(outbound.binding().verb(), bytes_max);
    } catch (const Error& error) {
      throw WireError(Fate::unknown, error);
    }
  }
  if (!method.stream_out || !succeeded((*answer)->head())) {
    outbound.read_answer(*answer, reply);
    return nullptr;
  }
  return std::make_unique<AnswerSource>(*std::move(answer), method.stream_out(), runtime::deadline());
}

}  // namespace tutti::client
