// SPDX-License-Identifier: MIT
#include "worker/keys.hpp"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "worker/dialogue.hpp"

namespace xsuperd::worker {

namespace {

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

/// At most longest_offer bytes, and one more that says that it is too long.
std::string read_all(int fd) {
  std::string bytes(tls::longest_offer + 1, '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::read(fd, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    done += static_cast<std::size_t>(n);
  }
  bytes.resize(done);
  return bytes;
}

void wipe(std::string& text) { ::explicit_bzero(text.data(), text.size()); }

void wipe(tls::Offer& offer) {
  for (tls::Identity& one : offer.identities) wipe(one.key), wipe(one.chain);  // which may be in one file
}

}  // namespace

base::Fd memory_of(const tls::Offer& offer) {
  constexpr int all_seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  base::Fd memory(::memfd_create("xsuperd-keys", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  std::string bytes = encode(offer);
  const bool good = memory && write_all(memory.get(), bytes) && ::fcntl(memory.get(), F_ADD_SEALS, all_seals) == 0 &&
                    ::lseek(memory.get(), 0, SEEK_SET) == 0;
  wipe(bytes);
  if (!good) memory.reset();
  return memory;
}

std::shared_ptr<const tls::Context> context_in(const base::Fd& memory) {
  if (!memory) return nullptr;
  std::string bytes = read_all(memory.get());
  auto offer = tls::decode(bytes);
  wipe(bytes);
  if (!offer) return nullptr;
  auto context = tls::Context::make(*offer);
  wipe(*offer);
  return context ? std::move(*context) : nullptr;
}

std::optional<std::uint64_t> OffersThere::number_of(const std::shared_ptr<const tls::Offer>& offer, Dialogue& worker) {
  std::erase_if(there_, [&worker](const auto& one) {
    if (!one.second.expired()) return false;
    worker.send(encode(ForgetKeys{one.first}));
    return true;
  });
  const auto found = std::ranges::find_if(there_, [&](const auto& one) { return one.second.lock() == offer; });
  if (found != there_.end()) return found->first;
  base::Fd memory = offer ? memory_of(*offer) : base::Fd();
  if (!memory) return std::nullopt;
  there_.emplace_back(++last_, offer);
  worker.send(encode(Keys{last_, std::move(memory)}));
  return last_;
}

}  // namespace xsuperd::worker
