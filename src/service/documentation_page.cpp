#include <string>
#include <string_view>

#include "message/report.hpp"
#include "service/documents.hpp"
#include "wire/codes.hpp"
#include "wire/http1/request_parser.hpp"

namespace tutti::detail {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

constexpr std::string_view style = R"(<style>
:root{color-scheme:light dark;--ink:#1d2430;--soft:#5b6472;--line:#d9dee6;--back:#fff;--card:#f6f8fa;--mark:#0b63ce}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#9aa4b2;--line:#2c3440;--back:#12161c;--card:#1a2029;--mark:#6cb0ff}}
*{box-sizing:border-box}body{margin:0;font:16px/1.55 system-ui,sans-serif;color:var(--ink);background:var(--back)}
main{max-width:60rem;margin:0 auto;padding:2rem 1rem}h1{margin:0 0 .25rem}h2{margin:2.5rem 0 .5rem}h3{margin:0;font-size:1.05rem;overflow-wrap:anywhere}
p{margin:.4rem 0}.soft{color:var(--soft)}a{color:var(--mark)}code{font:0.92em ui-monospace,monospace;overflow-wrap:anywhere}
section.method{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1rem;margin:1rem 0}
.verb{display:inline-block;min-width:4.2em;font-weight:600;color:var(--mark)}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;margin:.5rem 0 0}caption{text-align:left;font-weight:600;padding:.5rem 0 .2rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-top:1px solid var(--line)}th{font-weight:500;color:var(--soft)}
</style>)";

// Fields of a record, with those of records inside it one level down by their path.
void append_fields(std::string& out, const Shape& record, std::string_view caption) {
  out += "<div class=wide><table><caption>" + escaped(caption) + "</caption><thead><tr><th>field<th>what<th>required<th>note</thead><tbody>";
  for (const Field& field : record.fields) {
    std::string where;
    if (!field.header.empty()) where = "header " + std::string(field.header) + ". ";
    if (field.status) where = "the status. ";
    const std::string type = field.shape->name.empty() ? message::expected_of(*field.shape) : std::string(field.shape->name) + ": " + message::expected_of(*field.shape);
    out += "<tr><td><code>" + escaped(field.wire_name) + "</code><td>" + escaped(type) + "<td>" + (field.may_be_absent ? "no" : "yes") + "<td>" + escaped(where) +
           (field.deprecated ? "<strong>deprecated.</strong> " : "") + escaped(field.about) +
           (field.example.empty() ? "" : " <span class=soft>Example: <code>" + escaped(field.example) + "</code></span>");
  }
  out += "</tbody></table></div>";
}

void append_message(std::string& out, ShapeOf shape, std::string_view caption) {
  if (!shape) return;
  const Shape& record = shape();
  if (!record.about.empty()) out += "<p>" + escaped(record.about) + "</p>";
  if (!record.fields.empty()) append_fields(out, record, std::string(caption) + (record.name.empty() ? "" : ": " + std::string(record.name)));
}

std::string_view verb_of(Verb verb) {
  static constexpr std::string_view names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
  return names[static_cast<std::size_t>(verb)];
}

void append_method(std::string& out, const MethodSpec& method) {
  const bool routed = !method.route.path.empty();
  const std::string path = routed ? std::string(method.route.path) : "/" + std::string(method.service->name) + "/" + std::string(method.name);
  out += "<section class=method><h3><span class=verb>" + std::string(routed ? verb_of(method.route.verb) : "POST") + "</span> <code>" + escaped(path) + "</code></h3>";
  out += "<p class=soft>" + escaped(method.service->name) + "." + escaped(method.name);
  if (method.rules.repeat == Repeat::safe) out += " · may be repeated";
  if (method.rules.repeat == Repeat::by_key) out += " · may be repeated with an Idempotency-Key";
  if (!method.rules.allow.empty()) out += " · needs the permission " + escaped(method.rules.allow);
  if (method.stream_in) out += " · takes a stream";
  if (method.stream_out) out += " · answers with a stream";
  out += "</p>";
  append_message(out, method.request, "Request");
  append_message(out, method.reply, "Reply");
  append_message(out, method.stream_out, "Each item of the stream");
  for (const ErrorSpec& error : method.errors) {
    const int status = error.http_status != 0 ? error.http_status : wire::http_status_of(error.code);
    append_message(out, error.shape, "Error " + std::to_string(status) + " " + std::string(wire::rpc_name_of(error.code)));
  }
  out += "</section>";
}

}  // namespace

std::string documentation_page(Host& host) {
  std::string out = "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width\"><title>";
  for (const auto& composition : host.compositions()) out += escaped(composition->name()) + " ";
  out += "contract</title>" + std::string(style) + "</head><body><main>";
  for (const auto& composition : host.compositions()) {
    const std::string name = escaped(composition->name());
    out += "<h1>" + name + "</h1><p class=soft>contract version " + escaped(composition->service().contract_version) + " · <a href=\"/openapi.json?service=" + name + "\">OpenAPI 3.1</a> · <a href=\"/asyncapi.json?service=" + name + "\">AsyncAPI 3.0</a></p>";
    for (const auto& served : composition->methods) append_method(out, *served->spec);
    if (!composition->announced.empty()) {
      out += "<h2>Events it announces</h2>";
      for (const EventSpec* event : composition->announced) {
        out += "<section class=method><h3><code>" + escaped(event->service->name) + "." + escaped(event->name) + "</code></h3>";
        append_message(out, event->message, "Event");
        out += "</section>";
      }
    }
    if (!composition->subscriptions.empty()) {
      out += "<h2>Events it handles</h2><ul>";
      for (const auto& subscription : composition->subscriptions) {
        out += "<li><code>" + escaped(subscription->spec->service->name) + "." + escaped(subscription->spec->name) + "</code>";
      }
      out += "</ul>";
    }
  }
  return out + "</main></body></html>";
}

}  // namespace tutti::detail
