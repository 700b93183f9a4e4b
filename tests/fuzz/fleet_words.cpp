// SPDX-License-Identifier: MIT
// What passes between the daemon and the process for ban_share and ban_crowdsec. The first byte says in which direction.
#include "fuzz/target.hpp"
#include "xsuperd/fleet/words.hpp"

using namespace xsuperd;
using namespace xsuperd::fleet;
using fuzz::must;

namespace {

template <typename Message>
void again(const std::optional<Message>& message, std::optional<Message> (*decode)(std::string_view)) {
  if (!message) return;
  const std::string bytes = encode(*message);
  must(bytes.size() <= longest_message);
  must(decode(bytes) == message);
}

}  // namespace

FUZZ_TARGET(fleet_words) {
  if (input.empty()) return;
  const std::string_view rest = input.substr(1);
  (input.front() & 1) == 0 ? again(decode_order(rest), decode_order) : again(decode_word(rest), decode_word);
}
