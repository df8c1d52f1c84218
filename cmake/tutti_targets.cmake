# The few words that the folders' CMakeLists.txt speak.

add_library(tutti_options INTERFACE)
target_compile_options(tutti_options INTERFACE -Wall -Wextra -Wpedantic -fno-omit-frame-pointer)
if(TUTTI_WERROR)
  target_compile_options(tutti_options INTERFACE -Werror)
endif()
target_include_directories(tutti_options INTERFACE
  $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>)

# tutti_library(<folder> SOURCES a.cpp ... [LINKS tutti_world ...] [PRIVATE_LINKS re2 ...])
# makes the static library tutti_<folder>; files of src/ are included by their path below src/
# ("wire/http1/request_parser.hpp"), public headers as <tutti/...>.
function(tutti_library folder)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(tutti_${folder} STATIC ${arg_SOURCES})
  target_include_directories(tutti_${folder} PUBLIC
    $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>
    $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/src>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(tutti_${folder} PUBLIC cxx_std_20)
  target_link_libraries(tutti_${folder} PUBLIC ${arg_LINKS} PRIVATE ${arg_PRIVATE_LINKS}
    $<BUILD_INTERFACE:tutti_options>)
  set_target_properties(tutti_${folder} PROPERTIES EXPORT_NAME ${folder})
  set_property(GLOBAL APPEND PROPERTY TUTTI_LIBRARIES tutti_${folder})
endfunction()

# tutti_test(<name> SOURCES a_test.cpp ... LINKS tutti_wire ...): one gtest program, one ctest entry.
function(tutti_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LINKS" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  add_executable(${name}_test ${arg_SOURCES})
  target_link_libraries(${name}_test PRIVATE ${arg_LINKS} tutti_options GTest::gmock GTest::gtest_main)
  target_include_directories(${name}_test PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name}_test --gtest_output=xml:${CMAKE_BINARY_DIR}/reports/${name}.xml)
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT})
endfunction()

# tutti_fuzz(<name> SOURCES x_fuzz.cpp LINKS ... CORPUS dir): with TUTTI_FUZZ (clang) a libFuzzer
# program; otherwise the stored corpus is run once through the same entry as a test.
function(tutti_fuzz name)
  cmake_parse_arguments(arg "" "CORPUS" "SOURCES;LINKS" ${ARGN})
  if(TUTTI_FUZZ)
    add_executable(${name}_fuzz ${arg_SOURCES})
    target_compile_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
    target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${name}_fuzz ${arg_SOURCES} ${CMAKE_SOURCE_DIR}/tests/fuzz_replay.cpp)
    add_test(NAME ${name}_corpus COMMAND ${name}_fuzz ${arg_CORPUS})
  endif()
  target_link_libraries(${name}_fuzz PRIVATE ${arg_LINKS} tutti_options)
endfunction()
