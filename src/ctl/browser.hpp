// SPDX-License-Identifier: MIT
// Where somebody is in the live view of `top`, and what the keys change. Internal to ctl; pure.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ctl/activity_page.hpp"
#include "ctl/keys.hpp"

namespace xsuperd::ctl {

/// There are three pages: the table of services, a single service, and help. The mark in the table stays on its service
/// whatever place that gets.
class Browser {
 public:
  enum class Place : std::uint8_t { table, service, help };
  /// What is to be done after a key.
  enum class Effect : std::uint8_t {
    nothing,
    ask,      ///< the daemon, at once
    redraw,   ///< all of the screen
    arrange,  ///< order or filter are others: the services must be chosen and sorted again, then `follow`
    end
  };
  using Services = std::vector<ServiceActivity>;

  explicit Browser(Sort sort) : sort_(sort) {}

  /// `services` as the table has them.
  [[nodiscard]] Effect press(Press press, const Services& services);
  /// After services or their order have changed.
  void follow(const Services& services);
  /// What was drawn for the view: how far it could be scrolled.
  void drawn(const Page& page);

  [[nodiscard]] Place place() const { return place_; }
  /// The id of the one on the page of a service; empty: that page is not open.
  [[nodiscard]] const std::string& service() const { return service_; }
  [[nodiscard]] Sort sort() const { return sort_; }
  [[nodiscard]] const std::string& filter() const { return filter_; }
  [[nodiscard]] View view() const;

 private:
  [[nodiscard]] Effect type(Press press);
  [[nodiscard]] Effect move(Key key, const Services& services);
  [[nodiscard]] Effect sort_by(Sort sort);
  [[nodiscard]] Effect open(const Services& services);
  [[nodiscard]] Effect back();
  [[nodiscard]] Effect filter_by(std::string pattern);
  void unmark();

  Place place_ = Place::table;
  Place behind_help_ = Place::table;
  Sort sort_;
  std::string filter_;
  std::optional<std::string> typed_;
  std::string service_;
  std::optional<std::size_t> marked_;
  std::string marked_id_;
  std::size_t first_ = 0;  ///< of the table
  std::size_t below_ = 0;  ///< of the other pages
  std::size_t room_ = 0;
};

/// Where a key leads from place `at`, of `count` places of which `room` are seen; `at` for a key that does not lead anywhere.
[[nodiscard]] std::size_t moved(Key key, std::size_t at, std::size_t count, std::size_t room);

/// All keys, for whoever asks.
[[nodiscard]] Page help_page(const View& view, PageSize size);

}  // namespace xsuperd::ctl
