file(STRINGS ${SNIPPET} first_line LIMIT_COUNT 1)
if(NOT first_line MATCHES "^// (expect|expect-note): *(.*)$")
  message(FATAL_ERROR "${SNIPPET}: the first line must be \"// expect: <words of the first error>\"")
endif()
set(rule ${CMAKE_MATCH_1})
set(words "${CMAKE_MATCH_2}")

execute_process(
  COMMAND ${CMAKE_COMMAND} -E env LC_ALL=C ${COMPILER} -std=c++20 -Wall -Wextra -Wpedantic -Werror -I${INCLUDE} -fsyntax-only ${SNIPPET}
  RESULT_VARIABLE result OUTPUT_VARIABLE ignored ERROR_VARIABLE output)

if(result EQUAL 0)
  message(FATAL_ERROR "${SNIPPET} compiles, but must be refused with: ${words}")
endif()

string(FIND "${output}" "error: " begin)
string(SUBSTRING "${output}" ${begin} -1 from_error)
if(rule STREQUAL "expect")
  string(FIND "${from_error}" "\n" end)
else()
  string(SUBSTRING "${from_error}" 6 -1 rest)
  string(FIND "${rest}" "error: " end)
endif()
string(SUBSTRING "${from_error}" 0 ${end} first_error)
string(FIND "${first_error}" "${words}" found)
if(found EQUAL -1)
  message(FATAL_ERROR "${SNIPPET}: expected the first error to say: ${words}\nfound: ${first_error}\n${output}")
endif()
