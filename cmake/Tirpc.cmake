# SPDX-License-Identifier: MIT
# use_tirpc(TARGET): as the option XSUPERD_RPC says, lets TARGET load libtirpc when it needs it, and defines
# XSUPERD_HAVE_TIRPC and the file's name XSUPERD_TIRPC_FILE while it is compiled.
function(use_tirpc target)
  if(NOT XSUPERD_RPC MATCHES "^AUTO$" AND NOT XSUPERD_RPC)
    return()
  endif()
  find_path(XSUPERD_TIRPC_INCLUDE_DIR rpc/rpcb_clnt.h PATH_SUFFIXES tirpc)
  find_library(XSUPERD_TIRPC_LIBRARY tirpc)
  mark_as_advanced(XSUPERD_TIRPC_INCLUDE_DIR XSUPERD_TIRPC_LIBRARY)
  if(XSUPERD_TIRPC_INCLUDE_DIR AND XSUPERD_TIRPC_LIBRARY)
    target_include_directories(${target} SYSTEM PRIVATE ${XSUPERD_TIRPC_INCLUDE_DIR})
    soname_of(${XSUPERD_TIRPC_LIBRARY} soname)
    if(XSUPERD_SANITIZE)
      # Sanitizers look for the functions of XDR, of which they have their own, when the program starts.
      target_link_options(${target} INTERFACE -Wl,--no-as-needed ${XSUPERD_TIRPC_LIBRARY} -Wl,--as-needed)
    endif()
    target_compile_definitions(${target} PRIVATE XSUPERD_HAVE_TIRPC XSUPERD_TIRPC_FILE="${soname}")
  elseif(XSUPERD_RPC STREQUAL AUTO)
    message(STATUS "libtirpc (libtirpc-dev) not found: services of type RPC cannot be registered")
  else()
    message(FATAL_ERROR "XSUPERD_RPC is ${XSUPERD_RPC}, but rpc/rpcb_clnt.h and libtirpc (libtirpc-dev) are not found")
  endif()
endfunction()
