// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <functional>
#include <string_view>
#include <unordered_map>

#include "xsuperd/base/fd.hpp"
#include "xsuperd/converse/conversation.hpp"

/// The unprivileged process in which conversations run, and the daemon's side of it (design, "why a worker").
namespace xsuperd::worker {

using converse::Identity;
using converse::Kind;
using converse::PageMade;
using converse::PageWish;
using converse::Parameters;
using converse::longest_proxy_header;
using converse::ProxyHeader;
using converse::Report;
using converse::Traffic;

/// How a conversation came to its end.
struct Ending {
  enum class Why : std::uint8_t {
    finished,  ///< by itself: see the report
    stopped,   ///< because of stop(); the report is empty
    lost,      ///< its worker died, or there was none; the connection is closed, the report empty
    unseen,    ///< with a worker of another version, which ended well and could not tell us; the report is empty
  };
  Why why = Why::finished;
  /// What a peer sent and the worker passed on: `request`, `failed_target` and `identity.text` are to be
  /// escaped before they are logged. `connection` is known to be the one that was given away; an identity is
  /// told by conversations of kind ident only, a header by those of kind proxy.
  Report report;

  [[nodiscard]] bool lost() const { return why == Why::lost; }
};

/// What conversations that go on have carried so far, by token.
using Counts = std::unordered_map<std::uint64_t, Traffic>;

/// Holds conversations somewhere: in worker processes (Client), or nowhere at all in tests. Lives on the loop
/// thread.
class Conversations {
 public:
  using Done = std::function<void(Ending)>;
  using OnLine = std::function<bool(std::string_view)>;  ///< as Parameters::on_line; its answer has no effect
  using OnShaken = std::function<void(const tls::Handshake&)>;  ///< as Parameters::on_shaken
  using OnWish = std::function<void(const PageWish&)>;  ///< as Parameters::on_wish
  using Answered = std::function<void(const Counts&)>;

  virtual ~Conversations() = default;
  /// Whether start() would take one more now; else it would be lost at once, because too many wait already. Whoever is to
  /// be refused with a word for it asks before.
  [[nodiscard]] virtual bool has_room() const = 0;
  /// Begins a conversation over a stream socket, or a pipe, as converse::start() wants it. `token` is the caller's, and
  /// differs from those of all conversations that go on. `done` is called exactly once, on the loop thread and
  /// never from inside a call of ours, unless this object is destroyed before. It may call start() and stop(),
  /// and may destroy this object. The same holds for Parameters::on_line, which is called before `done`.
  virtual void start(std::uint64_t token, Kind kind, base::Fd connection, Parameters parameters,
                     Done done) = 0;
  /// Ends a conversation: its connection is closed soon, and `done` is called then. Nothing happens when
  /// there is none of that token (any more).
  virtual void stop(std::uint64_t token) = 0;
  /// Takes on a conversation that goes on from before an upgrade; `done` and `on_line` as for start(). False, and nothing
  /// is called, when there is none of that token.
  [[nodiscard]] virtual bool resume(std::uint64_t token, Done done, OnLine on_line) = 0;
  [[nodiscard]] bool resume(std::uint64_t token, Done done) { return resume(token, std::move(done), {}); }
  /// The same for one of kind tls whose handshake is not done yet.
  [[nodiscard]] virtual bool resume_handshake(std::uint64_t token, Done done, OnShaken on_shaken) = 0;
  /// The same for one of kind metrics or dashboard. Here and in show(): whoever holds none need not know them.
  [[nodiscard]] virtual bool resume_pages([[maybe_unused]] std::uint64_t token, [[maybe_unused]] Done done, [[maybe_unused]] OnWish on_wish) {
    return false;
  }
  /// For one of kind tls whose handshake is done: see converse::Conversation::join(). Nothing happens when there is none of
  /// that token (any more), and the descriptor is closed.
  virtual void join(std::uint64_t token, base::Fd inner) = 0;
  /// The same: see converse::Conversation::redirect(). `done` takes the place of that of start(), and then as there; what the
  /// Parameters hold beside what redirect() takes has no effect. False, and nothing has happened or is called: there is none of
  /// that token (any more), or its worker does not know how. Whoever holds none need not know either.
  [[nodiscard]] virtual bool redirect([[maybe_unused]] std::uint64_t token, [[maybe_unused]] Parameters parameters, [[maybe_unused]] Done done) {
    return false;
  }
  /// What one of kind metrics or dashboard has wished for: see converse::Conversation::show(). Nothing happens when there is
  /// none of that token (any more), or it has no wish.
  virtual void show([[maybe_unused]] std::uint64_t token, [[maybe_unused]] PageMade page) {}
  /// The number of the connection of a conversation that nobody holds yet, because it waits; else -1. It stays ours.
  [[nodiscard]] virtual int waiting_connection(std::uint64_t token) const = 0;
  /// Asks how much the conversations have carried since they began. `told` is called exactly once, soon, on the loop
  /// thread and never from inside a call of ours, unless this object is destroyed before; it may do what `done` may.
  /// A conversation that is not in its map waits, has ended, or is where nobody tells: nothing is known of it.
  virtual void progress(Answered answered) = 0;
};

}  // namespace xsuperd::worker
