// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "config/print.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/config/confinement.hpp"
#include "xsuperd/config/model.hpp"

namespace xsuperd::config {

namespace {

void add(Words& words, bool holds, std::string word) {
  if (holds) words.push_back(std::move(word));
}

std::string files_text(const BoxSettings& box) {
  using Root = BoxSettings::Root;
  if (box.root == Root::programs) return "the host's programs";
  if (box.root == Root::directory) return box.directory;
  return "the host's files";
}

std::string box_text(const BoxSettings& box) {
  Words own;
  add(own, box.tmp, "/tmp");
  add(own, box.devices, "/dev");
  add(own, box.pids, "processes");
  add(own, box.network, "network");
  add(own, box.ipc, "IPC");
  std::string text = "in a box with " + files_text(box);
  if (!own.empty()) text += fmt::format(" and its own {}", base::join(own, ", "));
  if (!box.read_only.empty()) text += ", read-only " + base::join(box.read_only);
  if (!box.read_write.empty()) text += ", writable " + base::join(box.read_write);
  if (!box.inaccessible.empty()) text += ", without " + base::join(box.inaccessible);
  return text;
}

/// Empty: no limits.
std::string amounts_text(const Amounts& amounts, std::string_view whose) {
  Words most;
  if (amounts.memory) most.push_back(fmt::format("{} bytes of memory", *amounts.memory));
  if (amounts.swap) most.push_back(fmt::format("{} bytes of swap", *amounts.swap));
  if (amounts.tasks) most.push_back(fmt::format("{} tasks", *amounts.tasks));
  if (amounts.cpu) most.push_back(fmt::format("{}% of a processor", *amounts.cpu));
  return most.empty() ? std::string() : fmt::format("{} at most {}", whose, base::join(most, ", "));
}

}  // namespace

std::string confinement_text(const Service& service) {
  const Confinement c = confinement_of(service);
  if (c == Confinement{}) return {};
  Words words;
  if (c.box.own_user)
    words.emplace_back("runs as a user of its own");
  else
    words.push_back(service.settings.user ? fmt::format("runs as {}", printing::text_of(*service.settings.user)) : "runs as the daemon's user");
  const bool root = c.box.own_user && service.settings.user && service.settings.user->uid == 0;
  add(words, c.user_namespace, root ? "as root of a user namespace" : "in a user namespace of its own");
  add(words, c.box.needed(), box_text(c.box));
  add(words, c.no_new_privileges, "without new privileges");
  add(words, !c.capabilities.is_all(), "capabilities " + printing::text_of(c.capabilities));
  add(words, !c.calls.is_all(), "system calls " + printing::text_of(c.calls));
  add(words, !c.connect.any, "TCP connections to " + printing::text_of(c.connect));
  // Those that come with the preset are left out where the machine has no controller for them.
  Amounts each = c.box.each;
  if (c.box.tasks_of_preset) each.tasks.reset();
  for (const auto& [amounts, whose] : {std::pair(each, "each connection"), std::pair(c.box.together, "all together")})
    if (const std::string text = amounts_text(amounts, whose); !text.empty()) words.push_back(text);
  return base::join(words, "; ");
}

}  // namespace xsuperd::config
