// SPDX-License-Identifier: MIT
// What the system calls of a traced server say about its box. Internal to cli.
#pragma once
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "cli/denial.hpp"
#include "cli/told_calls.hpp"
#include "cli/tracer.hpp"
#include "xsuperd/box/filter.hpp"

namespace xsuperd::cli {

/// Makes Denials of what a Tracer tells. The kernel decides; of the filter it is only found out what the kernel will do,
/// because a filter looks at nothing but registers.
class Witness {
 public:
  struct Filters {
    std::shared_ptr<const box::FilterProgram> own;      ///< the server's; null: none
    std::shared_ptr<const box::FilterProgram> service;  ///< what the server would have with @service; null: as `own`
  };
  Witness(Filters filters, config::BoxSettings box) : filters_(std::move(filters)), box_(std::move(box)) {}

  void begins(const TracedCall& call);
  void failed(const TracedCall& call, int error);
  [[nodiscard]] const DenialList& denials() const { return denials_; }

 private:
  void failed_on_path(const TracedCall& call, const PathArgument& row, int error);
  [[nodiscard]] bool failed_to_connect(const TracedCall& call, int error);

  const Filters filters_;
  const config::BoxSettings box_;
  std::set<pid_t> refused_;  ///< threads whose call the filter refuses
  DenialList denials_;
};

/// Where a sockaddr leads.
struct Destination {
  enum class Kind : std::uint8_t { other, ip, path, abstract };
  Kind kind = Kind::other;
  std::string text;  ///< "127.0.0.1 port 443", "[::1] port 443", a path, or '@' and an abstract name
  std::uint16_t port = 0;
};
/// `bytes` are those of a sockaddr. Pure.
[[nodiscard]] Destination destination_of(std::string_view bytes);

}  // namespace xsuperd::cli
