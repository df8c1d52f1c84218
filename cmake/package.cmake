# What `cpack` makes of an installed tree: one Debian package with the library, the program and the headers.
# Its dependencies are what a service links; what the program needs is read off its binary.
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/tutti RENAME copyright)
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME tutti)
set(CPACK_PACKAGE_VENDOR tutti)
set(CPACK_PACKAGE_CONTACT "the tutti project <tutti@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "C++20 library for microservices, and the program that runs a fleet of them")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS
  "libboost-context1.81-dev, libfyaml-dev, libre2-dev, libsqlite3-dev, libssl3, zlib1g-dev")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "cmake, g++, libgtest-dev")
include(CPack)
