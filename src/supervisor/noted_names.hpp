// SPDX-License-Identifier: MIT
// Names that are looked up once and remembered in a text. Internal to supervisor.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/config/names.hpp"

namespace xsuperd::supervisor {

/// Asks another Names once for each question, and keeps the answers as text. So the trial run of a new image, which may
/// take its time, does the look-ups for the image that takes over, which must neither wait nor find something else.
class NotedNames final : public config::Names {
 public:
  explicit NotedNames(config::Names& real) : real_(real) {}

  /// All questions and answers so far (JSON), and the reverse: what cannot be read is asked for anew.
  [[nodiscard]] std::string notes() const;
  void remember(std::string_view notes);

  std::optional<UserEntry> user(const std::string& name) override;
  std::optional<UserEntry> user(uid_t uid) override;
  std::optional<gid_t> group(const std::string& name) override;
  std::vector<gid_t> groups_of(const std::string& user, gid_t gid) override;
  std::optional<std::uint16_t> service_port(const std::string& name, const std::string& protocol) override;
  std::optional<int> protocol(const std::string& name) override;
  std::optional<std::uint32_t> rpc_number(const std::string& name) override;
  std::optional<std::uint32_t> network(const std::string& name) override;
  std::vector<base::Address> host(const std::string& name) override;
  bool system_call(const std::string& name) override;
  const std::vector<std::string>& environment() override { return real_.environment(); }

 private:
  using Answer = std::vector<std::string>;  ///< empty: there is no such thing
  const Answer& ask(const std::string& question, const std::function<Answer()>& real);
  template <typename T>
  std::optional<T> number(const std::string& question, const std::function<std::optional<T>()>& real);
  std::optional<UserEntry> entry(const std::string& question, const std::function<std::optional<UserEntry>()>& real);

  config::Names& real_;
  std::map<std::string, Answer> answers_;
};

}  // namespace xsuperd::supervisor
