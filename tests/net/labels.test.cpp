// SPDX-License-Identifier: MIT
#include "xsuperd/net/labels.hpp"

#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "xsuperd/base/fd.hpp"

using namespace xsuperd;
using namespace xsuperd::net;

TEST_CASE("labels are to be had exactly where the kernel has them") {
  CHECK((make_selinux_labels() != nullptr) == labels_in_kernel());
  if (!labels_available()) CHECK_FALSE(labels_in_kernel());
}

TEST_CASE("a connection without a label gives no context but a reason") {
  const auto labels = make_selinux_labels();
  if (!labels) {
    WARN("skipped: this kernel has no SELinux");
    return;
  }
  const base::Fd file(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto context = labels->exec_context(file.get(), "/bin/sh");
  REQUIRE(context.has_error());
  CHECK_FALSE(context.error().sentence.empty());
}
