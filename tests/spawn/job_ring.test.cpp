// SPDX-License-Identifier: MIT
#include "spawn/job_ring.hpp"

#include <catch2/catch.hpp>
#include <atomic>
#include <thread>
#include <vector>

#include "spawn/harness.hpp"

using namespace xsuperd::spawn;
using namespace xsuperd::spawn::testing;

namespace {

Job numbered(std::uint64_t token) {
  Job job;
  job.token = token;
  return job;
}

bool push(JobRing& ring, std::uint64_t token) {
  Job job = numbered(token);
  return ring.push(job);
}

}  // namespace

TEST_CASE("jobs leave the ring in the order they came, round and round") {
  JobRing ring(3);
  std::uint64_t next_in = 0, next_out = 0;
  for (int round = 0; round < 5; ++round) {
    CHECK(push(ring, next_in++));
    CHECK(push(ring, next_in++));
    CHECK(ring.take()->token == next_out++);
    CHECK(ring.take()->token == next_out++);
  }
}

TEST_CASE("a full ring leaves the job with its owner") {
  JobRing ring(1);
  CHECK(push(ring, 1));
  Job job = numbered(2);
  job.socket = make_pair().server;
  CHECK_FALSE(ring.push(job));
  CHECK(job.socket);
}

TEST_CASE("a closed ring gives nothing, and closes the sockets left in it at its end") {
  Pair pair = make_pair();
  Job job = numbered(1);
  job.socket = std::move(pair.server);
  {
    JobRing ring(4);
    REQUIRE(ring.push(job));
    ring.close();
    CHECK_FALSE(ring.take().has_value());
  }
  CHECK(read_all(pair.client).empty());
}

TEST_CASE("all who wait for a job hear of the end, and are seen to wait before") {
  JobRing ring(4);
  std::atomic<int> ended = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      while (ring.take()) {
      }
      ++ended;
    });
  for (std::uint64_t token = 1; token <= 4; ++token)
    while (!push(ring, token)) std::this_thread::yield();
  while (!ring.all_wait(3)) std::this_thread::yield();
  CHECK(ended == 0);
  ring.close();
  threads.clear();
  CHECK(ended == 3);
}
