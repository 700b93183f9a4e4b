// SPDX-License-Identifier: MIT
// Characters of a locale, for tests. No test leaves its locale to the next one: they may run in one process.
#pragma once
#include <clocale>
#include <string>

namespace xsuperd::ctl {

/// The locale's character set for the life of it.
class Characters {
 public:
  explicit Characters(const char* locale) : before_(std::setlocale(LC_CTYPE, nullptr)) { set_ = std::setlocale(LC_CTYPE, locale); }
  ~Characters() { std::setlocale(LC_CTYPE, before_.c_str()); }
  Characters(const Characters&) = delete;
  Characters& operator=(const Characters&) = delete;
  /// Does the system have that locale?
  [[nodiscard]] bool set() const { return set_ != nullptr; }

 private:
  std::string before_;
  const char* set_;
};

}  // namespace xsuperd::ctl
