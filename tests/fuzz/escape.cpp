// SPDX-License-Identifier: MIT
// What becomes of bytes on their way to a log or a terminal. The first byte is the most that may be shown.
#include <sys/mman.h>
#include <unistd.h>

#include "ctl/activity_page.hpp"
#include "ctl/table.hpp"
#include "fuzz/target.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/control/message.hpp"
#include "xsuperd/log/event.hpp"
#include "xsuperd/log/output.hpp"

using namespace xsuperd;
using fuzz::must;

namespace {

std::string unescaped(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      bytes += text[at];
      continue;
    }
    must(text.size() - at >= 4 && text[at + 1] == 'x');
    bytes += static_cast<char>(std::stoi(std::string(text.substr(at + 2, 2)), nullptr, 16));
    at += 3;
  }
  return bytes;
}

void check_escaped(std::string_view bytes, std::size_t most) {
  std::string text = base::escaped(bytes, most);
  must(fuzz::printable(text) && text.size() <= 4 * most + 3);
  if (bytes.size() > most) {
    must(text.ends_with("..."));
    text.resize(text.size() - 3);
  }
  must(unescaped(text) == bytes.substr(0, most));
}

/// An entry is one line of the log file, with nothing in it but what was written, whatever a peer has put there.
void check_log_lines(std::string_view bytes) {
  static const base::Fd file(::memfd_create("log", MFD_CLOEXEC));
  static const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  static const auto daemon_log = *log::open_daemon_file(path, {"xsuperd", 7});
  static const auto service_log = *log::open_service_file(path, "ftp", 0, 0);
  config::Service service;
  service.id = "ftp";
  const log::Event event = log::UserId{service.id, log::PeerText(bytes)};
  const std::string entry = log::text_of(event);
  for (const auto& output : {daemon_log, service_log}) {
    must(::ftruncate(file.get(), 0) == 0);
    must(output->write({log::Level::info, {}, event}) == log::Output::Outcome::written);
    std::string line(8192, '\0');
    const ssize_t size = ::pread(file.get(), line.data(), line.size(), 0);
    must(size > 0);
    line.resize(static_cast<std::size_t>(size));
    must(line.ends_with(": " + entry + "\n") && line.size() < entry.size() + 80);
    line.pop_back();
    must(fuzz::printable(line));
  }
}

void check_terminal(std::string_view bytes, std::size_t most) {
  const std::string fit = ctl::fit_for_terminal(bytes);
  must(fuzz::harmless(fit) && fit.find('\n') == fit.npos && fit.size() <= 6 * bytes.size());
  must(ctl::fit_for_terminal(fit) == fit);
  if (fuzz::harmless(bytes) && bytes.find('\n') == bytes.npos) must(fit == bytes);
  must(ctl::width_of(fit) <= fit.size());
  const std::string cut = ctl::cut(fit, most);
  must(ctl::width_of(cut) <= most && fuzz::harmless(cut));
  const std::string shown = ctl::displayable(bytes);
  must(fuzz::harmless(shown) && shown.find('\n') == shown.npos);
  const std::string table = ctl::render({{"A"}, {"B", ctl::Column::Align::right, true}},
                                        {{std::string(bytes), "1"}, {"2", std::string(bytes)}}, {most});
  must(fuzz::harmless(table) && std::count(table.begin(), table.end(), '\n') == 3);
}

}  // namespace

FUZZ_TARGET(escape) {
  fuzz::Source source(input.substr(0, 2048));
  const std::size_t most = source.byte();
  const std::string_view bytes = source.rest();
  check_escaped(bytes, most);
  check_escaped(bytes, 1024);
  check_log_lines(bytes);
  check_terminal(bytes, most);
  const std::string json = control::json_text(bytes);
  must(json == bytes || json == base::escaped(bytes, bytes.size() + 1));
  must(boost::json::parse(boost::json::serialize(boost::json::value(json))).as_string() == json);
}
