// SPDX-License-Identifier: MIT
#include "converse/target_search.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace xsuperd::converse {

namespace {

/// A non-blocking socket whose connection to the target is made or under way. Empty with errno.
base::Fd connecting_to(const base::Endpoint& target) {
  const bool ipv6 = target.address.family() == base::Address::Family::ipv6;
  base::Fd fd(::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  if (!fd) return fd;
  sockaddr_storage to;
  const socklen_t length = base::fill_sockaddr(target, ipv6, to);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), length) == 0 || errno == EINPROGRESS)
    return fd;
  const int error = errno;
  fd.reset();
  errno = error;
  return fd;
}

}  // namespace

TargetSearch::State TargetSearch::next() {
  for (; at_ < targets_.size(); ++at_) {
    base::Fd fd = connecting_to(targets_[at_]);
    const int error = fd ? target_.open(std::move(fd)) : errno;
    if (error == 0) return State::connecting;
    note(error);
  }
  if (targets_.empty()) report_.connect_error = EDESTADDRREQ;
  return State::failed;
}

void TargetSearch::note(int error) {
  report_.connect_error = error;
  report_.failed_target = targets_[at_].address.text();
  target_.close();
}

TargetSearch::State TargetSearch::over(int error) {
  note(error);
  ++at_;
  return next();
}

TargetSearch::State TargetSearch::too_late() { return over(ETIMEDOUT); }

TargetSearch::State TargetSearch::look(bool& anew) {
  if (!target_.writable()) return State::connecting;
  const int error = target_.broken() ? take_error(target_.fd()) : 0;
  anew = error != 0;
  if (anew) return over(error);
  report_.connect_error = 0;
  report_.failed_target.clear();
  return State::connected;
}

Moved greet(Socket& target, std::vector<std::string>& texts) {
  for (std::string& rest : texts)
    while (!rest.empty()) {
      std::size_t count = 0;
      const Moved moved = target.writable() ? target.send(rest, count) : Moved::later;
      if (moved != Moved::some) return moved;
      rest.erase(0, count);
    }
  return Moved::some;
}

}  // namespace xsuperd::converse
