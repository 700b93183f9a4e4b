// SPDX-License-Identifier: MIT
// A copy of what all services have counted. Internal to supervisor.
#pragma once
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "supervisor/control/view.hpp"
#include "xsuperd/metrics/exposition.hpp"
#include "xsuperd/metrics/page.hpp"
#include "xsuperd/tls/offer.hpp"

namespace xsuperd::supervisor {

/// What was copied. May be large: to be destroyed by a thread that has the time.
struct Collected {
  metrics::Snapshot snapshot;
  /// For the dashboard only; some of it is left to whoever makes the page.
  metrics::Shown shown;
  struct Offered {
    std::string service;
    std::shared_ptr<const tls::Offer> offer;
  };
  std::vector<Offered> offers;
};

/// Makes the copy in slices, between which the loop does what else there is to do: with ten thousand services one slice takes
/// about half a millisecond, like any other. Loop thread only.
class Collection : public std::enable_shared_from_this<Collection> {
 public:
  using Done = std::function<void(std::shared_ptr<Collected>)>;
  /// All that `daemon` refers to, and the roster, outlive it. `for_page`: with what the dashboard shows besides figures.
  Collection(boost::asio::io_context& loop, const View& daemon, const Roster& roster, bool for_page, Done done);
  /// `done` is called once, when all are copied, and never from inside this call. To be called once.
  void begin();

 private:
  void go_on();
  void add(const service::Runner& runner);
  void add_for_page(const service::Runner& runner);
  void finish();
  void finish_page();
  [[nodiscard]] std::vector<std::size_t> chosen() const;

  boost::asio::io_context& loop_;
  const View daemon_;
  const Roster& roster_;
  const bool for_page_;
  const Done done_;
  Services services_;
  std::size_t next_ = 0;
  service::Counters sum_;
  std::uint64_t running_ = 0;
  std::uint64_t undecided_ = 0;
  std::shared_ptr<Collected> collected_ = std::make_shared<Collected>();
};

}  // namespace xsuperd::supervisor
