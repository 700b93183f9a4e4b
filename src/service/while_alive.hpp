// SPDX-License-Identifier: MIT
// How an Endpoint is called back. Internal to service.
#pragma once
#include <utility>

#include "xsuperd/service/endpoint.hpp"

namespace xsuperd::service {

template <typename Then>
auto Endpoint::while_alive(Then then) {
  return [endpoint = weak_from_this(), owner = owner_.life(), then = std::move(then)](auto&&... arguments) {
    const auto alive = owner.lock();
    const auto self = endpoint.lock();
    if (alive && self) then(*self, std::forward<decltype(arguments)>(arguments)...);
  };
}

}  // namespace xsuperd::service
