// SPDX-License-Identifier: MIT
#include "supervisor/zip.hpp"

#ifdef XSUPERD_HAVE_ZLIB
#include <zlib.h>

#include "xsuperd/base/library.hpp"
#endif

namespace xsuperd::supervisor {

#ifdef XSUPERD_HAVE_ZLIB

namespace {

/// What is used of zlib.
struct Zlib {
  static constexpr const char* file = XSUPERD_ZLIB_FILE;
  decltype(&::deflateInit2_) begin;
  decltype(&::deflateBound) bound;
  decltype(&::deflate) step;
  decltype(&::deflateEnd) end;

  void find(base::Library& in) { in.find("deflateInit2_", begin).find("deflateBound", bound).find("deflate", step).find("deflateEnd", end); }
};

constexpr int fastest = 1;  // series are so much alike that more effort takes twice the time for a few percent
constexpr int gzip_window = 15 + 16;
constexpr int usual_memory = 8;

}  // namespace

std::optional<std::string> zipped(std::string_view text) {
  const auto zlib = base::loaded_functions<Zlib>();
  z_stream stream{};
  if (!zlib || (*zlib)->begin(&stream, fastest, Z_DEFLATED, gzip_window, usual_memory, Z_DEFAULT_STRATEGY, ZLIB_VERSION, sizeof stream) != Z_OK)
    return std::nullopt;
  std::string packed((*zlib)->bound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const bool whole = stream.avail_in == text.size() && (*zlib)->step(&stream, Z_FINISH) == Z_STREAM_END;
  packed.resize(packed.size() - stream.avail_out);
  (*zlib)->end(&stream);
  return whole ? std::optional(std::move(packed)) : std::nullopt;
}

#else

std::optional<std::string> zipped(std::string_view) { return std::nullopt; }

#endif

}  // namespace xsuperd::supervisor
