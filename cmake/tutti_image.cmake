# A service's container image. Installed with tutti, so users' projects have it too.
set(TUTTI_IMAGE_TEMPLATE ${CMAKE_CURRENT_LIST_DIR}/Dockerfile.in)

# tutti_image(<target> [TESTS <target>...] [SOURCES <path>...] [PACKAGES <Debian package>...] [DOCKERFILE <path>] [TLS] [DATA] [SHARED_RUNTIME])
# writes the Dockerfile of a program into the source folder, to be committed and built with plain `docker build`.
#   TESTS     programs that have to exit 0 before there is an image
#   SOURCES   what of the project the build needs beside CMakeLists.txt (all of it): a change elsewhere rebuilds nothing
#   PACKAGES  what the build needs beside the toolchain
#   TLS       OpenSSL, which is loaded while the program runs, and the authorities' certificates
#   DATA      a volume /data for the service's databases
#   SHARED_RUNTIME  libstdc++ as a shared library: for programs that link shared libraries written in C++, which have to share it;
#             1.3 MB more. Without it the C++ runtime is in the program.
function(tutti_image target)
  cmake_parse_arguments(arg "TLS;DATA;SHARED_RUNTIME" "DOCKERFILE" "TESTS;SOURCES;PACKAGES" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "tutti_image(${target}): ${arg_UNPARSED_ARGUMENTS} is unknown; it takes TESTS, SOURCES, PACKAGES, DOCKERFILE, TLS, DATA and SHARED_RUNTIME")
  endif()
  if(NOT arg_DOCKERFILE)
    set(arg_DOCKERFILE Dockerfile)
  endif()
  get_filename_component(file ${arg_DOCKERFILE} ABSOLUTE)

  set(copies "COPY . .")
  if(arg_SOURCES)
    set(copies "COPY CMakeLists.txt .")
    foreach(path ${arg_SOURCES})
      string(APPEND copies "\nCOPY ${path} ${path}")
    endforeach()
  endif()
  set(packages "")
  if(arg_PACKAGES)
    list(JOIN arg_PACKAGES " " names)
    set(packages "RUN apt-get update -qq && apt-get install -qq -y --no-install-recommends ${names} && rm -rf /var/lib/apt/lists/*\n")
  endif()
  list(JOIN arg_TESTS " " targets)
  set(tests "")
  foreach(test ${arg_TESTS})
    string(APPEND tests "RUN /build/bin/${test}\n")
  endforeach()
  set(parts "")
  set(runtime " -static-libstdc++ -static-libgcc")
  if(arg_SHARED_RUNTIME)
    set(runtime "")
  endif()
  set(data "")
  set(environment "")
  if(arg_TLS)
    string(APPEND parts " tls")
    string(APPEND environment " \\\n    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt")
  endif()
  if(arg_DATA)
    set(data "COPY --from=test --chown=65534:65534 /image-data /data\nVOLUME /data\n")
    # SQLite puts what it sorts beside the databases: nothing else can be written to.
    string(APPEND environment " \\\n    TUTTI_DATA=/data SQLITE_TMPDIR=/data")
  endif()
  target_link_options(${target} PRIVATE -Wl,--gc-sections)
  string(STRIP "${target} ${targets}" targets)
  configure_file(${TUTTI_IMAGE_TEMPLATE} ${file} @ONLY)

  if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/.dockerignore)
    file(WRITE ${CMAKE_CURRENT_SOURCE_DIR}/.dockerignore ".git\nbuild\n**/*Dockerfile\n")
  endif()
endfunction()
