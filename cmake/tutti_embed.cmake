# Files that become part of the program. Installed with tutti, so users' projects have it too.
set(TUTTI_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/embed_sources.cmake)

# tutti_embed(<target> MIGRATIONS|FILES <folder> HEADER payments/migrations.hpp NAMESPACE payments NAME migrations)
# gives <target> a generated header with `inline constexpr tutti::Migration migrations[]` (or tutti::EmbeddedFile).
function(tutti_embed target)
  cmake_parse_arguments(arg "" "MIGRATIONS;FILES;HEADER;NAMESPACE;NAME" "" ${ARGN})
  if(arg_MIGRATIONS)
    set(kind migrations)
    set(folder ${arg_MIGRATIONS})
  else()
    set(kind files)
    set(folder ${arg_FILES})
  endif()
  get_filename_component(folder ${folder} ABSOLUTE)
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*)
  set(header ${CMAKE_CURRENT_BINARY_DIR}/generated/${arg_HEADER})
  add_custom_command(OUTPUT ${header}
    COMMAND ${CMAKE_COMMAND} -DFOLDER=${folder} -DHEADER=${header} -DNAMESPACE=${arg_NAMESPACE} -DNAME=${arg_NAME} -DKIND=${kind}
            -P ${TUTTI_EMBED_SCRIPT}
    DEPENDS ${sources} ${TUTTI_EMBED_SCRIPT} VERBATIM)
  target_sources(${target} PRIVATE ${header})
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/generated)
endfunction()
