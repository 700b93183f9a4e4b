// SPDX-License-Identifier: MIT
#include "xsuperd/loop/off_loop.hpp"

#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <catch2/catch.hpp>
#include <cerrno>
#include <string>
#include <system_error>
#include <thread>

using namespace xsuperd;

namespace {
template <typename Work>
auto outcome(Work work) {
  boost::asio::io_context loop;
  boost::asio::thread_pool pool(1);
  const auto guard = boost::asio::make_work_guard(loop);
  std::optional<typename loop::OffLoopTask<Work, int>::Result> result;
  const auto here = std::this_thread::get_id();
  bool on_loop = false;
  loop::off_loop(pool, loop, std::move(work), [&](auto got) {
    on_loop = std::this_thread::get_id() == here;
    result.emplace(std::move(got));
    loop.stop();
  });
  loop.run();
  CHECK(on_loop);
  return *std::move(result);
}
}  // namespace

TEST_CASE("what a thread has worked out comes back to the loop") {
  const auto other = outcome([] { return std::this_thread::get_id(); });
  REQUIRE(other.has_value());
  CHECK(*other != std::this_thread::get_id());
  CHECK(outcome([] {}).has_value());
  const auto flat = outcome([]() -> base::Result<std::string> { return base::Error{EIO, "broken"}; });
  REQUIRE_FALSE(flat.has_value());
  CHECK(flat.error().sentence == "broken");
}

TEST_CASE("an exception of a thread is an error for the loop, whichever it is") {
  const auto memory = outcome([]() -> std::string { throw std::bad_alloc(); });
  REQUIRE_FALSE(memory.has_value());
  CHECK(memory.error().code == ENOMEM);
  CHECK(memory.error().sentence == "out of memory");
  const auto descriptors = outcome([] { throw std::system_error(EMFILE, std::generic_category(), "eventfd"); });
  REQUIRE_FALSE(descriptors.has_value());
  CHECK(descriptors.error().code == EMFILE);
  const auto odd = outcome([]() -> int { throw 42; });
  REQUIRE_FALSE(odd.has_value());
  CHECK(odd.error().sentence == "an internal error");
}

TEST_CASE("work for a strand comes back in order") {
  boost::asio::io_context loop;
  boost::asio::thread_pool pool(2);
  boost::asio::strand<boost::asio::thread_pool::executor_type> strand(pool.get_executor());
  const auto guard = boost::asio::make_work_guard(loop);
  std::string order;
  for (const char name : {'a', 'b', 'c'})
    loop::off_loop(strand, loop, [name] { return name; }, [&](base::Result<char> got) {
      order += *got;
      if (order.size() == 3) loop.stop();
    });
  loop.run();
  CHECK(order == "abc");
}
