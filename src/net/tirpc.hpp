// SPDX-License-Identifier: MIT
// What is used of libtirpc, which is loaded with the first service of type RPC. Internal to net.
#pragma once
#include <rpc/rpc.h>
#include <rpc/rpcb_prot.h>

#include "xsuperd/base/library.hpp"

namespace xsuperd::net {

struct Tirpc {
  static constexpr const char* file = XSUPERD_TIRPC_FILE;
  decltype(&::clnt_vc_create) create;
  decltype(&::clnt_sperrno) text;
  decltype(&::__rpc_createerr) create_error;
  decltype(&::xdr_rpcb) mapping;
  decltype(&::xdr_bool) boolean;

  void find(base::Library& in) {
    in.find("clnt_vc_create", create).find("clnt_sperrno", text).find("__rpc_createerr", create_error);
    in.find("xdr_rpcb", mapping).find("xdr_bool", boolean);
  }
};

}  // namespace xsuperd::net
