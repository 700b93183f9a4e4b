// SPDX-License-Identifier: MIT
#include "ctl/browser.hpp"

#include <catch2/catch.hpp>

using namespace xsuperd::ctl;
using Place = Browser::Place;
using Effect = Browser::Effect;

namespace {

Browser::Services services(const std::vector<std::string>& ids) {
  Browser::Services all;
  for (const std::string& id : ids) all.emplace_back().now.id = id;
  return all;
}

const Browser::Services abc = services({"a", "b", "c"});

Effect press(Browser& browser, Key key) { return browser.press({key, 0}, abc); }

/// As a terminal tells what is typed: a letter may also be a key.
void type(Browser& browser, const std::string& text) {
  for (const char c : text) (void)browser.press({c == 'q' ? Key::quit : c == 'n' ? Key::name : Key::other, c}, abc);
}

}  // namespace

TEST_CASE("The first arrow marks what is on top, the next ones move the mark as far as there are services") {
  Browser browser(Sort::rate);
  CHECK_FALSE(browser.view().marked.has_value());
  (void)press(browser, Key::down);
  CHECK(browser.view().marked == 0u);
  (void)press(browser, Key::down);
  CHECK(browser.view().marked == 1u);
  (void)press(browser, Key::end);
  (void)press(browser, Key::down);
  CHECK(browser.view().marked == 2u);
  (void)press(browser, Key::home);
  (void)press(browser, Key::up);
  CHECK(browser.view().marked == 0u);
}

TEST_CASE("The mark stays on its service when the order changes, and goes with it") {
  Browser browser(Sort::rate);
  (void)press(browser, Key::down);
  browser.follow(services({"c", "b", "a"}));
  CHECK(browser.view().marked == 2u);
  browser.follow(services({"c", "b"}));
  CHECK_FALSE(browser.view().marked.has_value());
}

TEST_CASE("Enter opens the service that is marked, or the one on top, and q leads back") {
  Browser browser(Sort::rate);
  CHECK(press(browser, Key::enter) == Effect::ask);
  CHECK(browser.place() == Place::service);
  CHECK(browser.service() == "a");
  CHECK(press(browser, Key::quit) == Effect::nothing);
  CHECK(browser.place() == Place::table);
  CHECK(browser.service().empty());
  (void)press(browser, Key::down);
  (void)press(browser, Key::enter);
  CHECK(browser.service() == "b");
  CHECK(press(browser, Key::back) == Effect::nothing);
  CHECK(press(browser, Key::quit) == Effect::end);
}

TEST_CASE("Where there is no service, there is none to mark or to open") {
  Browser browser(Sort::rate);
  for (const Key key : {Key::down, Key::end, Key::page_up, Key::enter}) CHECK(browser.press({key, 0}, {}) == Effect::nothing);
  CHECK(browser.place() == Place::table);
  CHECK_FALSE(browser.view().marked.has_value());
}

TEST_CASE("Help opens from everywhere and leads back to where it was asked for") {
  Browser browser(Sort::rate);
  (void)press(browser, Key::enter);
  (void)press(browser, Key::help);
  CHECK(browser.place() == Place::help);
  (void)press(browser, Key::back);
  CHECK(browser.place() == Place::service);
  (void)press(browser, Key::back);
  (void)press(browser, Key::help);
  (void)press(browser, Key::help);
  CHECK(browser.place() == Place::table);
}

TEST_CASE("A filter is typed with letters that are keys elsewhere, corrected, taken and left") {
  Browser browser(Sort::rate);
  (void)press(browser, Key::filter);
  type(browser, "qn\xc3\xb6");
  CHECK(browser.view().typed == "qn\xc3\xb6");
  (void)press(browser, Key::erase);
  CHECK(browser.view().typed == "qn");
  CHECK(browser.filter().empty());
  CHECK(press(browser, Key::enter) == Effect::arrange);
  CHECK(browser.filter() == "qn");
  CHECK_FALSE(browser.view().typed.has_value());
  (void)press(browser, Key::filter);
  type(browser, "xyz");
  CHECK(press(browser, Key::back) == Effect::nothing);
  CHECK(browser.filter() == "qn");
}

TEST_CASE("In the table Esc takes away the filter, then the mark, and then ends") {
  Browser browser(Sort::rate);
  (void)press(browser, Key::filter);
  type(browser, "*");
  (void)press(browser, Key::enter);
  (void)press(browser, Key::down);
  CHECK(press(browser, Key::back) == Effect::arrange);
  CHECK(browser.filter().empty());
  CHECK(press(browser, Key::back) == Effect::nothing);
  CHECK_FALSE(browser.view().marked.has_value());
  CHECK(press(browser, Key::back) == Effect::end);
}

TEST_CASE("Each order has a key, which shows the first of it") {
  Browser browser(Sort::rate);
  (void)press(browser, Key::end);
  const std::vector<std::pair<Key, Sort>> orders{{Key::name, Sort::name}, {Key::running, Sort::running},
                                                 {Key::refused, Sort::refused}, {Key::bytes, Sort::bytes}, {Key::rate, Sort::rate}};
  for (const auto& [key, sort] : orders) {
    CHECK(press(browser, key) == Effect::arrange);
    CHECK(browser.view().sort == sort);
    CHECK_FALSE(browser.view().marked.has_value());
    CHECK(browser.view().first == 0);
  }
}

TEST_CASE("Help has all keys on a screen of 80 columns and 24 lines, and scrolls on a smaller one") {
  View view;
  const Page page = help_page(view, {80, 24});
  const std::string text = text_of(page);
  for (const char* word : {"  r ", "  f, x ", "  / ", "  Enter ", "  Esc ", "  q "}) CHECK(text.find(word) != std::string::npos);
  CHECK(page.lines.size() == 24);
  view.first = 1'000;
  const Page small = help_page(view, {80, 8});
  CHECK(small.lines.size() == 8);
  CHECK(text_of(small).find("  q ") != std::string::npos);
}
