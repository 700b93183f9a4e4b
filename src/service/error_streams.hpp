// SPDX-License-Identifier: MIT
// What the servers of one service write to descriptor 2. Internal to service.
#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "service/journal.hpp"
#include "service/life.hpp"
#include "service/unread_pipe.hpp"
#include "xsuperd/service/hand_over.hpp"
#include "xsuperd/service/surroundings.hpp"

namespace xsuperd::service {

/// Sees to descriptor 2 of servers as `stderr` says. With `log` it is a pipe, which a worker reads in a conversation of its
/// own: it tells lines, and the journal gets them. The conversation lasts as long as somebody has the pipe open, which may be
/// longer than the session. We keep the end for reading, too: if the worker fails, the next one reads on, and nobody who
/// writes gets SIGPIPE. If that one fails as well, or there is none, what is written is thrown away. Loop thread only.
class ErrorStreams {
 public:
  struct Needs {
    const Setup& setup;
    const Journal& journal;
    const Life& life;
    worker::Conversations& conversations;
    Census& census;
    const Clock& clock;
    boost::asio::io_context& loop;
  };
  explicit ErrorStreams(const Needs& needs) : needs_(needs) {}

  /// Says in the job of the session's server where its descriptor 2 leads. Where there is no pipe to be had, the server is
  /// started all the same, and what it writes is thrown away; the daemon's log says so.
  void direct(Token session, spawn::Job& job);
  /// The server runs. Nothing happens if it has no pipe.
  void started(Token session, pid_t pid);
  /// It does not.
  void failed(Token session) { starting_.erase(session); }

  /// For an upgrade.
  [[nodiscard]] std::vector<InheritedErrorStream> hand_over() const;
  void restore(const std::vector<InheritedErrorStream>& inherited, const std::function<base::Fd(int)>& take);
  /// After restore().
  void carry_on();
  /// Those that are still open.
  [[nodiscard]] std::size_t size() const { return streams_.size(); }

 private:
  struct Stream {
    pid_t pid = 0;
    base::Fd pipe;
    base::Moment lost{};  ///< when its worker failed; none: the epoch
    std::unique_ptr<UnreadPipe> unread = {};
  };
  [[nodiscard]] const config::Service& service() const { return needs_.setup.service(); }
  void read(Token token);
  void throw_away(Token token, std::string_view why);
  [[nodiscard]] worker::Conversations::OnLine on_line(Token token);
  [[nodiscard]] worker::Conversations::Done done(Token token);
  void said(Token token, std::string_view line) const;
  void ended(Token token, const worker::Ending& ending);
  void forget(Token token);

  const Needs needs_;
  boost::unordered_flat_map<Token, base::Fd> starting_;  ///< by the tokens of sessions: ends for reading
  boost::unordered_flat_map<Token, Stream> streams_;     ///< by those of conversations
};

}  // namespace xsuperd::service
