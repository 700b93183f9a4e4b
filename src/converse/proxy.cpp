// SPDX-License-Identifier: MIT
// The PROXY protocol: looks at the header with which a proxy says for whom it speaks, and leaves it where it is. So nothing is
// lost with this process, and whoever looks again sees the same.
#include <sys/socket.h>

#include <array>

#include "converse/proxy_header.hpp"
#include "converse/talks.hpp"

namespace xsuperd::converse {

using namespace std::chrono_literals;

namespace {

constexpr auto usual_time = 5s;  // for the whole header, so that a byte a second does not last for ever

class Proxy final : public Talk {
 public:
  explicit Proxy(Opening& opening) : Talk(opening) {
    const auto time = opening.parameters.idle_deadline;
    limit(time > 0ms ? time : std::chrono::milliseconds(usual_time));
  }

  ~Proxy() override { let_go(); }

 private:
  using Result = ProxyHeader::Result;
  void step() override;
  void close() override { let_go(); }
  /// The daemon has the connection as well: to close ours would leave it in the poll set.
  void let_go() {
    if (peer_.fd() >= 0) (void)peer_.release();
  }
  void time_is_up() override { end(Result::late); }
  void end(Result result) {
    report_.header.result = result;
    finish();
  }
};

/// Each time from the first byte on, as nothing is taken: that is bounded, and mostly once.
void Proxy::step() {
  if (!peer_.readable()) return;
  std::array<char, longest_proxy_header> bytes;
  std::size_t count = 0;
  switch (peer_.receive(bytes, count, MSG_PEEK)) {
    case Moved::later: return;
    case Moved::end:
    case Moved::failed: return end(Result::gone);
    case Moved::some: break;
  }
  const ProxyBeginning beginning = parse_proxy_header({bytes.data(), count});
  const bool cut_short = beginning.state == ProxyBeginning::State::incomplete && peer_.no_more_to_come();
  if (beginning.state == ProxyBeginning::State::bad || cut_short) return end(Result::bad);
  if (beginning.state == ProxyBeginning::State::incomplete) return;
  report_.header = beginning.header;
  finish();
}

}  // namespace

std::unique_ptr<Talk> make_proxy(Opening& opening) { return std::make_unique<Proxy>(opening); }

}  // namespace xsuperd::converse
