# A service's contract as a package for its callers. Installed with tutti, so users' projects have it too.
set(TUTTI_CONTRACT_TEMPLATE ${CMAKE_CURRENT_LIST_DIR}/contract-config.cmake.in)
set(TUTTI_CONTRACT_CHECK ${CMAKE_CURRENT_LIST_DIR}/contract_check.cmake)

# tutti_contract(<program> NAME payments VERSION 1.2.0 HEADERS payments/contract.hpp... [INCLUDE <folder>] [SINCE <document>])
# gives the target payments::contract, which the service itself links as well, and installs it with its headers and its document as
# the package payments-contract.
#   HEADERS  the contract's headers, by their path below INCLUDE: as callers include them
#   INCLUDE  the folder of the headers (the source folder)
#   SINCE    the document (`<program> contract`) of the oldest release that callers may still be built with: what would break one of
#            them fails the build
# A caller says find_package(payments-contract 1.2 CONFIG REQUIRED), and gets 1.2 or newer, but not 2.0. Its
# payments_CONTRACT_DOCUMENT is the path of the document that the headers belong to.
function(tutti_contract program)
  cmake_parse_arguments(arg "" "NAME;VERSION;INCLUDE;SINCE" "HEADERS" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "tutti_contract(${program}): ${arg_UNPARSED_ARGUMENTS} is unknown; it takes NAME, VERSION, HEADERS, INCLUDE and SINCE")
  endif()
  foreach(needed NAME VERSION HEADERS)
    if(NOT arg_${needed})
      message(FATAL_ERROR "tutti_contract(${program}): ${needed} is missing")
    endif()
  endforeach()
  if(NOT arg_INCLUDE)
    set(arg_INCLUDE ${CMAKE_CURRENT_SOURCE_DIR})
  endif()
  get_filename_component(include ${arg_INCLUDE} ABSOLUTE)
  include(GNUInstallDirs)
  include(CMakePackageConfigHelpers)
  set(package ${arg_NAME}-contract)
  set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/${package})
  set(built ${CMAKE_CURRENT_BINARY_DIR}/${package})

  add_library(${package} INTERFACE)
  add_library(${arg_NAME}::contract ALIAS ${package})
  target_include_directories(${package} INTERFACE $<BUILD_INTERFACE:${include}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${package} INTERFACE tutti::tutti)
  set_target_properties(${package} PROPERTIES EXPORT_NAME contract)
  target_link_libraries(${program} PRIVATE ${package})

  # The document is what the program says, so that it cannot differ from the headers.
  set(since "")
  if(arg_SINCE)
    get_filename_component(since ${arg_SINCE} ABSOLUTE)
  endif()
  add_custom_command(OUTPUT ${built}/contract.json
    COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:${program}> -DSINCE=${since} -DDOCUMENT=${built}/contract.json -P ${TUTTI_CONTRACT_CHECK}
    DEPENDS ${program} ${since} ${TUTTI_CONTRACT_CHECK} VERBATIM)
  add_custom_target(${package}-document ALL DEPENDS ${built}/contract.json)

  set(TUTTI_CONTRACT_NAME ${arg_NAME})
  set(TUTTI_CONTRACT_DOCUMENT ${CMAKE_INSTALL_DATADIR}/${package}/contract.json)
  configure_package_config_file(${TUTTI_CONTRACT_TEMPLATE} ${built}/${package}-config.cmake INSTALL_DESTINATION ${package_dir}
    PATH_VARS TUTTI_CONTRACT_DOCUMENT)
  write_basic_package_version_file(${built}/${package}-config-version.cmake VERSION ${arg_VERSION} COMPATIBILITY SameMajorVersion ARCH_INDEPENDENT)
  install(TARGETS ${package} EXPORT ${package})
  install(EXPORT ${package} NAMESPACE ${arg_NAME}:: FILE ${package}-targets.cmake DESTINATION ${package_dir})
  install(FILES ${built}/${package}-config.cmake ${built}/${package}-config-version.cmake DESTINATION ${package_dir})
  install(FILES ${built}/contract.json DESTINATION ${CMAKE_INSTALL_DATADIR}/${package})
  foreach(header ${arg_HEADERS})
    get_filename_component(folder ${header} DIRECTORY)
    install(FILES ${include}/${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/${folder})
  endforeach()
endfunction()
