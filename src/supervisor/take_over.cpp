// SPDX-License-Identifier: MIT
#include "xsuperd/supervisor/take_over.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "supervisor/hand_over.hpp"
#include "supervisor/hand_over_config.hpp"
#include "supervisor/noted_names.hpp"
#include "supervisor/patient_fcntl.hpp"
#include "supervisor/sealed_memory.hpp"
#include "supervisor/service_logs.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/supervisor/process.hpp"

namespace xsuperd::supervisor {

namespace {

bool same_file(const std::string& path, const struct stat& ours) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 && found.st_dev == ours.st_dev && found.st_ino == ours.st_ino;
}

std::vector<std::string> candidates(const std::string& argv0) {
  if (argv0.find('/') != std::string::npos) return {absolute(argv0)};
  const char* path = std::getenv("PATH");
  std::vector<std::string> all;
  for (std::string_view rest = path ? path : ""; !rest.empty();) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    if (colon > 0) all.push_back(absolute(std::string(rest.substr(0, colon)) + "/" + argv0));
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  return all;
}

/// Closes what is not in `kept`, a sorted list, and not 0, 1 or 2.
void close_others(const std::vector<int>& kept) {
  unsigned first = 3;
  const auto close_up_to = [&first](unsigned last) {
    if (first <= last) ::syscall(SYS_close_range, first, last, 0);
  };
  for (const int number : kept) {
    if (number > 3) close_up_to(static_cast<unsigned>(number) - 1);
    first = static_cast<unsigned>(number) + 1;
  }
  close_up_to(~0U);
}

/// Makes it close-on-exec, and moves it out of the way of those who need low numbers. Where the kernel has no room for that,
/// it stays where it is: starting servers takes longer then (spawn/low_descriptors.hpp), and nothing is lost. Empty if there
/// is no such descriptor.
base::Fd settled(int number, int first_number) {
  const bool marked = patient_fcntl(number, F_SETFD, FD_CLOEXEC) == 0;
  if (!marked && errno == EBADF) return {};
  base::Fd fd(number);
  if (marked && number >= first_number) return fd;
  base::Fd moved(patient_fcntl(number, F_DUPFD_CLOEXEC, first_number));
  return moved ? std::move(moved) : std::move(fd);
}

base::Result<HandOver> read_state(int number) {
  base::Fd memory(number);
  auto text = read_sealed_memory(memory.get());
  if (!text) {
    (void)memory.release();  // whoever's it is
    return text.error();
  }
  auto state = decode(*text);
  if (state && state->daemon.pid != ::getpid())
    return base::Error{0, fmt::format("the state that was handed over is that of process {}", state->daemon.pid)};
  if (state) keep_time(*state, std::chrono::steady_clock::now(), time_namespace());
  return state;
}

}  // namespace

std::string time_namespace() {
  std::array<char, 64> name;
  const ssize_t length = ::readlink("/proc/self/ns/time", name.data(), name.size());
  return {name.data(), length > 0 ? static_cast<std::size_t>(length) : 0};
}

std::string own_binary(const std::string& argv0) {
  struct stat ours {};
  if (::stat("/proc/self/exe", &ours) == 0)
    for (const std::string& path : candidates(argv0))
      if (same_file(path, ours)) return path;
  std::string link(4096, '\0');
  const ssize_t size = ::readlink("/proc/self/exe", link.data(), link.size());
  link.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return link;
}

Inheritance::Inheritance() : state_(std::make_unique<HandOver>()) {}
Inheritance::~Inheritance() = default;

const Invocation& Inheritance::invocation() const { return state_->daemon.invocation; }

base::Result<std::shared_ptr<Inheritance>> Inheritance::receive(int first_number) {
  const char* word = std::getenv(take_over_variable);
  if (!word) return std::shared_ptr<Inheritance>{};
  const auto number = base::parse_number(word, 3, 1 << 30);
  ::unsetenv(take_over_variable);
  if (!number) return base::Error{0, fmt::format("{} is not a descriptor number", take_over_variable)};
  auto state = read_state(static_cast<int>(*number));
  if (!state) return state.error();
  std::shared_ptr<Inheritance> all(new Inheritance);
  *all->state_ = std::move(*state);
  std::vector<int> numbers = descriptors(*all->state_);
  std::sort(numbers.begin(), numbers.end());
  close_others(numbers);
  for (const int one : numbers)
    if (base::Fd fd = settled(one, first_number)) all->descriptors_[one] = std::move(fd);
  return all;
}

base::Fd Inheritance::take(int number) {
  const auto found = descriptors_.find(number);
  if (found == descriptors_.end()) return {};
  base::Fd fd = std::move(found->second);
  descriptors_.erase(found);
  return fd;
}

namespace {

base::Result<std::string> read_all(int fd) {
  std::string text;
  char buffer[65536];
  while (true) {
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::system_error(errno, "reading the state");
    if (n == 0) return text;
    text.append(buffer, static_cast<std::size_t>(n));
  }
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

/// What this image would want to know at the real take-over, when all is well.
base::Result<std::string> examine(int socket, const std::function<base::Result<void>(const Invocation&)>& check_rest) {
  const auto text = read_all(socket);
  if (!text) return text.error();
  const auto state = decode(*text);
  if (!state) return state.error();
  if (auto rest = check_rest(state->daemon.invocation); !rest) return rest.error();
  config::SystemNames system;
  NotedNames names(system);
  const auto restored = restore_configuration(*state, names);
  if (!restored) return restored.error();
  ServiceLogs logs({});
  for (const HandOver::Runner& runner : state->runners)
    if (const auto log = logs.output_for(*restored->services[runner.service]); !log) return log.error();
  return names.notes();
}

}  // namespace

int try_take_over(int socket, const std::function<base::Result<void>(const Invocation&)>& check_rest) {
  const auto notes = examine(socket, check_rest);
  write_all(socket, notes ? std::string(trial_passed) + *notes : notes.error().sentence);
  return notes ? 0 : 1;
}

}  // namespace xsuperd::supervisor
