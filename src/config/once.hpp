// SPDX-License-Identifier: MIT
// What one load asks the system, it asks once: ten thousand services name the same few users, protocols and programs,
// and each look-up reads a database again. Internal to config.
#pragma once
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "xsuperd/config/files.hpp"
#include "xsuperd/config/names.hpp"

namespace xsuperd::config {

/// The first answer to each question, "no such thing" too. Each load has its own, and so sees what has changed; of one
/// thread.
template <typename Question, typename Answer>
class Asked {
 public:
  template <typename Real>
  const Answer& answer(const Question& question, Real real) {
    const auto found = answers_.find(question);
    return found != answers_.end() ? found->second : answers_.emplace(question, real()).first->second;
  }

  /// Are they the same as `ask` gives today?
  template <typename Ask>
  [[nodiscard]] bool hold(Ask ask) const {
    return std::all_of(answers_.begin(), answers_.end(), [&](const auto& one) { return ask(one.first) == one.second; });
  }

  [[nodiscard]] const std::map<Question, Answer>& all() const { return answers_; }

 private:
  std::map<Question, Answer> answers_;
};

/// All that one load has asked, except for what the network answers.
struct Answers {
  Asked<std::string, std::optional<Names::UserEntry>> users;
  Asked<uid_t, std::optional<Names::UserEntry>> uids;
  Asked<std::string, std::optional<gid_t>> groups;
  Asked<std::pair<std::string, gid_t>, std::vector<gid_t>> memberships;
  Asked<std::pair<std::string, std::string>, std::optional<std::uint16_t>> ports;
  Asked<std::string, std::optional<int>> protocols;
  Asked<std::string, std::optional<std::uint32_t>> rpc;
  Asked<std::string, std::optional<std::uint32_t>> networks;
  Asked<std::string, base::Result<Files::Kind>> kinds;
  Asked<std::string, bool> system_calls;
  Asked<std::string, bool> executables;
  std::vector<std::string> environment;

  /// Are they the same today?
  [[nodiscard]] bool hold(Names& names, Files& files) const;
};

class NamesOnce final : public Names {
 public:
  NamesOnce(Names& real, Answers& answers) : real_(real), answers_(answers) {}
  std::optional<UserEntry> user(const std::string& name) override {
    return answers_.users.answer(name, [&] { return real_.user(name); });
  }
  std::optional<UserEntry> user(uid_t uid) override {
    return answers_.uids.answer(uid, [&] { return real_.user(uid); });
  }
  std::optional<gid_t> group(const std::string& name) override {
    return answers_.groups.answer(name, [&] { return real_.group(name); });
  }
  std::vector<gid_t> groups_of(const std::string& user, gid_t gid) override {
    return answers_.memberships.answer({user, gid}, [&] { return real_.groups_of(user, gid); });
  }
  std::optional<std::uint16_t> service_port(const std::string& name, const std::string& protocol) override {
    return answers_.ports.answer({name, protocol}, [&] { return real_.service_port(name, protocol); });
  }
  std::optional<int> protocol(const std::string& name) override {
    return answers_.protocols.answer(name, [&] { return real_.protocol(name); });
  }
  std::optional<std::uint32_t> rpc_number(const std::string& name) override {
    return answers_.rpc.answer(name, [&] { return real_.rpc_number(name); });
  }
  std::optional<std::uint32_t> network(const std::string& name) override {
    return answers_.networks.answer(name, [&] { return real_.network(name); });
  }
  std::vector<base::Address> host(const std::string& name) override {
    ++hosts_asked_;
    return hosts_.answer(name, [&] { return real_.host(name); });
  }
  bool system_call(const std::string& name) override {
    return answers_.system_calls.answer(name, [&] { return real_.system_call(name); });
  }
  std::vector<tls::Fault> tls_faults(const tls::Offer& offer) override { return real_.tls_faults(offer); }
  const std::vector<std::string>& environment() override { return real_.environment(); }

  /// How often host() was called: what it says may be another thing tomorrow, and its question may take long.
  [[nodiscard]] std::size_t hosts_asked() const { return hosts_asked_; }

 private:
  Names& real_;
  Answers& answers_;
  Asked<std::string, std::vector<base::Address>> hosts_;
  std::size_t hosts_asked_ = 0;
};

/// Contents are not kept: nothing but the reader wants them, and once.
class FilesOnce final : public Files {
 public:
  FilesOnce(Files& real, Answers& answers) : real_(real), answers_(answers) {}
  base::Result<std::string> read(const std::string& path) override { return real_.read(path); }
  base::Result<std::vector<std::string>> list(const std::string& path) override { return real_.list(path); }
  base::Result<Kind> kind(const std::string& path) override {
    return answers_.kinds.answer(path, [&] { return real_.kind(path); });
  }
  base::Result<Status> status(const std::string& path) override {
    return real_.status(path);
  }
  bool executable(const std::string& path) override {
    return answers_.executables.answer(path, [&] { return real_.executable(path); });
  }

 private:
  Files& real_;
  Answers& answers_;
};

}  // namespace xsuperd::config
