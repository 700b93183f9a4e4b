// SPDX-License-Identifier: MIT
// Pages as files in memory. Internal to supervisor.
#pragma once
#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/worker/conversations.hpp"

namespace xsuperd::supervisor {

/// By what pages differ.
struct PageKey {
  worker::PageWish::What what = worker::PageWish::What::text;
  bool zipped = false;
  auto operator<=>(const PageKey&) const = default;
};

/// One that was made.
struct PageFile {
  PageKey key;
  std::string fields;   ///< of the answer's header
  bool zipped = false;  ///< really
  std::uint64_t size = 0;
  base::Fd memory;      ///< sealed
  base::Moment until{}; ///< so long it may be given to others
};

/// Writes the text into a file in memory, compressed if the key says so and that can be had. Blocks; any thread.
[[nodiscard]] base::Result<PageFile> write_page(PageKey key, std::string fields, std::string_view text);
/// For one peer: a descriptor with a place in the file of its own, for reading only.
[[nodiscard]] worker::PageMade open_page(const PageFile& file);
/// What has only a few words to say.
[[nodiscard]] worker::PageMade short_page(std::uint16_t status, std::string_view word);

}  // namespace xsuperd::supervisor
