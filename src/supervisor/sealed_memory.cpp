// SPDX-License-Identifier: MIT
#include "supervisor/sealed_memory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "supervisor/patient_fcntl.hpp"

namespace xsuperd::supervisor {

namespace {

constexpr int all_seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> all;
  for (const std::string& word : words) all.push_back(const_cast<char*>(word.c_str()));
  all.push_back(nullptr);
  return all;
}

/// Returns an errno value where one of them cannot be kept, or 0.
int keep_open(const std::vector<int>& kept) {
  for (const int fd : kept)
    if (patient_fcntl(fd, F_SETFD, 0) != 0 && errno != EBADF) return errno;
  return 0;
}

/// Calls until it works. There is no way back from the image that an upgrade has started, and without the state everything would be
/// lost: what the kernel refuses for the moment is asked for again, for as long as peers wait without harm.
template <typename Call>
auto patiently(Call call) {
  constexpr int most_tries = 50;
  auto result = call();
  for (int tries = 1; result < 0 && tries < most_tries && errno != EBADF && errno != EINVAL; ++tries) {
    if (errno != EINTR) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    result = call();
  }
  return result;
}

}  // namespace

MemoryFile::MemoryFile(const char* name) : memory_(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING)) {
  if (!memory_) fail("memfd_create");
}

void MemoryFile::append(std::string_view text) {
  while (!text.empty() && !error_) {
    const ssize_t n = ::write(memory_.get(), text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail("writing a file in memory");
    text.remove_prefix(static_cast<std::size_t>(n));
    size_ += static_cast<std::uint64_t>(n);
  }
}

base::Result<base::Fd> MemoryFile::seal() {
  if (!error_ && ::fcntl(memory_.get(), F_ADD_SEALS, all_seals) != 0) fail("sealing a file in memory");
  if (error_) return *error_;
  return std::move(memory_);
}

void MemoryFile::fail(std::string_view what) { error_ = base::system_error(errno, std::string(what)); }

base::Result<base::Fd> make_sealed_memory(std::string_view text) {
  MemoryFile memory("xsuperd-state");
  memory.append(text);
  return memory.seal();
}

base::Result<std::string> read_sealed_memory(int fd) {
  struct stat info {};
  const bool sealed = patiently([fd] { return ::fcntl(fd, F_GET_SEALS); }) == all_seals;
  if (!sealed || patiently([&] { return ::fstat(fd, &info); }) != 0)
    return base::Error{0, fmt::format("descriptor {} does not hold a state that was handed over", fd)};
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = patiently([&] { return ::pread(fd, text.data() + done, text.size() - done, static_cast<off_t>(done)); });
    if (n <= 0) return base::system_error(errno, "reading the state");
    done += static_cast<std::size_t>(n);
  }
  return text;
}

base::Error execute_in_place(const std::string& path, const std::vector<std::string>& arguments,
                             const std::vector<std::string>& environment, const std::vector<int>& kept) {
  const int lost = keep_open(kept);
  if (lost == 0) ::execve(path.c_str(), pointers(arguments).data(), pointers(environment).data());
  const int error = lost != 0 ? lost : errno;
  for (const int fd : kept) patient_fcntl(fd, F_SETFD, FD_CLOEXEC);
  return base::system_error(error, lost != 0 ? "keeping descriptors open" : "executing " + path);
}

}  // namespace xsuperd::supervisor
