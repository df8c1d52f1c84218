// What the test's author is told, and in which words. Shared by Bed and Live.
#pragma once

#include <exception>
#include <map>
#include <string>
#include <vector>

#include <tutti/main.hpp>

namespace tutti::testing {

// To the test framework, or to the end of the program without one.
void report_problem(const std::string& problem);
[[noreturn]] void end_program(const std::string& problem);

// To the Bed that runs the handler of this call.
void note_problem(const tutti::detail::CallState& call, const std::string& problem);

// "payments.charge".
template <class Spec>
[[nodiscard]] std::string name_of(const Spec& spec) {
  return std::string(spec.service->name) + "." + std::string(spec.name);
}
// bed.fake(payments::charge, [](const payments::Charge&) { return payments::Receipt{...}; });
[[nodiscard]] std::string line_to_write(const tutti::detail::MethodSpec& method);
// What is wrong with an exception that a fake threw; empty if its contract allows it.
[[nodiscard]] std::string undeclared_of_fake(const tutti::detail::MethodSpec& method, const std::exception_ptr& thrown);

[[nodiscard]] std::vector<std::string> flags_of(const std::map<std::string, std::string>& settings);
[[nodiscard]] std::vector<std::string> prefixes_of(const std::vector<Composed>& services);
// Who a test is before it acts as somebody.
[[nodiscard]] Identity default_tester();

}  // namespace tutti::testing
