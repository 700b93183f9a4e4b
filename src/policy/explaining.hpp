// SPDX-License-Identifier: MIT
// What an explanation is put together from. Internal to policy. Pure.
#pragma once
#include <string>
#include <string_view>

#include "xsuperd/policy/explain.hpp"

namespace xsuperd::policy::explaining {

/// One service and one peer, and all that can be said of them.
struct Case {
  Case(const Policy& of, const Inquiry& asked, const PeerName& peer_name);
  void look_at_lists();

  const Inquiry& inquiry;
  const Policy& policy;
  const config::Service& service;
  bool lists_apply;  ///< somebody holds the peer against the lists
  PeerName name;
  AddressRules::Answer lists;      ///< its elements are the policy's
  Verdict verdict;   ///< of a peer that reaches the service

  [[nodiscard]] bool reached() const {
    return service.kind == config::Kind::tcpmux ||
           service.reached_from(inquiry.peer.unmapped().family());
  }
  /// The groups of a process decide, and nobody knows these.
  [[nodiscard]] bool undecided() const { return verdict.attribute == "only_gid" && !inquiry.groups; }
  [[nodiscard]] bool lets_in() const { return !inquiry.live || inquiry.live->lets_in; }
  [[nodiscard]] bool verdict_is(Reason reason) const {
    return verdict.kind == Verdict::Kind::refuse && verdict.reason == reason;
  }
  /// If it finds room in the queue.
  [[nodiscard]] bool would_wait() const {
    const auto& queue = service.settings.queue;
    return queue && queue->number > 0 && verdict.kind == Verdict::Kind::refuse && passes_by_itself(verdict.reason);
  }
  [[nodiscard]] bool admitted() const {
    return inquiry.hindrance.empty() && reached() && lets_in() && verdict.kind == Verdict::Kind::admit;
  }
};

/// The values of an attribute as they would stand in a file.
[[nodiscard]] std::string values(const config::Service& service, std::string_view attribute);

// What each limit comes to for the case.
[[nodiscard]] std::string cps(const Case& c);
[[nodiscard]] std::string per_source_rate(const Case& c);
[[nodiscard]] std::string max_load(const Case& c);
[[nodiscard]] std::string access_times(const Case& c);
[[nodiscard]] std::string instances(const Case& c);
[[nodiscard]] std::string per_source(const Case& c);
[[nodiscard]] std::string fleet_per_source(const Case& c);
[[nodiscard]] std::string fleet_rate(const Case& c);
[[nodiscard]] std::string process_limit(const Case& c);
[[nodiscard]] std::string penalty(const Case& c);
[[nodiscard]] std::string token_rate(const Case& c);
[[nodiscard]] std::string queue(const Case& c);

}  // namespace xsuperd::policy::explaining
