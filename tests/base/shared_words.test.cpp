// SPDX-License-Identifier: MIT
#include "xsuperd/base/shared_words.hpp"

#include <catch2/catch.hpp>

using xsuperd::base::SharedWords;

namespace {
const SharedWords::Words& words(const SharedWords& shared) { return shared; }
}  // namespace

TEST_CASE("copies of shared words are the same words in memory") {
  const SharedWords one{"A=1", "B=2"};
  const SharedWords other = one;
  CHECK(&words(one) == &words(other));
  CHECK(words(one) == SharedWords::Words{"A=1", "B=2"});
}

TEST_CASE("a word added to a copy is not in the others") {
  const SharedWords before{"A=1"};
  SharedWords after = before;
  after.push_back("B=2");
  CHECK(words(before) == SharedWords::Words{"A=1"});
  CHECK(words(after) == SharedWords::Words{"A=1", "B=2"});
  CHECK_FALSE(before == after);
}

TEST_CASE("shared words are equal by content and empty from the beginning") {
  CHECK(SharedWords{"A=1"} == SharedWords(SharedWords::Words{"A=1"}));
  CHECK(SharedWords().empty());
  CHECK(SharedWords() == SharedWords(SharedWords::Words{}));
}
