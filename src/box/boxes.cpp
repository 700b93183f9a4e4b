// SPDX-License-Identifier: MIT
#include "xsuperd/box/boxes.hpp"

#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <csignal>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "box/group_files.hpp"
#include "box/group_texts.hpp"
#include "box/helper_link.hpp"
#include "box/inspection.hpp"
#include "box/messages.hpp"
#include "box/over_groups.hpp"
#include "box/shelf.hpp"
#include "xsuperd/loop/alarm.hpp"

namespace xsuperd::box {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// How many boxes the helper is asked for at a time: what it is sent and what it sends fits into the socket.
constexpr std::size_t most_asked = 64;
constexpr milliseconds look{1'000};
constexpr milliseconds pause{20};

bool somebody_waits(const std::map<std::uint32_t, Shelf>& shelves) {
  return std::ranges::any_of(shelves, [](const auto& one) { return !one.second.waiting.empty(); });
}

void count_lent(BoxCounts& counts, const Box& box) {
  ++counts.lent;
  if (box.used) ++counts.again;
}

bool same(const std::shared_ptr<const Mould>& a, const std::shared_ptr<const Mould>& b) { return a == b || *a == *b; }

}  // namespace

struct Boxes::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& on, Options with)
      : loop(on), options(std::move(with)), helper(std::make_shared<HelperLink>(on, callbacks())), alarm(on, [this] { tick(); }) {}

  Shelf& shelf_of(const std::shared_ptr<const Mould>& mould);
  std::optional<Box> lend(const std::shared_ptr<const Mould>& mould, Done done);
  Struck take_back(Box box);
  void keep_or_discard(Box box);
  void discard(const Box& box);
  void renew();
  void leave(Shelf& shelf);
  void drop_needless();
  void tell_soon();
  void tell_groups();

  void refill_soon();
  void refill();
  void ask(Shelf& shelf, std::size_t boxes);
  [[nodiscard]] bool have_helper();
  [[nodiscard]] HelperLink::Callbacks callbacks();
  void take(const Reply& reply, std::vector<base::Fd> descriptors);
  void arrived(Shelf& shelf, Box box);
  void refused(Shelf& shelf, std::size_t boxes, const base::Error& error);

  void lost(const std::string& why);
  void fail_all(const base::Error& error);

  void tick();
  void drop_old(Clock::time_point now);
  void settle(milliseconds most);
  void close();

  boost::asio::io_context& loop;
  Options options;
  std::shared_ptr<HelperLink> helper;
  loop::Alarm alarm;
  std::map<std::uint32_t, Shelf> shelves;
  std::size_t asked = 0;  ///< of the helper, and not come yet
  std::uint32_t last_shelf = 0;
  bool refills = false, tells = false;  ///< in a turn of the loop that is to come
  bool grouped = false;  ///< the helper has made control groups
  OverGroups doomed;     ///< of boxes whose servers are to end
  OverGroups over;       ///< of boxes that are over
  Clock::time_point heard{};
  BoxCounts counts;
  bool closed = false;
};

Shelf& Boxes::Impl::shelf_of(const std::shared_ptr<const Mould>& mould) {
  for (auto& [number, shelf] : shelves)
    if (!shelf.leaving && same(shelf.mould, mould)) return shelf;
  const std::uint32_t number = ++last_shelf;
  return shelves.emplace(number, Shelf{.mould = mould, .number = number}).first->second;
}

std::optional<Box> Boxes::Impl::lend(const std::shared_ptr<const Mould>& mould, Done done) {
  Shelf& shelf = shelf_of(mould);
  shelf.lent = Clock::now();
  std::optional<Box> box;
  if (shelf.waiting.empty()) box = shelf.take();
  while (box && is_gone(*box)) {
    discard(*box);
    box = shelf.take();
  }
  if (box)
    count_lent(counts, *box);
  else
    shelf.waiting.push_back(std::move(done));
  if (shelf.wanted(options.spare) > 0) refill_soon();
  if (!alarm.is_set()) alarm.set(look);
  return box;
}

/// With all that runs in it.
void Boxes::Impl::discard(const Box& box) {
  ::syscall(SYS_pidfd_send_signal, box.keeper.get(), SIGKILL, nullptr, 0U);
  over.add(box.group_path);
  tell_soon();
}

/// The groups of what has ended in one turn of the loop are told of together.
void Boxes::Impl::tell_soon() {
  if (closed || (doomed.empty() && over.empty()) || std::exchange(tells, true)) return;
  boost::asio::post(loop, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->closed) return;
    self->tells = false;
    self->tell_groups();
  });
}

/// What cannot be told now is told at the next tick.
void Boxes::Impl::tell_groups() {
  if (doomed.empty() && over.empty()) return;
  if (!helper->open() && !closed)
    if (const std::string trouble = helper->start(); !trouble.empty() && options.on_trouble) options.on_trouble(trouble);
  for (const auto& [kind, groups] : {std::pair(Request::Kind::kill, &doomed), std::pair(Request::Kind::drop, &over)})
    groups->tell_all([&, kind = kind](std::string_view paths) { return helper->open() ? helper->send({kind, 0, 0}, paths) : EPIPE; });
  if (!(doomed.empty() && over.empty()) && !closed && !alarm.is_set()) alarm.set(look);
}

Struck Boxes::Impl::take_back(Box box) {
  const Struck struck = box.group ? struck_in(box.group.get()) : Struck{};
  keep_or_discard(std::move(box));
  return struck;
}

/// One that an image of the daemon before this one has lent has no mould.
void Boxes::Impl::keep_or_discard(Box box) {
  const bool reusable = box.mould && box.mould->reuse;
  const bool clean = reusable && looks_as_new(box);
  if (reusable && !clean) ++counts.doubtful;
  const auto shelf = clean ? shelves.find(box.shelf) : shelves.end();
  if (shelf == shelves.end() || shelf->second.leaving) {
    ++counts.discarded;
    return discard(box);
  }
  box.used = true;
  arrived(shelf->second, std::move(box));
}

/// What several connections want in one turn of the loop is asked for together.
void Boxes::Impl::refill_soon() {
  if (std::exchange(refills, true)) return;
  boost::asio::post(loop, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->closed) return;
    self->refills = false;
    self->refill();
  });
}

/// What is more than the helper is to have at a time is asked for when it has answered.
void Boxes::Impl::refill() {
  for (auto& [number, shelf] : shelves) {
    const std::size_t boxes = std::min(shelf.wanted(options.spare), most_asked - std::min(asked, most_asked));
    if (boxes == 0) continue;
    if (!have_helper()) return;
    ask(shelf, boxes);
    if (!helper->open()) return;
  }
}

void Boxes::Impl::ask(Shelf& shelf, std::size_t boxes) {
  int error = 0;
  if (!shelf.told) {
    const std::string bytes = encode(*shelf.mould);
    if (bytes.size() > most_mould_bytes) return refused(shelf, boxes, {E2BIG, "can't make a box: it has too many paths"});
    error = helper->send({Request::Kind::mould, shelf.number, 0}, bytes);
  }
  if (error == 0) {
    shelf.told = true;
    error = helper->send({Request::Kind::box, shelf.number, static_cast<std::uint32_t>(boxes)});
  }
  if (error == EAGAIN) return alarm.set(pause);  // it has much to do
  if (error != 0) return lost(fmt::format("can't talk to the helper that makes boxes: {}", base::errno_text(error)));
  if (asked == 0) heard = Clock::now();
  asked += boxes;
  shelf.asked += boxes;
}

bool Boxes::Impl::have_helper() {
  if (helper->open()) return true;
  const std::string trouble = helper->start();
  if (helper->open()) return true;
  if (!trouble.empty() && options.on_trouble) options.on_trouble(trouble);
  // Answered in a turn of their own: who asks is not called back at once.
  alarm.set(milliseconds(0));
  return false;
}

HelperLink::Callbacks Boxes::Impl::callbacks() {
  return {.start = options.start,
          .on_reply = [this](const Reply& reply, std::vector<base::Fd> descriptors) { take(reply, std::move(descriptors)); },
          .on_replies = [this] { refill(); },
          .on_lost = [this](const std::string& why) { lost(why); }};
}

void Boxes::Impl::take(const Reply& reply, std::vector<base::Fd> descriptors) {
  heard = Clock::now();
  const auto found = shelves.find(reply.mould);
  if (found == shelves.end() || reply.boxes > found->second.asked) return;
  Shelf& shelf = found->second;
  shelf.asked -= reply.boxes;
  asked -= reply.boxes;
  if (reply.error != 0)
    return refused(shelf, reply.boxes, base::system_error(reply.error, fmt::format("can't make a box: {} failed", reply.what)));
  const std::size_t each = descriptors_of(*shelf.mould);
  grouped = grouped || shelf.mould->has_group();
  if (descriptors.size() != each * reply.boxes) return refused(shelf, reply.boxes, {EMFILE, "can't take a box: there are no descriptors left"});
  shelf.failing = false;
  auto next = descriptors.begin();
  for (std::uint32_t i = 0; i < reply.boxes; ++i) {
    Box box = shelf.unpacked(next);
    if (box.group) box.group_path = box_path(box.mould->together.any() ? std::string_view(box.mould->service) : "", reply.groups[i]);
    remember_as_new(box);
    ++counts.made;
    arrived(shelf, std::move(box));
    if (closed) return;
  }
}

void Boxes::Impl::arrived(Shelf& shelf, Box box) {
  if (shelf.leaving) return discard(box);
  if (shelf.waiting.empty()) return shelf.spare.push_front(std::move(box));
  Done done = std::move(shelf.waiting.front());
  shelf.waiting.pop_front();
  count_lent(counts, box);
  done(std::move(box));
}

void Boxes::Impl::refused(Shelf& shelf, std::size_t boxes, const base::Error& error) {
  counts.failed += boxes;
  shelf.failing = true;
  for (; boxes > 0 && !shelf.waiting.empty() && !closed; --boxes) {
    Done done = std::move(shelf.waiting.front());
    shelf.waiting.pop_front();
    done(error);
  }
}

/// Spare boxes go with it: their keepers notice. Who waits is helped by the next one.
void Boxes::Impl::lost(const std::string& why) {
  helper->give_up();
  if (options.on_trouble) options.on_trouble(why);
  asked = 0;
  for (auto& [number, shelf] : shelves) {
    shelf.told = false;
    shelf.asked = 0;
    for (const Box& box : shelf.spare) over.add(box.group_path);
    shelf.spare.clear();
  }
  alarm.set(look);
}

void Boxes::Impl::fail_all(const base::Error& error) {
  std::deque<Done> waiting;
  for (auto& [number, shelf] : shelves)
    for (Done& done : std::exchange(shelf.waiting, {})) waiting.push_back(std::move(done));
  for (Done& done : waiting)
    if (!closed) done(error);
}

void Boxes::Impl::tick() {
  const auto now = Clock::now();
  if (asked > 0 && now - heard > options.silence) lost("the helper that makes boxes does not answer");
  drop_old(now);
  drop_needless();
  tell_groups();
  // A helper that cannot be started now cannot be waited for.
  if (somebody_waits(shelves) && !helper->open() && !helper->lives() && !have_helper()) fail_all({EAGAIN, "the helper that makes boxes does not run"});
  if (somebody_waits(shelves) && helper->open()) refill();
  if (!closed && (!shelves.empty() || !doomed.empty() || !over.empty()) && !alarm.is_set()) alarm.set(look);
}

void Boxes::Impl::drop_needless() {
  for (auto& [number, shelf] : shelves)
    for (const Box& box : shelf.take_needless(options.spare)) discard(box);
}

/// Who waits goes on waiting, for a box of a new one.
void Boxes::Impl::leave(Shelf& shelf) {
  shelf.leaving = true;
  for (const Box& box : std::exchange(shelf.spare, {})) discard(box);
  if (shelf.waiting.empty()) return;
  Shelf& next = shelf_of(shelf.mould);
  next.lent = shelf.lent;
  next.waiting = std::exchange(shelf.waiting, {});
  refill_soon();
}

void Boxes::Impl::renew() {
  std::vector<std::uint32_t> numbers;
  for (const auto& [number, shelf] : shelves)
    if (!shelf.leaving) numbers.push_back(number);
  for (const std::uint32_t number : numbers) leave(shelves.at(number));
  drop_old(Clock::now());
}

void Boxes::Impl::drop_old(Clock::time_point now) {
  for (auto at = shelves.begin(); at != shelves.end();) {
    Shelf& shelf = at->second;
    if (!shelf.waiting.empty() || shelf.asked > 0 || (!shelf.leaving && now - shelf.lent < options.spare_for)) {
      ++at;
      continue;
    }
    for (const Box& box : shelf.spare) discard(box);
    if (shelf.told && helper->open()) (void)helper->send({Request::Kind::forget, shelf.number, 0});
    at = shelves.erase(at);
  }
}

void Boxes::Impl::settle(milliseconds most) {
  const auto end = Clock::now() + most;
  refill();
  while (somebody_waits(shelves) && helper->open()) {
    const auto left = std::chrono::ceil<milliseconds>(end - Clock::now());
    if (left.count() <= 0 || !helper->wait(left)) break;
    helper->take_replies();
  }
  fail_all({EAGAIN, "no box could be made in time"});
}

void Boxes::Impl::close() {
  closed = true;
  alarm.cancel();
  for (auto& [number, shelf] : shelves)
    for (const Box& box : shelf.spare) discard(box);
  tell_groups();
  // One that has made control groups removes them, and then ends by itself.
  helper->close(grouped);
}

Boxes::Boxes(boost::asio::io_context& loop, Options options) : impl_(std::make_shared<Impl>(loop, std::move(options))) {}

Boxes::~Boxes() { impl_->close(); }

std::optional<Box> Boxes::lend(const std::shared_ptr<const Mould>& mould, Done done) { return impl_->lend(mould, std::move(done)); }

void Boxes::kill(const Box& box) {
  impl_->doomed.add(box.group_path);
  impl_->tell_soon();
}

Struck Boxes::take_back(Box box) { return impl_->take_back(std::move(box)); }

void Boxes::renew() { impl_->renew(); }

void Boxes::settle(milliseconds most) { impl_->settle(most); }

const BoxCounts& Boxes::counts() const { return impl_->counts; }

std::size_t Boxes::spare() const {
  std::size_t all = 0;
  for (const auto& [number, shelf] : impl_->shelves) all += shelf.spare.size();
  return all;
}

int Boxes::helper_pidfd() const { return impl_->helper->pidfd(); }

}  // namespace xsuperd::box
