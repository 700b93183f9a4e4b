// SPDX-License-Identifier: MIT
#include "log/file_output.hpp"
#include "log/json.hpp"

namespace xsuperd::log {

namespace {

class JsonFile : public FileOutput {
 public:
  JsonFile(base::Fd fd, const std::string& path) : FileOutput(std::move(fd), "event log " + path) {}

  Outcome write(const Line& line) override {
    std::string& out = buffer();
    append_json(out, utc_, line.when, line.event);
    out += '\n';
    return append(out);
  }

 private:
  Stamp utc_{utc_stamp};
};

}  // namespace

base::Result<std::shared_ptr<Output>> open_event_file(const std::string& path) {
  base::Result<base::Fd> fd = open_log_file(path);
  if (!fd) return fd.error();
  return std::shared_ptr<Output>(std::make_shared<JsonFile>(std::move(*fd), path));
}

}  // namespace xsuperd::log
