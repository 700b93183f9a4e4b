// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "xsuperd/worker/conversations.hpp"

namespace xsuperd::fakes {

/// Conversations that nobody holds: it keeps what was asked for, and the test decides how each ends.
class FakeWorker final : public worker::Conversations {
 public:
  struct Request {
    std::uint64_t token = 0;
    worker::Kind kind = worker::Kind::echo;
    base::Fd connection;
    worker::Parameters parameters;
    Done done;
  };
  std::vector<Request> requests;  ///< all so far, oldest first
  std::vector<std::uint64_t>
      stopped;  ///< the tokens that stop() was called with; their ends are up to the test

  bool room = true;  ///< what has_room() says
  bool has_room() const override { return room; }
  void start(std::uint64_t token, worker::Kind kind, base::Fd connection, worker::Parameters parameters,
             Done done) override {
    requests.push_back({token, kind, std::move(connection), std::move(parameters), std::move(done)});
  }
  void stop(std::uint64_t token) override { stopped.push_back(token); }
  std::vector<std::uint64_t> handed_over;  ///< the tokens that resume() finds; each becomes one of the requests
  using Conversations::resume;
  bool resume(std::uint64_t token, Done done, OnLine on_line) override {
    if (std::erase(handed_over, token) == 0) return false;
    requests.push_back({token, worker::Kind::echo, {}, {}, std::move(done)});
    requests.back().parameters.on_line = std::move(on_line);
    return true;
  }
  bool resume_handshake(std::uint64_t token, Done done, OnShaken on_shaken) override {
    if (!resume(token, std::move(done))) return false;
    requests.back().parameters.on_shaken = std::move(on_shaken);
    return true;
  }
  bool resume_pages(std::uint64_t token, Done done, OnWish on_wish) override {
    if (!resume(token, std::move(done))) return false;
    requests.back().parameters.on_wish = std::move(on_wish);
    return true;
  }
  std::vector<std::pair<std::uint64_t, worker::PageMade>> shown;  ///< what show() was called with
  void show(std::uint64_t token, worker::PageMade page) override { shown.emplace_back(token, std::move(page)); }
  std::vector<std::pair<std::uint64_t, base::Fd>> joined;  ///< what join() was called with
  void join(std::uint64_t token, base::Fd inner) override { joined.emplace_back(token, std::move(inner)); }
  bool redirects = true;  ///< what redirect() says
  std::vector<std::pair<std::uint64_t, worker::Parameters>> redirected;  ///< what it was called with, and said yes to
  bool redirect(std::uint64_t token, worker::Parameters parameters, Done done) override {
    if (!redirects) return false;
    redirected.emplace_back(token, std::move(parameters));
    for (Request& one : requests)
      if (one.token == token) one.done = std::move(done);
    return true;
  }
  std::map<std::uint64_t, int> waiting;  ///< what waiting_connection() says
  int waiting_connection(std::uint64_t token) const override {
    const auto found = waiting.find(token);
    return found == waiting.end() ? -1 : found->second;
  }

  worker::Counts counts;            ///< what tell() tells
  std::vector<Answered> questions;      ///< of progress(), not answered yet
  void progress(Answered told) override { questions.push_back(std::move(told)); }
  /// Answers all questions so far.
  void tell() {
    for (const Answered& told : std::exchange(questions, {})) told(counts);
  }

  /// Ends a conversation: its connection is closed, then its `done` is called.
  void end(std::size_t request, worker::Ending ending) {
    requests.at(request).connection.reset();
    const Done done = std::move(requests.at(request).done);
    done(std::move(ending));
  }
  void finish(std::size_t request, worker::Report report = {}) {
    end(request, {worker::Ending::Why::finished, std::move(report)});
  }
  void lose(std::size_t request) { end(request, {worker::Ending::Why::lost, {}}); }
};

}  // namespace xsuperd::fakes
