# The CMake package that users find with find_package(safring); the .pc files come with each room.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/safring)
install(EXPORT safring-targets NAMESPACE safring:: DESTINATION ${package_dir})
configure_package_config_file(cmake/safring-config.cmake.in ${PROJECT_BINARY_DIR}/safring-config.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/safring-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/safring-config.cmake
              ${PROJECT_BINARY_DIR}/safring-config-version.cmake DESTINATION ${package_dir})
