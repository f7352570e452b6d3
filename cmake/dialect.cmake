# The C dialect of the whole house: the C23 subset that gcc 12 and clang 14 share, GNU's cleanup
# attribute and statement expressions (base/own.h), and warnings as errors.
set(CMAKE_C_STANDARD 23)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET default)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
include(GNUInstallDirs)
file(RELATIVE_PATH SAFRING_LIB_FROM_BIN
     ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
set(CMAKE_INSTALL_RPATH "$ORIGIN" "$ORIGIN/${SAFRING_LIB_FROM_BIN}")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

add_library(safring_dialect INTERFACE)
target_compile_options(safring_dialect INTERFACE
  -Wall -Wextra -Werror -Wpedantic -Wvla -Wformat=2 -Wundef
  -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings
  -Wno-missing-field-initializers -Wno-gnu-statement-expression -Wno-unknown-warning-option
  $<$<C_COMPILER_ID:GNU>:-Wshadow=local>
  -fstack-protector-strong -fno-strict-aliasing)
target_compile_definitions(safring_dialect INTERFACE
  _GNU_SOURCE OPENSSL_API_COMPAT=30000 OPENSSL_NO_DEPRECATED)
target_link_options(safring_dialect INTERFACE -Wl,-z,relro,-z,now)

if(SAFRING_SANITIZE)
  add_compile_options(-fsanitize=${SAFRING_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SAFRING_SANITIZE})
else()
  target_compile_definitions(safring_dialect INTERFACE $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
endif()
if(SAFRING_FUZZERS)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
