// SPDX-License-Identifier: MIT
#include "xsuperd/policy/deciding.hpp"

#include "xsuperd/config/attribute.hpp"
#include "xsuperd/config/origin.hpp"

namespace xsuperd::policy {

namespace {

/// Of a refusal by `address`.
config::Place place_of_address(const config::Service& service, const Verdict& verdict) {
  if (verdict.rule) return verdict.rule->place;
  if (!verdict.attribute.empty()) return place_of(service, verdict.attribute);
  if (verdict.banned) return {};
  if (service.kind == config::Kind::sensor || service.has(config::Flag::sensor)) return place_of(service, "flags");
  return place_of(service, "only_from");  // none of its elements matches
}

}  // namespace

config::Place place_of(const config::Service& service, std::string_view attribute) {
  const config::Source source = config::sources_of(service, *config::find_attribute(attribute)).back();
  return source.from == config::Source::From::built_in ? config::Place{} : source.place;
}

config::Place deciding_place(const config::Service& service, const Verdict& verdict) {
  if (verdict.reason == Reason::address) return place_of_address(service, verdict);
  const std::string_view attribute = row_of(verdict.reason).attribute;
  return attribute.empty() ? config::Place{} : place_of(service, attribute);
}

}  // namespace xsuperd::policy
