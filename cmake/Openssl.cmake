# SPDX-License-Identifier: MIT
# use_openssl(TARGET): as the option XSUPERD_TLS says, lets TARGET load OpenSSL 3 when it needs it, and defines
# XSUPERD_HAVE_OPENSSL and the file's name XSUPERD_OPENSSL_FILE while it is compiled.
function(use_openssl target)
  if(NOT XSUPERD_TLS MATCHES "^AUTO$" AND NOT XSUPERD_TLS)
    return()
  endif()
  find_package(OpenSSL 3.0 QUIET)
  if(OPENSSL_FOUND)
    target_include_directories(${target} SYSTEM PRIVATE ${OPENSSL_INCLUDE_DIR})
    soname_of(${OPENSSL_SSL_LIBRARY} soname)
    target_compile_definitions(${target} PRIVATE XSUPERD_HAVE_OPENSSL XSUPERD_OPENSSL_FILE="${soname}" OPENSSL_NO_DEPRECATED)
    set(XSUPERD_OPENSSL_FOUND TRUE PARENT_SCOPE)
  elseif(XSUPERD_TLS STREQUAL AUTO)
    message(STATUS "OpenSSL 3 (libssl-dev) not found: services with tls = yes will be refused")
  else()
    message(FATAL_ERROR "XSUPERD_TLS is ${XSUPERD_TLS}, but OpenSSL 3 (libssl-dev) is not found")
  endif()
endfunction()
