// SPDX-License-Identifier: MIT
// print_manual attributes|options|commands|exits|reasons|records|fields: prints a generated part of xsuperd.conf(5), xsuperd(8),
// xsuperctl(1) or xsuperd.log(5), for tests/shape/manual. print_manual own: prints the attributes that xinetd has not, which
// xsuperd-migrate(7) names, for tests/shape/manual-items.
#include <fmt/format.h>

#include <boost/mp11/algorithm.hpp>
#include <cstdio>
#include <string_view>

#include "ctl/arguments.hpp"
#include "ctl/commands.hpp"
#include "ctl/help.hpp"
#include "ctl/options.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/cli/generate.hpp"
#include "xsuperd/config/attribute.hpp"
#include "xsuperd/log/fields.hpp"
#include "xsuperd/policy/reason.hpp"

namespace {

using xsuperd::cli::mdoc_literal;
using xsuperd::cli::mdoc_text;

/// The items of the command summary, and those of the options that follow it.
std::string command_manual() {
  std::string page;
  for (const auto& one : xsuperd::ctl::commands()) {
    page += fmt::format(".It Cm {}", mdoc_literal(one.name));
    std::string words = mdoc_literal(one.synopsis);
    if (const auto dashes = words.find(" -- "); dashes != words.npos) words.replace(dashes, 4, " \\-\\- ");  // else style
    if (!words.empty()) page += fmt::format(" No \"{}\"", words);
    page += "\n" + mdoc_text(one.text);
  }
  for (const auto& one : xsuperd::ctl::option_words()) {
    page += fmt::format(".It Fl {}", mdoc_literal(one.word.substr(1)));
    if (!one.argument.empty()) page += fmt::format(" Ar {}", mdoc_literal(one.argument));
    page += "\n" + mdoc_text(one.text);
  }
  return page;
}

/// The exit statuses of xsuperctl, but for those of health.
std::string exit_manual() {
  std::string page;
  for (const int status : {0, 1, 2, 3, 4, 125}) {
    std::string item;
    for (const auto& one : xsuperd::ctl::exit_meanings()) {
      if (one.status != status || one.commands == "health") continue;
      if (!item.empty()) item.insert(item.size() - 1, ";");
      std::string commands;
      for (const auto command : xsuperd::base::split_words(one.commands)) commands += fmt::format(" {} ,", mdoc_literal(command));
      if (!commands.empty()) item += fmt::format(".Cm{} :\n", commands.substr(0, commands.size() - 2));
      item += mdoc_text(one.text);
    }
    if (!item.empty()) page += fmt::format(".It {}\n{}", status, item);
  }
  return page;
}

/// The reasons of FAIL entries.
std::string reason_manual() {
  std::string page;
  for (const auto& row : xsuperd::policy::reason_table)
    page += fmt::format(".It Li {}\n{}", mdoc_literal(row.word), mdoc_text(row.sentence));
  return page;
}

/// The kinds of records in event logs, with the names of their fields.
std::string record_manual() {
  using namespace xsuperd;
  std::string page;
  boost::mp11::mp_for_each<boost::mp11::mp_transform<boost::mp11::mp_identity, log::Records>>([&](auto one) {
    using Kind = typename decltype(one)::type;
    std::string names;
    base::for_each_member<Kind>([&](auto member) { names += (names.empty() ? "" : ", ") + std::string(member.name); });
    page += fmt::format(".It Li {}\n{}", Kind::word, mdoc_text(fmt::format("{} Fields: {}.", Kind::text, names)));
  });
  return page;
}

/// The fields of records.
std::string field_manual() {
  std::string page;
  for (const auto& field : xsuperd::log::record::fields) page += fmt::format(".It Li {}\n{}", field.name, mdoc_text(field.text));
  return page;
}

/// The attributes that xinetd does not have, in the form of items.
std::string own_attributes() {
  std::string page;
  for (const auto& row : xsuperd::config::attributes())
    if (!xsuperd::config::in_xinetd(row)) page += fmt::format(".It Ic {}\n", row.name);
  return page;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc == 2 ? argv[1] : "";
  const std::string page = what == "attributes" ? xsuperd::cli::attribute_manual()
                           : what == "options"  ? xsuperd::cli::option_manual()
                           : what == "commands" ? command_manual()
                           : what == "exits"    ? exit_manual()
                           : what == "reasons"  ? reason_manual()
                           : what == "records"  ? record_manual()
                           : what == "fields"   ? field_manual()
                           : what == "own"      ? own_attributes()
                                                : std::string{};
  if (page.empty()) return std::fputs("usage: print_manual attributes|options|commands|exits|reasons|records|fields|own\n", stderr), 2;
  return std::fwrite(page.data(), 1, page.size(), stdout) == page.size() ? 0 : 1;
}
