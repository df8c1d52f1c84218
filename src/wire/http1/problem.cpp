#include "wire/http1/problem.hpp"

#include "message/json_parts.hpp"
#include "message/json_reader.hpp"
#include "message/json_text.hpp"
#include "wire/codes.hpp"

namespace tutti::wire::http1 {
namespace {

void append_member(std::string& out, std::string_view name, std::string_view text) {
  if (out.back() != '{') out.push_back(',');
  out.append("\"").append(name).append("\":");
  message::append_json_text(out, text);
}

// The value of the first member of the name; empty if there is none.
std::string_view value_of(const std::vector<message::JsonPart>& members, std::string_view name) {
  for (const message::JsonPart& member : members) {
    if (member.name == name) return member.text;
  }
  return {};
}

std::string text_of(const std::vector<message::JsonPart>& members, std::string_view name) {
  return message::json_string(value_of(members, name)).value_or("");
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
  if (!message::json_trimmed(json).starts_with('{') || !message::check_json(json).empty()) return std::nullopt;
  const std::vector<message::JsonPart> members = message::json_parts(json);
  Problem problem;
  problem.status = status;
  problem.type = text_of(members, "type");
  if (problem.type == "about:blank") problem.type.clear();
  problem.title = text_of(members, "title");
  problem.detail = text_of(members, "detail");
  problem.code = code_of_rpc_name(text_of(members, "code")).value_or(code_of_http_status(status));
  if (problem.code == Code::ok) problem.code = Code::unknown;  // a problem is no success
  problem.value_json = value_of(members, "value");
  for (const message::JsonPart& item : message::json_parts(value_of(members, "violations"))) {
    if (problem.violations.size() == Violations::kept_max) break;
    if (!item.text.starts_with('{')) continue;
    const std::vector<message::JsonPart> violation = message::json_parts(item.text);
    problem.violations.push_back({text_of(violation, "path"), text_of(violation, "expected"), text_of(violation, "found")});
  }
  return problem;
}

}  // namespace tutti::wire::http1
