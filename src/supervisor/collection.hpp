// SPDX-License-Identifier: MIT
// A copy of what all services have counted. Internal to supervisor.
#pragma once
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <tuple>

#include "supervisor/control/view.hpp"
#include "xsuperd/metrics/exposition.hpp"
#include "xsuperd/metrics/page.hpp"

namespace xsuperd::supervisor {

/// What was copied. May be large: to be destroyed by a thread that has the time.
struct Collected {
  metrics::Snapshot snapshot;
  metrics::Shown shown;  ///< Extent::page only
  std::shared_ptr<Collected> given_up;  ///< what was copied before the services changed, and has to be destroyed, too
};

/// Makes the copy in slices, between which the loop does what else there is to do: with ten thousand services one slice takes
/// about half a millisecond, like any other. When the services change meanwhile, or begin to count anew, it copies again, twice
/// at most, as sums of what does not belong together might be less than what was told before; while it only lists them it begins
/// again as often as they change. Its owner may let go of it at
/// any time; nothing is called then. Loop thread only.
class Collection : public std::enable_shared_from_this<Collection> {
 public:
  enum class Extent : std::uint8_t {
    sums,      ///< what the daemon as a whole has counted
    services,  ///< and each service
    page,      ///< and what the dashboard shows besides figures
  };
  using Done = std::function<void(std::shared_ptr<Collected>)>;
  /// All that `daemon` refers to, and the roster, outlive it.
  Collection(boost::asio::io_context& loop, const View& daemon, const Roster& roster, Extent extent, Done done);
  /// `done` is called once, when all are copied, and never from inside this call; it may let go of this object. To be called once.
  void begin();

 private:
  using Step = void (Collection::*)();
  /// In trouble, requests that run, requests accepted, and how many services are behind it, itself included.
  using Rank = std::tuple<bool, std::uint64_t, std::uint64_t, std::size_t>;
  void later(Step step);
  /// Does `one` for each from `next_` to `count` as long as the slice lasts, and then goes on with this step again, or the next.
  template <typename One>
  void in_slices(std::size_t count, Step again, Step next, One one);
  void list_anew();
  void copy_anew();
  // The steps, in their order.
  void list_services();
  void list_retired();
  void copy_services();
  void add_retired();
  void sum_up();
  void copy_chosen();
  void add_lists();
  void finish();
  void add(const service::Runner& runner);
  void add_for_page(std::size_t i);
  void choose(std::size_t i);

  boost::asio::io_context& loop_;
  const View daemon_;
  const Roster& roster_;
  const Extent extent_;
  const Done done_;
  Services services_;
  Services retired_;
  std::uint64_t changes_ = 0;  ///< of the roster, when both were taken from it
  int times_ = 1;              ///< how often it was begun
  std::map<Rank, Services::value_type, std::greater<>> chosen_;  ///< of services_, for the page
  std::size_t next_ = 0;
  service::Counters sum_;
  std::uint64_t running_ = 0;
  std::uint64_t undecided_ = 0;
  std::shared_ptr<Collected> collected_ = std::make_shared<Collected>();
};

}  // namespace xsuperd::supervisor
