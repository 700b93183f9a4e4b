// SPDX-License-Identifier: MIT
#include "xsuperd/base/poll_set.hpp"

#include <system_error>

namespace xsuperd::base {

PollSet::PollSet() : set_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!set_) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

}  // namespace xsuperd::base
