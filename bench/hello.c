/* SPDX-License-Identifier: MIT */
/* The smallest useful server: writes one line to its client and ends. Linked statically, so that what the benchmark
   measures is the super-server and not the dynamic linker. */
#include <unistd.h>

int main(void) {
  static const char line[] = "hello\n";
  return write(1, line, sizeof line - 1) == sizeof line - 1 ? 0 : 1;
}
