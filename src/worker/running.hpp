// SPDX-License-Identifier: MIT
// What the daemon knows of a conversation that a worker has. Internal to worker.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>

#include "worker/dialogue.hpp"
#include "xsuperd/base/allowance.hpp"

namespace xsuperd::worker {

class Link;

/// A worker bounds what it tells of a stream. One that does not is not believed, and lines beyond these are dropped. There are
/// more at once than it may tell, because we may have been behind.
inline constexpr unsigned lines_at_once = 200;
inline constexpr std::chrono::milliseconds lines_every{50};

/// What only conversations have that tell something before they end.
struct Telling {
  ProxyHeader header = {};  ///< what one of kind proxy has told
  Conversations::OnLine on_line = {};
  Conversations::OnShaken on_shaken = {};
  Conversations::OnWish on_wish = {};
  base::Allowance lines{lines_at_once, lines_every};
};

/// A conversation that the worker behind `link` has, and what that may tell of it. Loop thread only.
struct Running {
  Conversations::Done done;      ///< empty: the image before this one has begun it, and nobody has claimed it yet
  Link* link = nullptr;
  std::uint64_t connection = 0;  ///< its cookie; 0 when it may not be given back
  bool asks = false;             ///< an identity may be reported
  bool stopping = false;         ///< its worker has been told
  bool tells = false;            ///< it is of kind lines
  bool looks = false;            ///< it is of kind proxy
  bool shakes = false;           ///< it is of kind tls or tls_relay, and the outcome has not been told
  bool shows = false;            ///< it is of kind metrics or dashboard
  bool wishes = false;           ///< it waits for its page
  std::unique_ptr<Telling> telling = {};  ///< of such a kind; else none, since there may be many

  [[nodiscard]] bool tells_something() const { return tells || looks || shakes || shows; }
};

/// One that is about to be given to the worker behind `link`. What is to be called meanwhile is taken out of `start`.
[[nodiscard]] Running running_for(Link& link, Start& start, Conversations::Done done);
/// One that the image before this one has given to the worker behind `link`; nobody has claimed it yet.
[[nodiscard]] Running running_again(Link& link, const InheritedWorker::Conversation& was);
/// The same for the next image.
[[nodiscard]] InheritedWorker::Conversation inherited(std::uint64_t token, const Running& one);

/// Can it have ended so? False: its worker is not to be believed.
[[nodiscard]] bool may_end_so(const Running& one, const Ending& ending);
/// Takes what its worker tells of it, and calls whoever waits for that, who may do anything: `one` may be gone afterwards.
/// False: it may not tell this, and is not to be believed.
[[nodiscard]] bool hear(Running& one, const Told& what);

}  // namespace xsuperd::worker
