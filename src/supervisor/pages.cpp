// SPDX-License-Identifier: MIT
#include "supervisor/pages.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <map>
#include <set>
#include <utility>

#include "supervisor/control/services.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::supervisor {

using control::States;
using worker::PageMade;
using worker::PageWish;

namespace {

using namespace std::chrono_literals;

/// How long none is made after a page, in the time that it has taken: a quarter of one processor at most goes into pages. Nobody is
/// shown what is older than his question.
constexpr int rest_after = 3;
constexpr auto longest_rest = 1s;
/// When what is being made has got lost, as it may where there is no memory.
constexpr auto given_up = 10s;
constexpr auto sample_period = 1s, sampled_after = 60s;
/// Each is given a descriptor, which is open until the worker has taken it.
constexpr std::size_t most_answers = 64;
constexpr auto between_turns = 2ms;

constexpr std::string_view could_not = "the page could not be made";

bool serves(const service::Runner& runner) {
  const std::string_view state = state_word(runner);
  return state == States::listening || state == States::busy || state == States::behind_tcpmux;
}

/// Whoever asks has reached one of these: they say nothing about the others.
bool shows_pages(const config::Service& service) {
  return service.kind == config::Kind::internal && (base::iequals(service.name, "metrics") || base::iequals(service.name, "dashboard"));
}

/// Does any service accept requests? True also when there is none.
bool anybody_serves(const Runners& served) {
  bool others = false;
  for (const auto& one : served) {
    if (shows_pages(one->service())) continue;
    if (serves(*one)) return true;
    others = true;
  }
  return !others;
}

bool of_dashboard(PageKey key) { return key.what == PageWish::What::page || key.what == PageWish::What::live; }

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "this host";
}

base::Result<PageFile> make_file(PageKey key, const Collected& all) {
  if (key.what == PageWish::What::page) return write_page(key, metrics::page_fields(), [&](const auto& to) { to(metrics::page(all.shown)); });
  if (key.what == PageWish::What::live) return write_page(key, {}, [&](const auto& to) { to(metrics::live(all.shown)); });
  const auto format = key.what == PageWish::What::open_metrics ? metrics::Format::open_metrics : metrics::Format::text;
  return write_page(key, fmt::format("Content-Type: {}\r\n", metrics::content_type(format)),
                    [&](const auto& to) { metrics::expose(all.snapshot, format, to); });
}

base::Result<std::vector<PageFile>> make_files(const std::set<PageKey>& keys, Collected& all) {
  std::vector<PageFile> files;
  all.shown.host = host_name();
  for (const PageKey key : keys) {
    auto file = make_file(key, all);
    if (!file) return file.error();
    files.push_back(std::move(*file));
  }
  return files;
}

}  // namespace

Pages::Pages(Needs needs)
    : needs_(std::move(needs)),
      next_turn_(needs_.files.loop(), [this] { turn(); }),
      too_late_(needs_.files.loop(), [this] { give_up(); }),
      rest_(needs_.files.loop(), [this] { turn_soon(); }),
      next_sample_(needs_.files.loop(), [this] { take_sample(); }) {}

void Pages::make(const PageWish& wish, Made made) {
  if (wish.what == What::health) {
    ready_.push_back({std::move(made), nullptr, health(wish.name)});
  } else {
    waiting_.push_back({{wish.what, wish.zipped}, std::move(made)});
    if (of_dashboard(waiting_.back().key)) look_at_dashboard();
  }
  turn_soon();
}

// ---- Health ---------------------------------------------------------------------------------------------------------------

/// What a balancer asks: of the service with that id, or with none whether anybody is served.
PageMade Pages::health(const std::string& id) {
  const bool ending = needs_.view().lifetime().ending();
  if (id.empty()) {
    if (ending) return short_page(503, "ending");
    return anybody_serves(needs_.roster.served()) ? short_page(200, "ok") : short_page(503, "no service accepts requests");
  }
  const service::Runner* runner = find(id);
  if (!runner) return short_page(404, "no such service");
  return short_page(serves(*runner) && !ending ? 200 : 503, state_word(*runner));
}

const service::Runner* Pages::find(const std::string& id) {
  if (by_id_of_ != needs_.roster.changes()) {
    by_id_of_.reset();
    by_id_.clear();
    for (const auto& one : needs_.roster.served()) by_id_.emplace(base::to_lower(one->service().id), one.get());
    by_id_of_ = needs_.roster.changes();
  }
  const auto found = by_id_.find(base::to_lower(id));
  return found == by_id_.end() ? nullptr : found->second;
}

// ---- Turns ----------------------------------------------------------------------------------------------------------------

void Pages::turn_soon() {
  if (!next_turn_.is_set()) next_turn_.set(0ms);
}

void Pages::turn() {
  next_turn_.set(between_turns);  // first, whatever is thrown
  answer_some();
  begin();
  if (ready_.empty()) next_turn_.cancel();
}

void Pages::answer_some() {
  for (std::size_t i = 0; i < most_answers && !ready_.empty(); ++i) {
    Ready one = std::move(ready_.front());
    ready_.pop_front();
    one.made(one.file ? open_page(*one.file) : std::move(one.words));
  }
}

/// Has the pages made that are waited for, unless something is being made, or was a moment ago.
void Pages::begin() {
  if (waiting_.empty() || !under_way_.empty() || rest_.is_set()) return;
  if (out_.bytes() > needs_.most_out) return refuse(std::exchange(waiting_, {}), "too many pages are still being read");
  under_way_ = std::exchange(waiting_, {});
  begun_ = std::chrono::steady_clock::now();
  too_late_.set(given_up);
  const bool for_page = std::ranges::any_of(under_way_, [](const Waiting& one) { return of_dashboard(one.key); });
  collect(collecting_, for_page ? Collection::Extent::page : Collection::Extent::services,
          [this, run = ++run_](std::shared_ptr<Collected> all) { collected(run, std::move(all)); });
}

void Pages::collected(std::uint64_t run, std::shared_ptr<Collected> all) {
  collecting_.reset();
  std::set<PageKey> keys;
  for (const Waiting& one : under_way_) keys.insert(one.key);
  if (std::ranges::any_of(keys, of_dashboard)) {
    sampled(all->snapshot.daemon);
    all->shown.samples = samples_;
  }
  needs_.files.off_loop(
      [all = std::move(all), keys = std::move(keys)]() mutable {
        auto files = make_files(keys, *all);
        all.reset();  // here, because it may be large
        return files;
      },
      [this, run, alive = std::weak_ptr(alive_)](base::Result<std::vector<PageFile>> files) {
        if (alive.lock()) written(run, std::move(files));
      });
}

void Pages::written(std::uint64_t run, base::Result<std::vector<PageFile>> files) {
  if (run != run_ || under_way_.empty()) return;
  too_late_.cancel();
  std::vector<Waiting> waiting = std::exchange(under_way_, {});
  const auto took = std::chrono::ceil<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun_);
  rest_.set(std::min<std::chrono::milliseconds>(rest_after * took, longest_rest));
  turn_soon();
  if (!files) {
    needs_.log.error("a page could not be made: {}", files.error().sentence);
    return refuse(std::move(waiting), could_not);
  }
  std::map<PageKey, SharedFile> made;
  for (PageFile& file : *files) {
    if (file.key.what != What::live) file.out = out_.add(file.size);  // which the worker reads at once
    made[file.key] = std::make_shared<const PageFile>(std::move(file));
  }
  for (Waiting& one : waiting) ready_.push_back({std::move(one.made), made.at(one.key), {}});
}

void Pages::give_up() {
  collecting_.reset();
  ++run_;
  turn_soon();
  needs_.log.error("a page could not be made within {} seconds", given_up.count());
  refuse(std::exchange(under_way_, {}), could_not);
}

// ---- Answers --------------------------------------------------------------------------------------------------------------

void Pages::refuse(std::vector<Waiting> waiting, std::string_view why) {
  for (Waiting& one : waiting) ready_.push_back({std::move(one.made), nullptr, short_page(503, why)});
}

// ---- What is shown --------------------------------------------------------------------------------------------------------

/// It belongs to us, so that nothing that is posted keeps a Runner beyond what that refers to.
void Pages::collect(std::shared_ptr<Collection>& by, Collection::Extent extent, Collection::Done then) {
  by = std::make_shared<Collection>(needs_.files.loop(), needs_.view(), needs_.roster, extent, std::move(then));
  by->begin();
}

void Pages::look_at_dashboard() {
  last_look_ = std::chrono::steady_clock::now();
  if (!next_sample_.is_set()) next_sample_.set(sample_period);
}

/// The last sample stands for the time until somebody looks again.
void Pages::take_sample() {
  if (std::chrono::steady_clock::now() - last_look_ > sampled_after) return;
  next_sample_.set(sample_period);
  const base::Moment now = std::chrono::steady_clock::now();
  if (!under_way_.empty() || (sampling_ && now - sampling_since_ < given_up)) return;
  sampling_since_ = now;
  collect(sampling_, Collection::Extent::sums, [this](const std::shared_ptr<Collected>& all) {
    sampling_.reset();
    sampled(all->snapshot.daemon);
  });
}

void Pages::sampled(const control::reply::Metrics& daemon) {
  samples_.add(metrics::sample_of(daemon, std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count()));
}

}  // namespace xsuperd::supervisor
