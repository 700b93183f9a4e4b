// SPDX-License-Identifier: MIT
// What the internal services metrics and dashboard show. Internal to supervisor.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
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
/// it, and gives that away as a file in memory. However many ask, one page is made at a time for all of them, and after it none
/// for a while that grows with what it has cost: so nobody can keep the daemon busy by asking. Nor can anybody by reading
/// slowly: while peers may still have many bytes of old pages, no further one is made. While somebody looks at the dashboard,
/// and for a minute afterwards, samples of all counters are kept for its plots. Loop thread only.
class Pages {
 public:
  using Made = std::function<void(worker::PageMade)>;
  struct Needs {
    const Roster& roster;
    FileWork& files;
    const log::DaemonLog& log;
    std::function<View()> view;
    std::uint64_t most_out = 128 * 1024 * 1024;  ///< bytes that peers may still have of pages, before no further one is made
  };
  explicit Pages(Needs needs);
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  /// `made` is called once, soon, and never from inside this call; not when the daemon ends before.
  void make(const worker::PageWish& wish, Made made);

 private:
  using What = worker::PageWish::What;
  using SharedFile = std::shared_ptr<const PageFile>;
  struct Waiting {
    PageKey key;
    Made made;
  };
  /// Somebody whose answer is there: the page, or if there is none a few words.
  struct Ready {
    Made made;
    SharedFile file;
    worker::PageMade words;
  };

  [[nodiscard]] worker::PageMade health(const std::string& id);
  [[nodiscard]] const service::Runner* find(const std::string& id);
  void look_at_dashboard();

  void turn_soon();
  void turn();
  void answer_some();
  void begin();
  void collected(std::uint64_t run, std::shared_ptr<Collected> all);
  void written(std::uint64_t run, base::Result<std::vector<PageFile>> files);
  void give_up();

  void refuse(std::vector<Waiting> waiting, std::string_view why);

  void collect(std::shared_ptr<Collection>& by, Collection::Extent extent, Collection::Done then);
  void take_sample();
  void sampled(const control::reply::Metrics& daemon);

  const Needs needs_;
  std::vector<Waiting> waiting_;  ///< for what will be begun next
  std::vector<Waiting> under_way_;
  std::deque<Ready> ready_;
  PagesOut out_;
  std::uint64_t run_ = 0;         ///< what comes of an earlier one is nobody's any more
  base::Moment begun_{};
  std::shared_ptr<Collection> collecting_, sampling_;
  base::Moment sampling_since_{};
  metrics::Samples samples_;      ///< of the last minutes, as long as anybody looks
  base::Moment last_look_{};      ///< at the dashboard
  std::unordered_map<std::string, const service::Runner*> by_id_;  ///< those that are served, by id in lower case
  std::optional<std::uint64_t> by_id_of_;                          ///< Roster::changes() then
  loop::Alarm next_turn_;
  loop::Alarm too_late_;          ///< for what is under way
  loop::Alarm rest_;              ///< until its time nothing is begun
  loop::Alarm next_sample_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace xsuperd::supervisor
