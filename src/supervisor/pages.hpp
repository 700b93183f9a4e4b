// SPDX-License-Identifier: MIT
// What the internal services metrics and dashboard show. Internal to supervisor.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "supervisor/collection.hpp"
#include "supervisor/file_work.hpp"
#include "supervisor/page_files.hpp"
#include "xsuperd/log/daemon_log.hpp"
#include "xsuperd/loop/alarm.hpp"
#include "xsuperd/metrics/page.hpp"
#include "xsuperd/worker/conversations.hpp"

namespace xsuperd::supervisor {

/// Makes pages for peers that a worker speaks with: copies what there is in slices (Collection), has a thread make a text of
/// it, and gives that away as a file in memory. However many ask, one page is made at a time, and what was made is given to
/// others for a while that grows with what it has cost: so nobody can keep the daemon busy by asking. While somebody looks at
/// the dashboard, and for a minute afterwards, samples of all counters are kept for its plots. Loop thread only.
class Pages {
 public:
  using Made = std::function<void(worker::PageMade)>;
  struct Needs {
    const Roster& roster;
    FileWork& files;
    const log::DaemonLog& log;
    std::function<View()> view;
  };
  explicit Pages(Needs needs);
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  /// `made` is called once, soon, and never from inside this call; not when the daemon ends before.
  void make(const worker::PageWish& wish, Made made);

 private:
  using What = worker::PageWish::What;
  struct Waiting {
    PageKey key;
    Made made;
  };
  void begin();
  void collect(Collection::Extent extent, std::function<void(std::shared_ptr<Collected>)> then);
  void collected(std::shared_ptr<Collected> all);
  void take_sample();
  void sampled(const control::reply::Metrics& daemon);
  void written(base::Result<std::vector<PageFile>> files);
  void answer(std::vector<Waiting> waiting);
  void answer_later(Made made, worker::PageMade page);

  const Needs needs_;
  std::vector<Waiting> waiting_;   ///< for what will be begun next
  std::vector<Waiting> under_way_;
  std::vector<PageFile> kept_;     ///< one of a key at most
  base::Moment begun_{};
  metrics::Samples samples_;       ///< of the last minutes, as long as anybody looks
  base::Moment last_look_{};       ///< at the dashboard
  loop::Alarm next_sample_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace xsuperd::supervisor
