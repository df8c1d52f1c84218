# The few words that the folders' CMakeLists.txt speak.

add_library(tutti_options INTERFACE)
target_compile_options(tutti_options INTERFACE -Wall -Wextra -Wpedantic -fno-omit-frame-pointer)
if(TUTTI_WERROR)
  target_compile_options(tutti_options INTERFACE -Werror)
endif()
# What a memory error is met with (SECURITY.md): checked copies and formatted writes, canaries, stacks that are touched page by
# page so that a big frame meets its guard, branch targets, tables that are read-only once linked. Sanitizers do more, instead.
if(NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize")
  target_compile_options(tutti_options INTERFACE -fstack-protector-strong -fstack-clash-protection
    $<$<CONFIG:Release>:-U_FORTIFY_SOURCE> $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=3>)
  if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
    target_compile_options(tutti_options INTERFACE -fcf-protection)
  endif()
  target_link_options(tutti_options INTERFACE -Wl,-z,relro,-z,now)
endif()
target_include_directories(tutti_options INTERFACE
  $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>)

# tutti_library(<folder> SOURCES a.cpp ... [COLD b.cpp ...] [LINKS tutti_world ...] [PRIVATE_LINKS re2 ...])
# makes the static library tutti_<folder>; files of src/ are included by their path below src/
# ("wire/http1/request_parser.hpp"), public headers as <tutti/...>.
# COLD are the sources that no successful request runs through: an optimised build makes them small, not fast, which every image gains by.
function(tutti_library folder)
  cmake_parse_arguments(arg "" "" "SOURCES;COLD;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(tutti_${folder} STATIC ${arg_SOURCES} ${arg_COLD})
  set_source_files_properties(${arg_COLD} PROPERTIES COMPILE_OPTIONS "$<$<CONFIG:Release>:-Os>")
  target_include_directories(tutti_${folder} PUBLIC
    $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>
    $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/src>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(tutti_${folder} PUBLIC cxx_std_20)
  # A program that is linked with --gc-sections, as tutti_image() does, leaves out what it does not use.
  target_compile_options(tutti_${folder} PRIVATE -ffunction-sections -fdata-sections)
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

# tutti_fuzz(<name> SOURCE http1/uri_fuzz.cpp LINKS tutti_wire ...): its seeds lie beside it in http1/uri_corpus, its words
# in http1/uri.dict. With TUTTI_FUZZ (clang) a libFuzzer program, one of the target `fuzzers`, with what scripts/fuzz gives
# it in <name>_fuzz.inputs; otherwise the seeds are run once through the same entry as a test.
function(tutti_fuzz name)
  cmake_parse_arguments(arg "" "SOURCE" "LINKS" ${ARGN})
  string(REGEX REPLACE "_fuzz\\.cpp$" "" base "${CMAKE_CURRENT_SOURCE_DIR}/${arg_SOURCE}")
  if(TUTTI_FUZZ)
    if(NOT TARGET fuzzers)
      add_custom_target(fuzzers)
    endif()
    add_executable(${name}_fuzz ${arg_SOURCE})
    add_dependencies(fuzzers ${name}_fuzz)
    target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
    file(WRITE ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/${name}_fuzz.inputs "${base}_corpus\n-dict=${base}.dict\n")
  else()
    add_executable(${name}_fuzz ${arg_SOURCE} ${CMAKE_SOURCE_DIR}/tests/fuzz_replay.cpp)
    add_test(NAME ${name}_corpus COMMAND ${name}_fuzz ${base}_corpus)
  endif()
  target_include_directories(${name}_fuzz PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(${name}_fuzz PRIVATE ${arg_LINKS} tutti_options)
endfunction()
