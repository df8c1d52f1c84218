# What `cmake --install` lays down: the libraries, the public headers, tutti_embed(), tutti_image(), tutti_contract() and the package that lets another
# project say find_package(tutti CONFIG REQUIRED) and link tutti::tutti. The program installs itself in tool/.
# The libraries are static, so what they link privately is linked by the user's program: tutti-config.cmake finds it again.
include(CMakePackageConfigHelpers)

get_property(libraries GLOBAL PROPERTY TUTTI_LIBRARIES)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/tutti)

install(TARGETS ${libraries} EXPORT tutti ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT tutti NAMESPACE tutti:: FILE tutti-targets.cmake DESTINATION ${package_dir})
install(DIRECTORY include/tutti DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")

configure_package_config_file(cmake/tutti-config.cmake.in ${CMAKE_BINARY_DIR}/package/tutti-config.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may break its users.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/package/tutti-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  ${CMAKE_BINARY_DIR}/package/tutti-config.cmake
  ${CMAKE_BINARY_DIR}/package/tutti-config-version.cmake
  cmake/tutti_archives.cmake
  cmake/tutti_contract.cmake
  cmake/contract-config.cmake.in
  cmake/contract_check.cmake
  cmake/tutti_embed.cmake
  cmake/embed_sources.cmake
  cmake/tutti_image.cmake
  cmake/Dockerfile.in
  DESTINATION ${package_dir})
install(PROGRAMS cmake/image-root cmake/image-sbom cmake/image-build DESTINATION ${CMAKE_INSTALL_DATADIR}/tutti)
install(FILES scripts/gdb/tutti_fibers.py DESTINATION ${CMAKE_INSTALL_DATADIR}/tutti/gdb)
include(cmake/package.cmake)
