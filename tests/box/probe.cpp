// SPDX-License-Identifier: MIT
#include "box/probe.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace xsuperd::box::test {

namespace {

constexpr char variable[] = "XSUPERD_PROBE";

long call(const unsigned long (&words)[6]) {
#ifdef __x86_64__
  if ((words[0] & by_int_0x80) != 0) {
    long answer = static_cast<long>(words[0] & ~by_int_0x80);
    asm volatile("int $0x80" : "+a"(answer) : : "memory");
    answer = static_cast<int>(answer);
    if (answer < 0) errno = static_cast<int>(-answer);
    return answer < 0 ? -1 : answer;
  }
#endif
  return ::syscall(static_cast<long>(words[0]), words[1], words[2], words[3], words[4], words[5]);
}

/// Before main: makes the call and ends.
const bool probed = [] {
  const char* text = std::getenv(variable);
  if (!text) return false;
  unsigned long words[6]{};
  char* next = nullptr;
  for (unsigned long& word : words) word = std::strtoul(text, &next, 0), text = next;
  const char* answer = call(words) == -1 ? ::strerrorname_np(errno) : "ok";
  if (::write(1, answer, std::strlen(answer)) < 0) std::abort();
  std::_Exit(0);
}();

}  // namespace

std::string outcome(std::shared_ptr<const std::vector<sock_filter>> filter, const Call& call) {
  std::string text = std::string(variable) + "=";
  for (const unsigned long word : call.words) text += std::to_string(word) + " ";
  spawn::Recipe recipe = spawn::testing::program("/proc/self/exe");
  recipe.environment = std::vector<std::string>{text};
  recipe.no_new_privileges = true;
  recipe.filter = std::move(filter);
  spawn::testing::Bench bench;
  auto pair = spawn::testing::make_pair();
  auto started = bench.start(std::move(recipe), std::move(pair.server));
  if (const auto* failed = std::get_if<spawn::StartFailed>(&started)) return "not started: " + std::string(spawn::step_text(failed->step));
  std::string said = spawn::testing::read_all(pair.client);
  const auto ended = bench.wait_for(std::get<spawn::Started>(std::move(started)));
  return ended.signalled ? "signal " + std::to_string(ended.value) : said;
}

}  // namespace xsuperd::box::test
