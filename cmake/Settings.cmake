# SPDX-License-Identifier: MIT
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(XSUPERD_CCACHE ccache)
if(XSUPERD_CCACHE)
  # Without these words it keeps nothing that was compiled with precompiled headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${XSUPERD_CCACHE})
endif()

set(XSUPERD_SANITIZE "" CACHE STRING "sanitizers, as for -fsanitize=: address,undefined or thread")
set(XSUPERD_WARNINGS -Wall -Wextra)
if(XSUPERD_WERROR)
  list(APPEND XSUPERD_WARNINGS -Werror)
endif()
if(XSUPERD_SANITIZE)
  add_compile_options(-fsanitize=${XSUPERD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${XSUPERD_SANITIZE})
  if(XSUPERD_SANITIZE MATCHES address)
    add_compile_options(-Wno-maybe-uninitialized)  # which is mistaken about what is instrumented
  endif()
  if(XSUPERD_SANITIZE MATCHES undefined)
    # This check opens a pipe to find out what memory may be read: without a free descriptor it finds fault with all.
    add_compile_options(-fno-sanitize=vptr)
  endif()
  if(XSUPERD_SANITIZE MATCHES thread)
    add_compile_options(-Wno-tsan)  # Asio uses fences, which TSan does not model
  endif()
endif()
if(XSUPERD_FUZZ)
  # Numbers of peers that do not fit where they are cast to are found only when asked for by name.
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined,float-cast-overflow -fno-omit-frame-pointer
                      -fno-sanitize-recover=all -gline-tables-only)
  add_link_options(-fsanitize=address,undefined)
endif()
# All files must agree on these: asio_impl.cpp holds the only copy of Asio's functions.
add_compile_definitions(BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED _GNU_SOURCE)

# Less to map and to relocate in each process: functions that nobody calls go, and libraries that nobody uses.
add_compile_options(-ffunction-sections -fdata-sections)
include(CheckLinkerFlag)
foreach(flag --gc-sections --as-needed)
  string(MAKE_C_IDENTIFIER "XSUPERD_LINKER${flag}" known)
  check_linker_flag(CXX LINKER:${flag} ${known})
  if(${known})
    add_link_options(LINKER:${flag})
  endif()
endforeach()
# A linker may take this one and make programs that this C library does not start, as mold 1 does with glibc 2.36.
if(NOT CMAKE_CROSSCOMPILING)
  include(CheckCXXSourceRuns)
  set(CMAKE_REQUIRED_LINK_OPTIONS LINKER:-z,pack-relative-relocs)
  check_cxx_source_runs("const char* volatile words[] = {\"a\", \"b\"}; int main() { return words[1][0] - 'b'; }"
                        XSUPERD_PACKED_RELOCATIONS_RUN)
  unset(CMAKE_REQUIRED_LINK_OPTIONS)
  if(XSUPERD_PACKED_RELOCATIONS_RUN)
    add_link_options(LINKER:-z,pack-relative-relocs)
  endif()
endif()
