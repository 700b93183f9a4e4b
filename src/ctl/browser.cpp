// SPDX-License-Identifier: MIT
#include "ctl/browser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "ctl/table.hpp"

namespace xsuperd::ctl {

namespace {

constexpr std::size_t longest_filter = 255;
}  // namespace

std::size_t moved(Key key, std::size_t at, std::size_t count, std::size_t room) {
  const std::size_t last = count - std::min<std::size_t>(count, 1), page = std::max<std::size_t>(room, 1);
  switch (key) {
    case Key::up: return at - std::min<std::size_t>(at, 1);
    case Key::down: return std::min(at + 1, last);
    case Key::page_up: return at - std::min(at, page);
    case Key::page_down: return std::min(at + page, last);
    case Key::home: return 0;
    case Key::end: return last;
    default: return at;
  }
}

namespace {

/// Takes away the last character, which may have several bytes.
void erase_last(std::string& text) {
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80) text.pop_back();
  if (!text.empty()) text.pop_back();
}

}  // namespace

Browser::Effect Browser::press(Press press, const Services& services) {
  if (typed_) return type(press);
  switch (press.key) {
    case Key::quit: return place_ == Place::table ? Effect::end : back();
    case Key::back: return back();
    case Key::now: return Effect::ask;
    case Key::redraw: return Effect::redraw;
    case Key::help:
      if (place_ == Place::help) return back();
      behind_help_ = std::exchange(place_, Place::help);
      below_ = 0;
      return Effect::nothing;
    default: break;
  }
  if (place_ != Place::table) return move(press.key, services);
  switch (press.key) {
    case Key::enter: return open(services);
    case Key::filter: typed_ = filter_; return Effect::nothing;
    case Key::rate: return sort_by(Sort::rate);
    case Key::running: return sort_by(Sort::running);
    case Key::refused: return sort_by(Sort::refused);
    case Key::name: return sort_by(Sort::name);
    case Key::bytes: return sort_by(Sort::bytes);
    default: return move(press.key, services);
  }
}

Browser::Effect Browser::type(Press press) {
  if (press.key == Key::enter) return filter_by(*std::exchange(typed_, std::nullopt));
  if (press.key == Key::back) return typed_.reset(), Effect::nothing;
  if (press.key == Key::redraw) return Effect::redraw;
  if (press.key == Key::erase)
    erase_last(*typed_);
  else if (press.letter != 0 && typed_->size() < longest_filter)
    *typed_ += press.letter;
  return Effect::nothing;
}

Browser::Effect Browser::move(Key key, const Services& services) {
  if (key < Key::up || key > Key::end) return Effect::nothing;
  // How far down the other pages go is known when they are drawn.
  constexpr std::size_t far = 1'000'000'000;
  if (place_ != Place::table) return below_ = moved(key, below_, far, room_), Effect::nothing;
  if (services.empty()) return Effect::nothing;
  // The first key only shows the mark, unless it leads elsewhere.
  const bool shows = !marked_ && (key == Key::up || key == Key::down);
  const std::size_t at = marked_.value_or(std::min(first_, services.size() - 1));
  marked_ = shows ? at : moved(key, at, services.size(), room_);
  marked_id_ = services[*marked_].now.id;
  return Effect::nothing;
}

Browser::Effect Browser::sort_by(Sort sort) {
  sort_ = sort;
  unmark();
  return Effect::arrange;
}

Browser::Effect Browser::filter_by(std::string pattern) {
  filter_ = std::move(pattern);
  unmark();
  return Effect::arrange;
}

Browser::Effect Browser::open(const Services& services) {
  if (services.empty()) return Effect::nothing;
  marked_ = marked_.value_or(std::min(first_, services.size() - 1));
  marked_id_ = service_ = services[*marked_].now.id;
  place_ = Place::service;
  below_ = 0;
  return Effect::ask;
}

/// One step: from help to where it was asked for, from a service to the table; there first the filter and then the mark
/// are taken away.
Browser::Effect Browser::back() {
  below_ = 0;
  if (place_ == Place::help) return place_ = behind_help_, Effect::nothing;
  if (place_ == Place::service) {
    place_ = Place::table;
    service_.clear();
    return Effect::nothing;
  }
  if (!filter_.empty()) return filter_.clear(), Effect::arrange;
  if (!marked_) return Effect::end;
  marked_.reset();
  return Effect::nothing;
}

void Browser::unmark() {
  marked_.reset();
  first_ = 0;
}

void Browser::follow(const Services& services) {
  if (!marked_) return;
  if (*marked_ < services.size() && services[*marked_].now.id == marked_id_) return;
  const auto found = std::find_if(services.begin(), services.end(), [&](const auto& one) { return one.now.id == marked_id_; });
  // Nothing else is meant in the place of a service that is gone.
  if (found == services.end())
    marked_.reset();
  else
    marked_ = static_cast<std::size_t>(found - services.begin());
}

void Browser::drawn(const Page& page) {
  (place_ == Place::table ? first_ : below_) = page.first;
  room_ = page.room;
}

View Browser::view() const {
  View view;
  view.sort = sort_;
  view.first = place_ == Place::table ? first_ : below_;
  view.keys = true;
  view.marked = marked_;
  view.filter = filter_;
  view.typed = typed_;
  return view;
}

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 15> all_keys{{
    {"r", "sort by requests per second"},
    {"n", "sort by name"},
    {"u", "sort by running servers"},
    {"f, x", "sort by refusals per second"},
    {"b", "sort by bytes per second"},
    {"Up, Down, k, j", "mark a service, or scroll by a line"},
    {"Page Up, ^B", "a page up"},
    {"Page Down, ^F", "a page down"},
    {"Home, End, g, G", "to the first or last line"},
    {"Enter", "details of the service that is marked"},
    {"/", "show what matches a pattern, as web-*; an empty one shows all"},
    {"Space", "update at once"},
    {"^L", "redraw the screen"},
    {"Esc", "go back; in the table, take away filter, then mark, then quit"},
    {"q", "go back; in the table, quit"},
}};

}  // namespace

Page help_page(const View& view, PageSize size) {
  std::vector<Line> body;
  for (const auto& [keys, text] : all_keys)
    body.push_back({{cut(fmt::format("  {:<16} {}", keys, text), size.columns), Look::plain}});
  return scrolled({parts_line({"Keys of xsuperctl top"}, size.columns, Look::strong), {}}, body, {"q back", "arrows scroll"}, view, size);
}

}  // namespace xsuperd::ctl
