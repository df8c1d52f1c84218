# The C++ libraries that are linked as archives: a program that no shared C++ library is loaded with can also have the C++ runtime
# in itself, which is what keeps images small. Installed with tutti, whose archives ask for these.
foreach(name boost_context re2)
  if(NOT TARGET tutti::archive_${name})
    find_library(TUTTI_ARCHIVE_${name} NAMES lib${name}.a)
    mark_as_advanced(TUTTI_ARCHIVE_${name})
    if(NOT TUTTI_ARCHIVE_${name})
      message(FATAL_ERROR "tutti links lib${name}.a, which is not there; install its development package (docs/dependencies.md)")
    endif()
    add_library(tutti::archive_${name} STATIC IMPORTED)
    set_target_properties(tutti::archive_${name} PROPERTIES IMPORTED_LOCATION ${TUTTI_ARCHIVE_${name}})
  endif()
endforeach()
