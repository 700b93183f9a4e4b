// SPDX-License-Identifier: MIT
// What is used of libavahi-client and the libraries below it, libavahi-common and libdbus. They are loaded by the thread
// that talks with avahi-daemon. Internal to net.
#pragma once
#include <avahi-client/client.h>
#include <avahi-client/publish.h>
#include <avahi-common/alternative.h>
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <dbus/dbus.h>

#include "xsuperd/base/library.hpp"

namespace xsuperd::net {

struct Avahi {
  static constexpr const char* file = XSUPERD_AVAHI_FILE;
  decltype(&::avahi_client_new) new_client;
  decltype(&::avahi_client_free) free_client;
  decltype(&::avahi_client_errno) client_error;
  decltype(&::avahi_client_get_state) state;
  decltype(&::avahi_client_get_host_name) host_name;
  decltype(&::avahi_entry_group_new) new_group;
  decltype(&::avahi_entry_group_free) free_group;
  decltype(&::avahi_entry_group_reset) reset_group;
  decltype(&::avahi_entry_group_commit) commit_group;
  decltype(&::avahi_entry_group_add_service) add_service;
  decltype(&::avahi_alternative_service_name) alternative;
  decltype(&::avahi_strerror) text;
  decltype(&::avahi_free) free;
  decltype(&::dbus_connection_set_change_sigpipe) change_sigpipe;

  void find(base::Library& in) {
    in.find("avahi_client_new", new_client).find("avahi_client_free", free_client);
    in.find("avahi_client_errno", client_error).find("avahi_client_get_state", state);
    in.find("avahi_client_get_host_name", host_name);
    in.find("avahi_entry_group_new", new_group).find("avahi_entry_group_free", free_group);
    in.find("avahi_entry_group_reset", reset_group).find("avahi_entry_group_commit", commit_group);
    in.find("avahi_entry_group_add_service", add_service);
    in.find("avahi_alternative_service_name", alternative).find("avahi_strerror", text).find("avahi_free", free);
    in.find("dbus_connection_set_change_sigpipe", change_sigpipe);
  }
};

}  // namespace xsuperd::net
