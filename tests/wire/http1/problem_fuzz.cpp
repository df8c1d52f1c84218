// Any bytes as another service's problem document: no crash, and what was understood is written so that it is
// understood again and says the same.
#include "wire/http1/problem.hpp"

#include <cstdint>
#include <cstdlib>

using namespace tutti::wire::http1;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto problem = parse_problem({reinterpret_cast<const char*>(data), size}, 418);
  if (!problem) return 0;
  std::string written;
  append_problem(written, *problem);
  const auto again = parse_problem(written, problem->status);
  if (!again || again->code != problem->code || again->detail != problem->detail) std::abort();
  if (again->type != problem->type || again->violations.size() != problem->violations.size()) std::abort();
  return 0;
}
