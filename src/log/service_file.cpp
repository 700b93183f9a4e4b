// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <sys/stat.h>

#include <utility>

#include "log/file_output.hpp"

namespace xsuperd::log {

namespace {

/// A size that a file may not exceed unnoticed.
class SizeLimit {
 public:
  explicit SizeLimit(std::uint64_t bytes) : bytes_(bytes) {}
  [[nodiscard]] bool exceeded_by(std::uint64_t size) const { return bytes_ != 0 && size > bytes_; }
  /// True once: the first time that it is exceeded.
  [[nodiscard]] bool newly_exceeded_by(std::uint64_t size) {
    return exceeded_by(size) && !std::exchange(noticed_, true);
  }

 private:
  std::uint64_t bytes_;
  bool noticed_ = false;
};

class ServiceFile : public FileOutput {
 public:
  ServiceFile(base::Fd fd, const std::string& path, std::string id, std::uint64_t soft, std::uint64_t hard)
      : FileOutput(std::move(fd), "log file " + path), id_(std::move(id)), soft_(soft), hard_(hard) {
    struct stat found {};
    if (::fstat(descriptor(), &found) == 0 && S_ISREG(found.st_mode))
      size_ = static_cast<std::uint64_t>(found.st_size);
  }

  Outcome write(const Line& line) override {
    if (hard_.exceeded_by(size_)) {
      look_at_hard_limit();  // the file may have been too big from the start
      return Outcome::ended;
    }
    std::string& out = buffer();
    out.append(stamp(line.when)).append(": ");
    append_text(out, line.event);
    out += '\n';
    const Outcome outcome = append(out);
    if (outcome == Outcome::written) size_ += out.size();
    if (soft_.newly_exceeded_by(size_))
      say(Level::warning, fmt::format("Size of {} log exceeded soft limit", id_));
    look_at_hard_limit();
    return outcome;
  }

 private:
  void look_at_hard_limit() {
    if (hard_.newly_exceeded_by(size_))
      say(Level::error, fmt::format("Size of {} log exceeded hard limit", id_));
  }

  std::string id_;
  SizeLimit soft_;
  SizeLimit hard_;
  std::uint64_t size_ = 0;  ///< as opened, and what we wrote since (fact B7.26)
};

}  // namespace

base::Result<std::shared_ptr<Output>> open_service_file(const std::string& path, std::string id,
                                                        std::uint64_t soft, std::uint64_t hard) {
  base::Result<base::Fd> fd = open_log_file(path);
  if (!fd) return fd.error();
  return std::shared_ptr<Output>(
      std::make_shared<ServiceFile>(std::move(*fd), path, std::move(id), soft, hard));
}

}  // namespace xsuperd::log
