#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "message/schema.hpp"
#include "service/documents.hpp"
#include "service/json_object.hpp"
#include "wire/codes.hpp"
#include "wire/http1/router.hpp"

namespace tutti::detail {
namespace {

std::string_view verb_of(Verb verb) {
  switch (verb) {
    case Verb::get: return "get";
    case Verb::head: return "head";
    case Verb::post: return "post";
    case Verb::put: return "put";
    case Verb::patch: return "patch";
    case Verb::del: return "delete";
    case Verb::options: return "options";
  }
  return "post";
}

std::string_view repeat_of(Repeat repeat) {
  switch (repeat) {
    case Repeat::unsafe: return "unsafe";
    case Repeat::safe: return "safe";
    case Repeat::by_key: return "by_key";
  }
  return "unsafe";
}

std::string content(std::string_view media, const std::string& schema) {
  return JsonObject().add(media, JsonObject().add("schema", schema).json()).json();
}

constexpr std::string_view any_bytes = R"({"type":"string","format":"binary"})";

std::string stream_content(const Shape& element, message::Schemas& schemas) {
  if (element.kind == Kind::bytes) return content("application/octet-stream", std::string(any_bytes));
  const std::string item = schemas.use(element);
  return JsonObject().add("application/jsonl", JsonObject().add("schema", item).json()).add("text/event-stream", JsonObject().add("schema", item).json()).json();
}

std::string parameter(const Field& field, std::string_view place, std::string_view name, message::Schemas& schemas) {
  JsonObject object;
  object.add("name", json_text(name)).add("in", json_text(place)).add("required", place == "path" || !field.may_be_absent ? "true" : "false");
  if (!field.about.empty()) object.add("description", json_text(field.about));
  if (field.deprecated) object.add("deprecated", "true");
  if (field.shape->kind == Kind::list) object.add("style", json_text(place == "query" ? "form" : "simple")).add("explode", "false");
  return object.add("schema", schemas.use(*field.shape)).json();
}

// One method as an operation; the path is told apart because several methods may share it.
std::string operation(const MethodSpec& method, std::string_view path, message::Schemas& schemas) {
  const bool query = method.route.verb == Verb::get || method.route.verb == Verb::head || method.route.verb == Verb::del;
  const auto in_path = wire::http1::parameters_of(path).value_or(std::vector<std::string>());
  JsonObject object;
  object.add("operationId", json_text(std::string(method.service->name) + "." + std::string(method.name)));
  std::vector<std::string> parameters;
  if (method.request) {
    const Shape& request = method.request();
    if (!request.about.empty()) object.add("summary", json_text(request.about));
    std::uint64_t elsewhere = 0;
    std::size_t in_body = 0;
    for (std::size_t i = 0; i < request.fields.size(); ++i) {
      const Field& field = request.fields[i];
      const bool is_path = std::ranges::any_of(in_path, [&](const std::string& name) { return name == field.wire_name || name == field.name; });
      if (is_path) {
        parameters.push_back(parameter(field, "path", field.wire_name, schemas));
      } else if (!field.header.empty()) {
        parameters.push_back(parameter(field, "header", field.header, schemas));
      } else if (query || method.stream_in) {
        parameters.push_back(parameter(field, "query", field.wire_name, schemas));
      } else {
        ++in_body;
        continue;
      }
      elsewhere |= std::uint64_t{1} << i;
    }
    if (!method.stream_in && !query && (in_body != 0 || request.fields.empty())) {
      const std::string schema = elsewhere == 0 ? schemas.use(request) : schemas.body(request, {.bound = elsewhere});
      object.add("requestBody", JsonObject().add("required", "true").add("content", content("application/json", schema)).json());
    }
  }
  if (method.rules.repeat == Repeat::by_key) {
    parameters.push_back(R"({"name":"Idempotency-Key","in":"header","required":false,"description":"A repeated call with the same key is answered as the first one was.","schema":{"type":"string"}})");
  }
  if (method.stream_in) object.add("requestBody", JsonObject().add("required", "true").add("content", stream_content(method.stream_in(), schemas)).json());
  if (!parameters.empty()) object.add("parameters", json_list(parameters));

  std::map<std::string, std::string> responses;
  JsonObject success;
  success.add("description", json_text("Success"));
  if (method.stream_out) {
    success.add("content", stream_content(method.stream_out(), schemas));
  } else if (method.reply) {
    const Shape& reply = method.reply();
    JsonObject headers;
    bool some = false;
    std::size_t in_body = 0;
    for (const Field& field : reply.fields) {
      if (!field.header.empty()) {
        headers.add(field.header, JsonObject().add("schema", schemas.use(*field.shape)).json());
        some = true;
      } else if (!field.status) {
        ++in_body;
      }
    }
    if (some) success.add("headers", headers.json());
    if (reply.kind != Kind::record || in_body != 0 || reply.fields.empty()) {
      const bool whole = reply.kind != Kind::record || in_body == reply.fields.size();
      success.add("content", content("application/json", whole ? schemas.use(reply) : schemas.body(reply, {.http_fields = message::HttpFields::elsewhere})));
    }
  }
  responses[std::to_string(method.route.status)] = success.json();
  std::map<int, std::string> errors;
  for (const ErrorSpec& error : method.errors) {
    const Shape& shape = error.shape();
    const int error_status = error.http_status != 0 ? error.http_status : wire::http_status_of(error.code);
    std::string& names = errors[error_status];
    names += (names.empty() ? "" : ", ") + std::string(method.service->name) + "." + std::string(shape.name);
    (void)schemas.use(shape);
  }
  const std::string problem = R"({"application/problem+json":{"schema":{"$ref":"#/components/schemas/Problem"}}})";
  for (const auto& [error_status, names] : errors) {
    responses[std::to_string(error_status)] = JsonObject().add("description", json_text("The contract's " + names + ": `type` names it, `value` holds it")).add("content", problem).json();
  }
  responses["default"] = JsonObject().add("description", json_text("Any other failure, as a problem document")).add("content", problem).json();
  JsonObject all;
  for (const auto& [key, value] : responses) all.add(key, value);
  object.add("responses", all.json());
  object.add("x-tutti-repeat", json_text(repeat_of(method.rules.repeat)));
  object.add("x-tutti-deadline-ms", std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(method.rules.deadline).count()));
  if (!method.rules.allow.empty()) object.add("x-tutti-allow", json_text(method.rules.allow)).add("security", R"([{"bearer":[]}])");
  // Argument order is part of the contract: designated initialisers and positional wires follow it.
  if (method.request) {
    std::vector<std::string> order;
    for (const Field& field : method.request().fields) order.push_back(json_text(field.wire_name));
    object.add("x-tutti-request", schemas.use(method.request())).add("x-tutti-order", json_list(order));
  }
  std::vector<std::string> thrown;
  for (const ErrorSpec& error : method.errors) thrown.push_back(json_text(std::string(method.service->name) + "." + std::string(error.shape().name)));
  object.add("x-tutti-throws", json_list(thrown));
  return object.json();
}

constexpr std::string_view problem_schema =
    R"({"type":"object","description":"RFC 9457","required":["type","title","status","code"],"properties":{)"
    R"("type":{"type":"string","description":"about:blank, or the wire name of a contract error"},"title":{"type":"string"},)"
    R"("status":{"type":"integer"},"detail":{"type":"string"},"code":{"type":"string","description":"one of the closed set of codes"},)"
    R"("value":{"description":"the contract error itself"},"violations":{"type":"array","items":{"type":"object","properties":{)"
    R"("path":{"type":"string"},"expected":{"type":"string"},"found":{"type":"string"}}}}}})";

}  // namespace

std::string openapi_document(Host& host, std::string_view service) {
  Composition* const composition = service.empty() ? host.compositions().front().get() : host.composition(service);
  if (composition == nullptr) return {};
  message::Schemas schemas("#/components/schemas/", std::string(composition->name()) + ".");
  std::map<std::string, JsonObject> paths;
  for (const auto& served : composition->methods) {
    const MethodSpec& method = *served->spec;
    const bool routed = !method.route.path.empty();
    const std::string path = routed ? std::string(method.route.path) : "/" + std::string(method.service->name) + "/" + std::string(method.name);
    paths[path].add(routed ? verb_of(method.route.verb) : "post", operation(method, path, schemas));
  }
  JsonObject all_paths;
  for (const auto& [path, operations] : paths) all_paths.add(path, operations.json());
  JsonObject definitions;
  definitions.add("Problem", std::string(problem_schema));
  for (const auto& [name, schema] : schemas.definitions()) definitions.add(name, schema);
  JsonObject components;
  components.add("schemas", definitions.json()).add("securitySchemes", R"({"bearer":{"type":"http","scheme":"bearer"}})");
  return JsonObject()
      .add("openapi", json_text("3.1.0"))
      .add("info", JsonObject().add("title", json_text(composition->name())).add("version", json_text(composition->service().contract_version)).json())
      .add("paths", all_paths.json())
      .add("components", components.json())
      .json();
}

}  // namespace tutti::detail
