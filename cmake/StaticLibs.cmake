# SPDX-License-Identifier: MIT
# As the option XSUPERD_STATIC_LIBS says, how the C++ libraries are linked; XSUPERD_FMT is the target for fmt. All or
# none: each of the shared ones would bring libstdc++ in a second time.
set(XSUPERD_FMT fmt::fmt)
if(XSUPERD_STATIC_LIBS)
  if(XSUPERD_SANITIZE OR XSUPERD_FUZZ)
    message(FATAL_ERROR "XSUPERD_STATIC_LIBS does not go with sanitizers, which replace functions of libstdc++")
  endif()
  set(Boost_USE_STATIC_LIBS ON)
  set(XSUPERD_FMT fmt::fmt-header-only)
  add_link_options(-static-libstdc++ -static-libgcc)
endif()
