# saf_room(NAME SOURCES … FLOORS … PRIVATE … REQUIRES … DESCRIPTION …)
#
# Declares one room of the house as the shared library libsafring-NAME:
#   include/    its public headers, installed
#   internal/   headers for the floors above it, never installed
#   SOURCES     its .c files
#   FLOORS      rooms below that its own public headers show
#   PRIVATE     libraries that only its sources use
#   REQUIRES    pkg-config modules that its public headers need
# Only names that begin with saf_ leave the library.
function(saf_room name)
  cmake_parse_arguments(ROOM "" "DESCRIPTION;HEADERS" "SOURCES;FLOORS;PRIVATE;PUBLIC;REQUIRES" ${ARGN})
  set(target safring-${name})
  add_library(${target} SHARED ${ROOM_SOURCES})
  add_library(safring::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} EXPORT_NAME ${name}
    LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/exports.map)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
    $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/internal>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/src)
  target_link_options(${target} PRIVATE
    -Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/exports.map -Wl,--no-undefined-version)
  if(NOT SAFRING_SANITIZE) # a sanitizer's own symbols come with the program
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:safring_dialect> ${ROOM_PRIVATE})
  target_link_libraries(${target} PUBLIC ${ROOM_PUBLIC})
  foreach(floor IN LISTS ROOM_FLOORS)
    target_link_libraries(${target} PUBLIC safring::${floor})
    list(APPEND requires safring-${floor})
  endforeach()

  install(TARGETS ${target} EXPORT safring-targets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(DIRECTORY include/safring DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

  list(APPEND requires ${ROOM_REQUIRES})
  list(JOIN requires " " PC_REQUIRES)
  set(PC_NAME ${target})
  set(PC_DESCRIPTION "${ROOM_DESCRIPTION}")
  configure_file(${PROJECT_SOURCE_DIR}/cmake/room.pc.in ${PROJECT_BINARY_DIR}/pkgconfig/${target}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/pkgconfig/${target}.pc
          DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()
