#include "service/admin_entry.hpp"

#include "message/json_text.hpp"
#include "observe/metrics/prometheus.hpp"
#include "wire/http1/uri.hpp"

namespace tutti::detail {
namespace {

constexpr std::string_view json_type = "application/json";

std::string json_list(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) {
    if (out.size() > 1) out += ',';
    message::append_json_text(out, text);
  }
  return out + "]";
}

}  // namespace

net::Admission AdminEntry::admit(const wire::http1::RequestHead&, const net::Peer&) { return {}; }

void AdminEntry::serve(net::HttpExchange& exchange) {
  const auto& head = exchange.head();
  if (head.method != wire::http1::Method::get && head.method != wire::http1::Method::head) {
    const net::HttpHeader allow{"allow", "GET, HEAD"};
    return exchange.respond(405, "text/plain; charset=utf-8", "the admin port answers GET only\n", {&allow, 1});
  }
  if (head.path == "/livez") return exchange.respond(200, json_type, R"({"status":"alive"})");
  if (head.path == "/readyz") return answer_readiness(exchange);
  if (head.path == "/metrics") return exchange.respond(200, observe::prometheus_content_type, sources_.metrics());
  if (head.path == "/docs") return exchange.respond(200, "text/html; charset=utf-8", sources_.docs());
  if (head.path == "/openapi.json") {
    const std::string document = sources_.openapi(wire::http1::query_value(head.query, "service").value_or(""));
    if (!document.empty()) return exchange.respond(200, json_type, document);
  }
  if (head.path == "/asyncapi.json") {
    const std::string document = sources_.asyncapi(wire::http1::query_value(head.query, "service").value_or(""));
    if (!document.empty()) return exchange.respond(200, json_type, document);
  }
  if (head.path == "/") return exchange.respond(200, "text/plain; charset=utf-8", "/livez\n/readyz\n/metrics\n/openapi.json\n/asyncapi.json\n/docs\n");
  exchange.respond(404, "text/plain; charset=utf-8", "nothing is here; try /livez, /readyz, /metrics, /openapi.json, /asyncapi.json or /docs\n");
}

void AdminEntry::answer_readiness(net::HttpExchange& exchange) {
  const std::vector<std::string> reasons = sources_.not_ready();
  std::string body = reasons.empty() ? R"({"status":"ready")" : R"({"status":"not ready","reasons":)" + json_list(reasons);
  if (const auto remarks = sources_.remarks(); !remarks.empty()) body += R"(,"remarks":)" + json_list(remarks);
  exchange.respond(reasons.empty() ? 200 : 503, json_type, body + "}");
}

}  // namespace tutti::detail
