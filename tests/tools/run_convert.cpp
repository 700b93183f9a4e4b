// SPDX-License-Identifier: MIT
#include "xsuperd/convert/run.hpp"

int main(int argc, char** argv) { return xsuperd::convert::run({argv + 1, argv + argc}, stdout, stderr); }
