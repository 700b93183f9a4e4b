// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "xsuperd/tls/offer.hpp"
#include "xsuperd/tls/words.hpp"

namespace xsuperd::tls {

/// What is wrong with an Offer, or will be.
struct Fault {
  enum class About : std::uint8_t {
    everything,
    chain,       ///< of the identity at `index`
    key,         ///< of the same
    name,        ///< of the same
    client_ca,
    client_crl,
    cipher,      ///< the word at `index`
  };
  About about = About::everything;
  std::size_t index = 0;
  bool fatal = true;     ///< nobody could be served, or less safely than was meant; else it is worth a warning
  std::string sentence;  ///< without the name of the file
  std::string hint = {};
  bool operator==(const Fault&) const = default;
};

/// Looks at all of it as a server would that is to use it at the moment `now`; parses what the files say, and starts
/// nothing. The first fault of each file. Blocks on files when it is the first to need OpenSSL; any thread.
[[nodiscard]] std::vector<Fault> check(const Offer& offer, std::chrono::system_clock::time_point now);

/// So long before the end of a certificate it is worth a warning.
inline constexpr std::chrono::hours soon{14 * 24};

/// What the certificate of an Identity says, and until when it is any good.
struct Shown {
  std::string name;  ///< of the Identity
  Certificate certificate;
  std::chrono::system_clock::time_point until{};  ///< of its chain the first to end
  bool operator==(const Shown&) const = default;
};
/// Of all identities, in their order, those whose certificates can be read; none without OpenSSL.
[[nodiscard]] std::vector<Shown> shown_by(const Offer& offer);

/// Can this program speak TLS?
enum class Ability : std::uint8_t { usable, not_built, not_loaded };
/// Loads OpenSSL if it is not yet; blocks on files then. Any thread.
[[nodiscard]] Ability ability();
/// Makes ready what needs files and system calls, for a process that is about to give both up: the library, its
/// configuration, its random numbers, and memory for keys that is neither swapped out nor dumped. False: no TLS here.
[[nodiscard]] bool prepare();

}  // namespace xsuperd::tls
