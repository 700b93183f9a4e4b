// SPDX-License-Identifier: MIT
#include "supervisor/pages.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <climits>
#include <set>
#include <utility>

#include "supervisor/control/services.hpp"

namespace xsuperd::supervisor {

using control::States;
using worker::PageMade;
using worker::PageWish;

namespace {

/// How long a page is given to others, in the time that it has taken: a tenth of one processor at most goes into pages.
constexpr int worth = 10;
constexpr std::chrono::seconds longest_kept{1};
/// When what is being made has got lost, as it may where there is no memory.
constexpr std::chrono::seconds given_up{10};
constexpr std::chrono::seconds sample_period{1}, sampled_after{60};

/// What a balancer asks: is anybody served?
PageMade health_of(const View& daemon) {
  if (daemon.lifetime().ending()) return short_page(503, "ending");
  return short_page(200, "ok");
}

bool serves(std::string_view state) { return state == States::listening || state == States::busy || state == States::behind_tcpmux; }

PageMade health_of(const View& daemon, const Roster& roster, const std::string& id) {
  const auto found = std::ranges::find_if(roster.served(), [&](const auto& one) { return one->service().id == id; });
  if (found == roster.served().end()) return short_page(404, "no such service");
  const std::string_view state = state_word(**found);
  return short_page(serves(state) && !daemon.lifetime().ending() ? 200 : 503, state);
}

bool of_dashboard(PageKey key) { return key.what == PageWish::What::page || key.what == PageWish::What::live; }

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "this host";
}

base::Result<PageFile> make_file(PageKey key, const Collected& all) {
  if (key.what == PageWish::What::page) return write_page(key, metrics::page_fields(), metrics::page(all.shown));
  if (key.what == PageWish::What::live) return write_page(key, {}, metrics::live(all.shown));
  const auto format = key.what == PageWish::What::open_metrics ? metrics::Format::open_metrics : metrics::Format::text;
  return write_page(key, fmt::format("Content-Type: {}\r\n", metrics::content_type(format)), metrics::exposition(all.snapshot, format));
}

}  // namespace

Pages::Pages(Needs needs) : needs_(std::move(needs)), next_sample_(needs_.files.loop(), [this] { take_sample(); }) {}

void Pages::make(const PageWish& wish, Made made) {
  if (wish.what == What::health)
    return answer_later(std::move(made), wish.name.empty() ? health_of(needs_.view()) : health_of(needs_.view(), needs_.roster, wish.name));
  waiting_.push_back({{wish.what, wish.zipped}, std::move(made)});
  if (of_dashboard(waiting_.back().key)) {
    last_look_ = std::chrono::steady_clock::now();
    if (!next_sample_.is_set()) next_sample_.set(sample_period);
  }
  boost::asio::post(needs_.files.loop(), [this, alive = std::weak_ptr(alive_)] {
    if (alive.lock()) begin();
  });
}

void Pages::answer_later(Made made, PageMade page) {
  boost::asio::post(needs_.files.loop(), [made = std::move(made), page = std::make_shared<PageMade>(std::move(page))] { made(std::move(*page)); });
}

/// Answers whom it can at once, and has the rest made, unless something is being made.
void Pages::begin() {
  const base::Moment now = std::chrono::steady_clock::now();
  std::erase_if(kept_, [&](const PageFile& file) { return file.until <= now; });
  const auto there = [this](const Waiting& one) { return std::ranges::find(kept_, one.key, &PageFile::key) != kept_.end(); };
  const auto rest = std::ranges::partition(waiting_, there);
  std::vector<Waiting> ready(std::move_iterator(waiting_.begin()), std::move_iterator(rest.begin()));
  waiting_.erase(waiting_.begin(), rest.begin());
  answer(std::move(ready));
  if (waiting_.empty() || (!under_way_.empty() && now - begun_ < given_up)) return;
  under_way_ = std::exchange(waiting_, {});
  begun_ = now;
  const bool for_page = std::ranges::any_of(under_way_, [](const Waiting& one) { return of_dashboard(one.key); });
  collect(for_page ? Collection::Extent::page : Collection::Extent::services, [this](auto all) { collected(std::move(all)); });
}

void Pages::collect(Collection::Extent extent, std::function<void(std::shared_ptr<Collected>)> then) {
  std::make_shared<Collection>(needs_.files.loop(), needs_.view(), needs_.roster, extent,
                               [alive = std::weak_ptr(alive_), then = std::move(then)](std::shared_ptr<Collected> all) {
                                 if (alive.lock()) then(std::move(all));
                               })
      ->begin();
}

/// The last sample stands for the time until somebody looks again.
void Pages::take_sample() {
  if (std::chrono::steady_clock::now() - last_look_ > sampled_after) return;
  next_sample_.set(sample_period);
  if (under_way_.empty()) collect(Collection::Extent::sums, [this](const auto& all) { sampled(all->snapshot.daemon); });
}

void Pages::sampled(const control::reply::Metrics& daemon) {
  samples_.add(metrics::sample_of(daemon, std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count()));
}

void Pages::collected(std::shared_ptr<Collected> all) {
  std::set<PageKey> keys;
  for (const Waiting& one : under_way_) keys.insert(one.key);
  if (std::ranges::any_of(keys, of_dashboard)) {
    sampled(all->snapshot.daemon);
    all->shown.samples = samples_;
  }
  needs_.files.off_loop(
      [all = std::move(all), keys = std::move(keys)]() mutable -> base::Result<std::vector<PageFile>> {
        std::vector<PageFile> files;
        all->shown.host = host_name();
        for (const PageKey key : keys) {
          auto file = make_file(key, *all);
          if (!file) return file.error();
          files.push_back(std::move(*file));
        }
        all.reset();  // here, because it may be large
        return files;
      },
      [this, alive = std::weak_ptr(alive_)](base::Result<std::vector<PageFile>> files) {
        if (alive.lock()) written(std::move(files));
      });
}

void Pages::written(base::Result<std::vector<PageFile>> files) {
  std::vector<Waiting> waiting = std::exchange(under_way_, {});
  if (!files) {
    needs_.log.error("a page could not be made: {}", files.error().sentence);
    for (Waiting& one : waiting) one.made(short_page(503, "the page could not be made"));
  } else {
    const base::Moment now = std::chrono::steady_clock::now();
    for (PageFile& file : *files) {
      file.until = now + std::min<base::Moment::duration>(worth * (now - begun_), longest_kept);
      std::erase_if(kept_, [&](const PageFile& other) { return other.key == file.key; });
      kept_.push_back(std::move(file));
    }
    answer(std::move(waiting));
  }
  if (!waiting_.empty()) begin();
}

void Pages::answer(std::vector<Waiting> waiting) {
  for (Waiting& one : waiting) {
    const auto file = std::ranges::find(kept_, one.key, &PageFile::key);
    one.made(file == kept_.end() ? short_page(503, "the page could not be made") : open_page(*file));
  }
}

}  // namespace xsuperd::supervisor
