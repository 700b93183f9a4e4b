// SPDX-License-Identifier: MIT
#include "service/error_streams.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <chrono>
#include <exception>
#include <utility>

namespace xsuperd::service {

namespace {

using config::ErrorOutput;

/// A worker that fails so soon after another has failed over the same stream may have failed because of it.
constexpr std::chrono::minutes suspicious{1};

struct PipeEnds {
  base::Fd out, in;
};

/// Neither if there is no descriptor to be had, with errno.
PipeEnds make_pipe(const base::DescriptorReserve& reserve) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {};
  return {reserve.below(base::Fd(ends[0])), base::Fd(ends[1])};
}

}  // namespace

void ErrorStreams::direct(Token session, spawn::Job& job) {
  const ErrorOutput wanted = service().error_output();
  if (wanted == ErrorOutput::client) return;
  job.discard_errors = true;
  if (wanted == ErrorOutput::discard || !needs_.journal.writes()) return;
  PipeEnds ends = make_pipe(needs_.census.reserve);
  if (!ends.out)
    return needs_.journal.daemon().error("service {}: what a server writes to stderr is lost: cannot create a pipe: {}",
                                         service().id, base::errno_text(errno));
  streams_.reserve(streams_.size() + starting_.size() + 1);  // once the server runs, it must not lose its reader
  starting_[session] = std::move(ends.out);
  job.errors = std::move(ends.in);
}

void ErrorStreams::started(Token session, pid_t pid) {
  const auto found = starting_.find(session);
  if (found == starting_.end()) return;
  const Token token = ++needs_.census.last_token;
  streams_[token] = Stream{.pid = pid, .pipe = std::move(found->second)};
  starting_.erase(found);
  try {
    read(token);
  } catch (const std::exception&) {  // no memory: what it writes stays in the pipe, and the session goes on
  }
}

void ErrorStreams::read(Token token) {
  base::Fd copy(::fcntl(streams_.at(token).pipe.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy) return throw_away(token, base::errno_text(errno));
  try {
    worker::Parameters parameters;
    parameters.on_line = on_line(token);
    needs_.conversations.start(token, worker::Kind::lines, std::move(copy), std::move(parameters), done(token));
  } catch (const std::exception& error) {
    throw_away(token, error.what());
  }
}

worker::Conversations::OnLine ErrorStreams::on_line(Token token) {
  return [told = needs_.life.guard([this, token](std::string_view line) { said(token, line); })](std::string_view line) {
    told(line);
    return true;
  };
}

worker::Conversations::Done ErrorStreams::done(Token token) {
  return needs_.life.guard([this, token](const worker::Ending& ending) { ended(token, ending); });
}

void ErrorStreams::said(Token token, std::string_view line) const {
  const auto found = streams_.find(token);
  if (found != streams_.end()) needs_.journal.event(log::Stderr{service().id, found->second.pid, line});
}

void ErrorStreams::ended(Token token, const worker::Ending& ending) {
  const auto found = streams_.find(token);
  if (found == streams_.end()) return;
  if (ending.why == worker::Ending::Why::finished) return forget(token);
  const base::Moment now = needs_.clock.now();
  const base::Moment before = std::exchange(found->second.lost, now);
  const bool again = before != base::Moment{} && now - before < suspicious;
  again ? throw_away(token, "no worker reads it") : read(token);
}

void ErrorStreams::throw_away(Token token, std::string_view why) {
  Stream& stream = streams_.at(token);
  needs_.journal.daemon().error("service {}: what server {} writes to stderr is thrown away: {}", service().id, stream.pid, why);
  stream.unread = std::make_unique<UnreadPipe>(needs_.loop, stream.pipe.get(), [this, token] { forget(token); });
}

/// Not from inside: it may be its own code that has called us.
void ErrorStreams::forget(Token token) {
  const auto found = streams_.find(token);
  if (found == streams_.end()) return;
  if (found->second.unread)
    boost::asio::post(needs_.loop, [last = std::shared_ptr<UnreadPipe>(std::move(found->second.unread))] {});
  streams_.erase(found);
}

std::vector<InheritedErrorStream> ErrorStreams::hand_over() const {
  std::vector<InheritedErrorStream> all;
  for (const auto& [token, stream] : streams_)
    all.push_back({.token = token, .pid = stream.pid, .pipe = stream.pipe.get(), .lost = stream.lost, .unread = stream.unread != nullptr});
  return all;
}

void ErrorStreams::restore(const std::vector<InheritedErrorStream>& inherited, const std::function<base::Fd(int)>& take) {
  for (const InheritedErrorStream& one : inherited) {
    base::Fd pipe = take(one.pipe);
    if (!pipe) continue;
    Stream& stream = streams_[one.token] = Stream{.pid = one.pid, .pipe = std::move(pipe), .lost = one.lost};
    if (one.unread)
      stream.unread = std::make_unique<UnreadPipe>(needs_.loop, stream.pipe.get(), [this, token = one.token] { forget(token); });
  }
}

/// One that waited for a worker waits anew.
void ErrorStreams::carry_on() {
  std::vector<Token> tokens;
  for (const auto& [token, stream] : streams_)
    if (!stream.unread) tokens.push_back(token);
  for (const Token token : tokens)
    if (!needs_.conversations.resume(token, done(token), on_line(token))) read(token);
}

}  // namespace xsuperd::service
