// SPDX-License-Identifier: MIT
#include "supervisor/zip.hpp"

#ifdef XSUPERD_HAVE_ZLIB
#include <zlib.h>

#include <string>
#include <utility>

#include "xsuperd/base/library.hpp"
#endif

namespace xsuperd::supervisor {

#ifdef XSUPERD_HAVE_ZLIB

namespace {

/// What is used of zlib.
struct Zlib {
  static constexpr const char* file = XSUPERD_ZLIB_FILE;
  decltype(&::deflateInit2_) begin;
  decltype(&::deflate) step;
  decltype(&::deflateEnd) end;

  void find(base::Library& in) { in.find("deflateInit2_", begin).find("deflate", step).find("deflateEnd", end); }
};

constexpr int fastest = 1;  // series are so much alike that more effort takes twice the time for a few percent
constexpr int gzip_window = 15 + 16;
constexpr int usual_memory = 8;

class Deflating final : public Zip {
 public:
  Deflating(const Zlib& zlib, Sink to) : zlib_(zlib), to_(std::move(to)), portion_(portion_size, '\0') {}
  ~Deflating() override {
    if (begun_) zlib_.end(&stream_);
  }
  Deflating(const Deflating&) = delete;
  Deflating& operator=(const Deflating&) = delete;

  [[nodiscard]] bool begin() {
    begun_ = zlib_.begin(&stream_, fastest, Z_DEFLATED, gzip_window, usual_memory, Z_DEFAULT_STRATEGY, ZLIB_VERSION, sizeof stream_) == Z_OK;
    return begun_;
  }
  void append(std::string_view text) override {
    while (!text.empty()) {
      const std::string_view piece = text.substr(0, most_at_once);
      feed(piece, Z_NO_FLUSH);
      text.remove_prefix(piece.size());
    }
  }
  [[nodiscard]] bool finish() override { return feed({}, Z_FINISH) == Z_STREAM_END; }

 private:
  static constexpr std::size_t portion_size = 64 * 1024, most_at_once = 1U << 30U;

  /// Until all of it is taken and nothing is left to be given out.
  int feed(std::string_view piece, int flush) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
    stream_.avail_in = static_cast<uInt>(piece.size());
    int outcome = Z_OK;
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(portion_.data());
      stream_.avail_out = static_cast<uInt>(portion_.size());
      outcome = zlib_.step(&stream_, flush);
      to_(std::string_view(portion_).substr(0, portion_.size() - stream_.avail_out));
    } while (stream_.avail_out == 0);
    return outcome;
  }

  const Zlib& zlib_;
  Sink to_;
  std::string portion_;
  z_stream stream_{};
  bool begun_ = false;
};

}  // namespace

std::unique_ptr<Zip> Zip::begin(Sink to) {
  const auto zlib = base::loaded_functions<Zlib>();
  if (!zlib) return nullptr;
  auto one = std::make_unique<Deflating>(**zlib, std::move(to));
  return one->begin() ? std::move(one) : nullptr;
}

#else

std::unique_ptr<Zip> Zip::begin(Sink) { return nullptr; }

#endif

}  // namespace xsuperd::supervisor
