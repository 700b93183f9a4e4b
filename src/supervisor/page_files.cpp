// SPDX-License-Identifier: MIT
#include "supervisor/page_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <utility>

#include "supervisor/sealed_memory.hpp"
#include "supervisor/zip.hpp"

namespace xsuperd::supervisor {

base::Result<PageFile> write_page(PageKey key, std::string fields, const PageText& tell) {
  MemoryFile file("xsuperd-page");
  const auto write = [&file](std::string_view piece) { file.append(piece); };
  const auto zip = key.zipped ? Zip::begin(write) : nullptr;
  if (zip) {
    tell([&zip](std::string_view piece) { zip->append(piece); });
    if (!zip->finish()) return base::Error{0, "it cannot be compressed"};
  } else {
    tell(write);
  }
  auto memory = file.seal();
  if (!memory) return memory.error();
  return PageFile{.key = key, .fields = std::move(fields), .zipped = zip != nullptr, .size = file.size(), .memory = std::move(*memory)};
}

worker::PageMade open_page(const PageFile& file) {
  base::Fd own(::open(fmt::format("/proc/self/fd/{}", file.memory.get()).c_str(), O_RDONLY | O_CLOEXEC));
  if (!own) return short_page(503, "no file descriptor is available");
  worker::PageMade page;
  page.status = 200;
  page.zipped = file.zipped;
  page.fields = file.fields;
  page.size = file.size;
  page.bytes = std::move(own);
  page.out = file.out;
  return page;
}

worker::PageMade short_page(std::uint16_t status, std::string_view word) {
  worker::PageMade page;
  page.status = status;
  page.text = fmt::format("{}\n", word);
  return page;
}

}  // namespace xsuperd::supervisor
