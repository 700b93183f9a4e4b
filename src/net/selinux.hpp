// SPDX-License-Identifier: MIT
// What is used of libselinux, which is loaded with the first service that has the flag LABELED. Internal to net.
#pragma once
#include <selinux/context.h>
#include <selinux/selinux.h>

#include "xsuperd/base/library.hpp"

namespace xsuperd::net {

struct Selinux {
  static constexpr const char* file = XSUPERD_SELINUX_FILE;
  decltype(&::is_selinux_enabled) is_enabled;
  decltype(&::getpeercon) get_peer;
  decltype(&::getcon) get_own;
  decltype(&::getfilecon) get_file;
  decltype(&::freecon) free_text;
  decltype(&::context_new) new_context;
  decltype(&::context_free) free_context;
  decltype(&::context_str) text;
  decltype(&::context_range_get) range;
  decltype(&::context_range_set) set_range;
  decltype(&::string_to_security_class) class_of;
  decltype(&::security_compute_create) compute_create;

  void find(base::Library& in) {
    in.find("is_selinux_enabled", is_enabled);
    in.find("getpeercon", get_peer).find("getcon", get_own).find("getfilecon", get_file).find("freecon", free_text);
    in.find("context_new", new_context).find("context_free", free_context).find("context_str", text);
    in.find("context_range_get", range).find("context_range_set", set_range);
    in.find("string_to_security_class", class_of).find("security_compute_create", compute_create);
  }
};

}  // namespace xsuperd::net
