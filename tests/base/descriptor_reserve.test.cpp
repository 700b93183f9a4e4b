// SPDX-License-Identifier: MIT
#include "xsuperd/base/descriptor_reserve.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <vector>

using namespace xsuperd;

namespace {

base::Fd another() { return base::Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

/// A process with 128 descriptors, whose sessions have all that they may have.
struct Crowd {
  Crowd() {
    ::getrlimit(RLIMIT_NOFILE, &before);
    const rlimit now{128, before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &now) == 0);
    reserve = base::DescriptorReserve::of_this_process();
    while (reserve.has_room(0)) {
      sessions.push_back(another());
      REQUIRE(sessions.back());
      reserve.session_has(sessions.back().get());
    }
  }
  ~Crowd() { ::setrlimit(RLIMIT_NOFILE, &before); }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  rlimit before{};
  base::DescriptorReserve reserve;
  std::vector<base::Fd> sessions;
};

}  // namespace

TEST_CASE("sessions get all descriptors but the reserve, and get more when some are free again") {
  Crowd crowd;
  CHECK(crowd.sessions.back().get() == 128 - 24 - 1);
  std::vector<base::Fd> kept;
  while (base::Fd one = another()) kept.push_back(std::move(one));
  CHECK(kept.size() == 24);
  CHECK(crowd.reserve.has_room(0));  // none at all: accept(2) is to say so
  kept.clear();
  CHECK_FALSE(crowd.reserve.has_room(0));
  crowd.sessions.erase(crowd.sessions.begin());
  CHECK(crowd.reserve.has_room(0));
}

TEST_CASE("what got a number of the reserve gives it back when there is another") {
  Crowd crowd;
  base::Fd process = another();
  CHECK(process.get() == 128 - 24);
  process = crowd.reserve.below(std::move(process));
  CHECK(process.get() == 128 - 24);
  const int freed = crowd.sessions[3].get();
  crowd.sessions.erase(crowd.sessions.begin() + 3);
  process = crowd.reserve.below(std::move(process));
  CHECK(process.get() == freed);
  CHECK((::fcntl(process.get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("far from the reserve nothing is asked of the kernel") {
  base::DescriptorReserve reserve(1024);
  reserve.session_has(100);
  CHECK(reserve.has_room(-1));
  base::DescriptorReserve none;
  none.session_has(1 << 30);
  CHECK(none.has_room(-1));
}
