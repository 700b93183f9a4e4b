// SPDX-License-Identifier: MIT
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include "xsuperd/spawn/spawner.hpp"

/// As the daemon's main does: the spawner then works as it does there.
int main(int argc, char** argv) {
  (void)xsuperd::spawn::reserve_low_descriptors(2);
  return Catch::Session().run(argc, argv);
}
