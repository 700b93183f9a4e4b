// SPDX-License-Identifier: MIT
#include "converse/pool.hpp"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <vector>

using namespace xsuperd::converse;

TEST_CASE("there are only so many pipes, and those that are given back or destroyed make room for others") {
  Pool pool;
  std::vector<Pipe> taken;
  while (Pipe pipe = pool.take_pipe()) taken.push_back(std::move(pipe));
  CHECK(taken.size() == Pool::most_pipes);
  CHECK(::fcntl(taken.front().in.get(), F_GETPIPE_SZ) >= static_cast<int>(block_size));
  pool.give_back(std::move(taken.back()));
  taken.pop_back();
  Pipe again = pool.take_pipe();
  CHECK(again);
  CHECK(!pool.take_pipe());
  pool.destroy(std::move(again));
  again = pool.take_pipe();
  CHECK(again);
  pool.destroy(std::move(again));
  for (Pipe& pipe : taken) pool.give_back(std::move(pipe));  // those that are not kept count no more
  taken.clear();
  while (Pipe pipe = pool.take_pipe()) taken.push_back(std::move(pipe));
  CHECK(taken.size() == Pool::most_pipes);
}
