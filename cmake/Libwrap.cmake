# SPDX-License-Identifier: MIT
# use_libwrap(TARGET): as the option XSUPERD_LIBWRAP says, lets TARGET load libwrap when it needs it, and defines
# XSUPERD_HAVE_LIBWRAP and the file's name XSUPERD_LIBWRAP_FILE while it is compiled.
function(use_libwrap target)
  if(NOT XSUPERD_LIBWRAP MATCHES "^AUTO$" AND NOT XSUPERD_LIBWRAP)
    return()
  endif()
  find_path(XSUPERD_LIBWRAP_INCLUDE_DIR tcpd.h)
  find_library(XSUPERD_LIBWRAP_LIBRARY wrap)
  mark_as_advanced(XSUPERD_LIBWRAP_INCLUDE_DIR XSUPERD_LIBWRAP_LIBRARY)
  if(XSUPERD_LIBWRAP_INCLUDE_DIR AND XSUPERD_LIBWRAP_LIBRARY)
    target_include_directories(${target} SYSTEM PRIVATE ${XSUPERD_LIBWRAP_INCLUDE_DIR})
    soname_of(${XSUPERD_LIBWRAP_LIBRARY} soname)
    target_compile_definitions(${target} PRIVATE XSUPERD_HAVE_LIBWRAP XSUPERD_LIBWRAP_FILE="${soname}")
    # Where the library does not define these itself, it takes them from the program.
    target_link_options(${target} INTERFACE LINKER:--export-dynamic-symbol=allow_severity,--export-dynamic-symbol=deny_severity)
  elseif(XSUPERD_LIBWRAP STREQUAL AUTO)
    message(STATUS "libwrap (libwrap0-dev) not found: hosts.allow and hosts.deny will have no effect")
  else()
    message(FATAL_ERROR "XSUPERD_LIBWRAP is ${XSUPERD_LIBWRAP}, but tcpd.h and libwrap (libwrap0-dev) are not found")
  endif()
endfunction()
