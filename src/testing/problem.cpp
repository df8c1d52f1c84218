#include "testing/problem.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <tutti/testing.hpp>

#include "message/equal.hpp"
#include "message/json_reader.hpp"
#include "service/dispatcher.hpp"

namespace tutti::testing {
namespace {

constinit detail::Report report = [](const std::string& problem) { end_program(problem); };

// "payments::Charge": as the test would write it.
std::string type_of(const tutti::detail::MethodSpec& method, tutti::detail::ShapeOf shape) {
  return std::string(method.service->name) + "::" + std::string(shape().name);
}

}  // namespace

namespace detail {

void set_report(Report to) noexcept { report = to; }
std::string printed(const tutti::detail::Shape& shape, const void* value) { return message::printed(shape, value); }

std::string difference(const tutti::detail::Shape& shape, const void* actual, const void* expected) {
  std::string all;
  for (const std::string& one : message::differences(shape, actual, expected)) all += (all.empty() ? "" : "\n") + one;
  return all;
}

void decode(const tutti::detail::Shape& shape, void* value, std::string_view json) {
  (void)message::read_json(shape, value, json);
}

}  // namespace detail

void report_problem(const std::string& problem) { report(problem); }

void end_program(const std::string& problem) {
  std::fprintf(stderr, "tutti: %s\n", problem.c_str());
  std::abort();
}

std::string line_to_write(const tutti::detail::MethodSpec& method) {
  std::string named(method.name);
  std::ranges::replace(named, '.', '_');
  std::string line = "bed.fake(" + std::string(method.service->name) + "::" + named + ", [](";
  if (method.request) line += "const " + type_of(method, method.request) + "&";
  line += ") {";
  if (method.reply) line += " return " + type_of(method, method.reply) + "{...};";
  return line + " });";
}

std::string undeclared_of_fake(const tutti::detail::MethodSpec& method, const std::exception_ptr& thrown) {
  for (const auto& error : method.errors) {
    if (error.holds(thrown, nullptr, [](void*, const void*) {})) return {};
  }
  try {
    std::rethrow_exception(thrown);
  } catch (const Error&) {
    return {};
  } catch (...) {
    return "the fake of " + name_of(method) + " threw " + tutti::detail::type_name_of(thrown) +
           ", which the contract does not declare";
  }
}

std::vector<std::string> flags_of(const std::map<std::string, std::string>& settings) {
  std::vector<std::string> flags;
  for (const auto& [key, value] : settings) flags.push_back("--" + key + "=" + value);
  return flags;
}

std::vector<std::string> prefixes_of(const std::vector<Composed>& services) {
  std::vector<std::string> prefixes{"tutti"};
  for (const Composed& composed : services) prefixes.emplace_back(composed.service.name);
  return prefixes;
}

Identity default_tester() { return {.name = "local", .permissions = {"*"}}; }

}  // namespace tutti::testing
