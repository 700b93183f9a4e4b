// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "xsuperd/net/ident.hpp"

namespace xsuperd::fakes {

/// Look-ups that nobody makes: it keeps what was asked for, and the test decides what comes of it.
class FakeIdent final : public net::IdentClient {
 public:
  struct Question {
    Lookup lookup = 0;
    base::Endpoint local;
    base::Endpoint peer;
    std::chrono::milliseconds deadline{};
    Done done;
  };
  std::vector<Question> questions;  ///< all so far, oldest first
  std::vector<Lookup> cancelled;

  Lookup ask(const base::Endpoint& local, const base::Endpoint& peer, std::chrono::milliseconds deadline,
             Done done) override {
    questions.push_back({questions.size() + 1, local, peer, deadline, std::move(done)});
    return questions.back().lookup;
  }
  void cancel(Lookup lookup) override {
    const auto found = std::ranges::find(questions, lookup, &Question::lookup);
    if (found == questions.end() || !found->done) return;
    found->done = {};
    cancelled.push_back(lookup);
  }

  /// Questions that wait for their answer.
  [[nodiscard]] std::size_t running() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(questions, [](const Question& one) { return one.done != nullptr; }));
  }
  void answer(std::size_t question, net::IdentAnswer answer) {
    const Done done = std::exchange(questions.at(question).done, {});
    done(std::move(answer));
  }
};

}  // namespace xsuperd::fakes
