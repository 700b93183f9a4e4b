// SPDX-License-Identifier: MIT
#pragma once
#include <mutex>
#include <string>
#include <vector>

#include "xsuperd/net/service_manager.hpp"

namespace xsuperd::fakes {

/// What a service manager was told, in order: the lines themselves, "+name" for what it is to keep and "-name" for what
/// it is to forget. It outlives the ServiceManager that fills it.
class ManagerTold {
 public:
  void add(std::string what) {
    const std::scoped_lock lock(mutex_);
    all_.push_back(std::move(what));
  }
  [[nodiscard]] std::vector<std::string> all() const {
    const std::scoped_lock lock(mutex_);
    return all_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> all_;
};

class FakeManager final : public net::ServiceManager {
 public:
  explicit FakeManager(ManagerTold& told) : told_(told) {}
  bool deaf = false;  ///< every word fails

  base::Result<void> tell(const std::string& lines) override { return note(lines); }
  base::Result<void> store(int, const std::string& name) override { return note("+" + name); }
  base::Result<void> forget(const std::string& name) override { return note("-" + name); }

 private:
  base::Result<void> note(std::string what) {
    told_.add(std::move(what));
    if (deaf) return base::Error{0, "nobody listens"};
    return {};
  }
  ManagerTold& told_;
};

}  // namespace xsuperd::fakes
