// SPDX-License-Identifier: MIT
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fleet/packets.hpp"
#include "xsuperd/config/store_address.hpp"
#include "xsuperd/fleet/process.hpp"
#include "xsuperd/fleet/words.hpp"
#include "xsuperd/worker/process.hpp"

using namespace xsuperd;

namespace {

/// The real process, from Ready on.
class RealProcess {
 public:
  RealProcess() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    socket_.reset(ends[0]);
    const base::Fd its(ends[1]);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::setenv("XSUPERD_WORKER_UID", "65534", 1);
      ::setenv("XSUPERD_WORKER_GID", "65533", 1);
      ::_exit(fleet::run_fleet(its.get()));
    }
  }
  ~RealProcess() {
    if (pid_ > 0) (void)end();
  }
  RealProcess(const RealProcess&) = delete;
  RealProcess& operator=(const RealProcess&) = delete;

  [[nodiscard]] std::optional<fleet::Word> hear() {
    pollfd readable{socket_.get(), POLLIN, 0};
    fleet::Packet packet;
    if (::poll(&readable, 1, 30'000) != 1 || fleet::receive_packet(socket_.get(), packet) != fleet::Got::one) return std::nullopt;
    return fleet::decode_word(packet.bytes);
  }
  /// The daemon is gone: what wait(2) tells of the process.
  [[nodiscard]] int end() {
    socket_.reset();
    int status = -1;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return status;
  }
  /// The line of /proc/PID/status with this name.
  [[nodiscard]] std::string status(const std::string& name) const {
    std::ifstream file(proc() + "/status");
    for (std::string line; std::getline(file, line);)
      if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
    return {};
  }
  [[nodiscard]] std::vector<std::string> open_files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(proc() + "/fd")) names.push_back(std::filesystem::read_symlink(entry.path()).string());
    return names;
  }
  [[nodiscard]] std::string proc() const { return "/proc/" + std::to_string(pid_); }

 private:
  base::Fd socket_;
  pid_t pid_ = -1;
};

bool tell_skipped(bool skipped, const char* why) {
  if (skipped) WARN("case-skipped: " << why);
  return skipped;
}
bool no_hiredis() { return tell_skipped(!config::can_share_bans(), "built without hiredis"); }
bool not_root() { return tell_skipped(::geteuid() != 0, "needs root"); }

}  // namespace

TEST_CASE("a running fleet process can gain nothing, and ends with its daemon") {
  if (no_hiredis()) return;
  RealProcess process;
  const auto first = process.hear();
  REQUIRE(first);
  REQUIRE(std::holds_alternative<fleet::Ready>(*first));
  CHECK(process.status("Name") == "xsuperd-fleet");
  CHECK(process.status("Umask") == "0077");
  CHECK(process.status("NoNewPrivs") == "1");
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) CHECK(process.status(set) == "0000000000000000");
  CHECK(process.status("Seccomp") == (worker::system_calls_restricted() ? "2" : "0"));
  CHECK(process.end() == 0);
}

TEST_CASE("a running fleet process of root's is somebody else, sees no files, and has one socket") {
  if (no_hiredis() || not_root()) return;
  RealProcess process;
  REQUIRE(process.hear());
  CHECK(process.status("Uid") == "65534\t65534\t65534\t65534");
  CHECK(process.status("Gid") == "65533\t65533\t65533\t65533");
  CHECK(process.status("Groups").find_first_not_of(' ') == std::string::npos);
  CHECK(process.status("CapBnd") == "0000000000000000");
  CHECK(std::filesystem::is_empty(process.proc() + "/root"));
  const auto open = process.open_files();
  CHECK(std::ranges::count(open, "/dev/null") == 3);
  CHECK(std::ranges::count_if(open, [](const auto& name) { return name.starts_with("socket:"); }) == 1);
  CHECK(std::ranges::count_if(open, [](const auto& name) { return name.starts_with("/") && name != "/dev/null" && name.find("coverage") == std::string::npos; }) == 0);
}
