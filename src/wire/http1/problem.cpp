#include "wire/http1/problem.hpp"

#include <simdjson.h>

#include "message/json_text.hpp"
#include "wire/codes.hpp"

namespace tutti::wire::http1 {
namespace {

void append_member(std::string& out, std::string_view name, std::string_view text) {
  if (out.back() != '{') out.push_back(',');
  out.append("\"").append(name).append("\":");
  message::append_json_text(out, text);
}

std::string text_of(simdjson::dom::object object, std::string_view name) {
  std::string_view text;
  return object[name].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

}  // namespace

Problem problem_of(Code code, std::string_view detail) {
  Problem problem;
  problem.status = http_status_of(code);
  problem.code = code;
  problem.detail = detail;
  return problem;
}

void append_problem(std::string& out, const Problem& problem) {
  out.push_back('{');
  append_member(out, "type", problem.type.empty() ? std::string_view("about:blank") : std::string_view(problem.type));
  append_member(out, "title", problem.title.empty() ? title_of(problem.code) : std::string_view(problem.title));
  out.append(",\"status\":").append(std::to_string(problem.status));
  if (!problem.detail.empty()) append_member(out, "detail", problem.detail);
  append_member(out, "code", rpc_name_of(problem.code));
  if (!problem.violations.empty()) {
    out.append(",\"violations\":[");
    for (std::size_t i = 0; i < problem.violations.size(); ++i) {
      if (i != 0) out.push_back(',');
      out.push_back('{');
      append_member(out, "path", problem.violations[i].path);
      append_member(out, "expected", problem.violations[i].expected);
      append_member(out, "found", problem.violations[i].found);
      out.push_back('}');
    }
    out.push_back(']');
  }
  if (!problem.value_json.empty()) out.append(",\"value\":").append(problem.value_json);
  out.push_back('}');
}

std::optional<Problem> parse_problem(std::string_view json, int status) {
  if (json.size() > problem_bytes_max) return std::nullopt;
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(json);
  simdjson::dom::object object;
  if (parser.parse(padded).get(object) != simdjson::SUCCESS) return std::nullopt;
  Problem problem;
  problem.status = status;
  problem.type = text_of(object, "type");
  if (problem.type == "about:blank") problem.type.clear();
  problem.title = text_of(object, "title");
  problem.detail = text_of(object, "detail");
  problem.code = code_of_rpc_name(text_of(object, "code")).value_or(code_of_http_status(status));
  if (problem.code == Code::ok) problem.code = Code::unknown;  // a problem is no success
  simdjson::dom::element value;
  if (object["value"].get(value) == simdjson::SUCCESS) problem.value_json = simdjson::minify(value);
  simdjson::dom::array violations;
  if (object["violations"].get(violations) == simdjson::SUCCESS) {
    for (simdjson::dom::element element : violations) {
      simdjson::dom::object violation;
      if (problem.violations.size() == Violations::kept_max) break;
      if (element.get(violation) != simdjson::SUCCESS) continue;
      problem.violations.push_back(
          {text_of(violation, "path"), text_of(violation, "expected"), text_of(violation, "found")});
    }
  }
  return problem;
}

}  // namespace tutti::wire::http1
