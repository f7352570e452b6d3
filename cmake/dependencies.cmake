# Everything that is not ours comes from the distribution's packages (Debian 12's versions are the floor).
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto>=3.0.3) # before that, a MAC context that is used again computes wrong values
pkg_check_modules(LIBP11 REQUIRED IMPORTED_TARGET libp11>=0.4.12)
pkg_check_modules(P11KIT REQUIRED IMPORTED_TARGET p11-kit-1)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3>=3.40)
# Rows are authenticated as they change, which takes a hook that not every build of SQLite has.
include(CheckSymbolExists)
set(CMAKE_REQUIRED_DEFINITIONS -DSQLITE_ENABLE_PREUPDATE_HOOK)
set(CMAKE_REQUIRED_LIBRARIES PkgConfig::SQLITE)
check_symbol_exists(sqlite3_preupdate_hook sqlite3.h SQLITE_HAS_PREUPDATE_HOOK)
unset(CMAKE_REQUIRED_DEFINITIONS)
unset(CMAKE_REQUIRED_LIBRARIES)
if(NOT SQLITE_HAS_PREUPDATE_HOOK)
  message(FATAL_ERROR "this SQLite was built without SQLITE_ENABLE_PREUPDATE_HOOK")
endif()
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.14)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1>=0.2)
