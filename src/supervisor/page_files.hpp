// SPDX-License-Identifier: MIT
// Pages as files in memory. Internal to supervisor.
#pragma once
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/worker/conversations.hpp"

namespace xsuperd::supervisor {

/// By what pages differ.
struct PageKey {
  worker::PageWish::What what = worker::PageWish::What::text;
  bool zipped = false;
  auto operator<=>(const PageKey&) const = default;
};

/// Counts the bytes of pages that somebody may still have. Loop thread only.
class PagesOut {
 public:
  /// Those of one more page, which count as long as a copy of what is returned lives.
  [[nodiscard]] std::shared_ptr<const void> add(std::uint64_t size) {
    *bytes_ += size;
    return {nullptr, [bytes = bytes_, size](const void*) { *bytes -= size; }};
  }
  [[nodiscard]] std::uint64_t bytes() const { return *bytes_; }

 private:
  std::shared_ptr<std::uint64_t> bytes_ = std::make_shared<std::uint64_t>(0);
};

/// One that was made.
struct PageFile {
  PageKey key;
  std::string fields;   ///< of the answer's header
  bool zipped = false;  ///< really
  std::uint64_t size = 0;
  base::Fd memory;      ///< sealed
  std::shared_ptr<const void> out = {};  ///< of PagesOut; null: the worker needs it for a moment only
};

/// Tells a page piece by piece.
using PageText = std::function<void(const std::function<void(std::string_view)>& to)>;

/// Writes what is told into a file in memory, compressed if the key says so and that can be had. Blocks; any thread.
[[nodiscard]] base::Result<PageFile> write_page(PageKey key, std::string fields, const PageText& tell);
/// For one peer: a descriptor with a place in the file of its own, for reading only.
[[nodiscard]] worker::PageMade open_page(const PageFile& file);
/// What has only a few words to say.
[[nodiscard]] worker::PageMade short_page(std::uint16_t status, std::string_view word);

}  // namespace xsuperd::supervisor
