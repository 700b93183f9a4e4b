// SPDX-License-Identifier: MIT
// The one copy of Asio's non-template code; every other file is compiled with BOOST_ASIO_SEPARATE_COMPILATION.
#include <boost/asio/impl/src.hpp>
