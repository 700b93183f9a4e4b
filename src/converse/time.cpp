// SPDX-License-Identifier: MIT
// RFC 868: the seconds since 1900, for machines (fact B9.22).
#include <ctime>

#include "converse/talks.hpp"

namespace xsuperd::converse {

std::unique_ptr<Talk> make_time(Opening& opening) {
  const auto seconds = static_cast<std::uint32_t>(std::time(nullptr) + 2'208'988'800);
  std::string answer;
  for (int shift = 24; shift >= 0; shift -= 8) answer += static_cast<char>(seconds >> shift & 0xff);
  return make_answer(opening, std::move(answer));
}

}  // namespace xsuperd::converse
