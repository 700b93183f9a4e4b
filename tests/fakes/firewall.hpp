// SPDX-License-Identifier: MIT
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "xsuperd/net/nft.hpp"

namespace xsuperd::fakes {

/// An nftables with sets of elements, which understands what we say to it and no more. As the real one, it does all of a
/// transaction or nothing of it, does not delete what is not there, and keeps the time of an element that is added again.
class Firewall final : public net::Nft {
 public:
  struct Set {
    std::string type, flags;
    int handle = 0;
    std::map<std::string, std::string> elements = {};  ///< and "timeout 5s", or nothing
  };
  using Table = std::map<std::string, Set>;

  explicit Firewall(boost::asio::io_context& loop) : loop_(loop) {}

  void run(Text text, Done done) override {
    ++runs;
    pull(std::move(text), std::move(done), {});
  }

  /// Somebody makes the table anew.
  void make_anew() {
    table_handle = ++handles_;
    for (auto& [name, set] : sets) set.elements.clear();
  }
  [[nodiscard]] std::set<std::string> in(const std::string& set) const {
    std::set<std::string> names;
    if (const auto there = sets.find(set); there != sets.end())
      for (const auto& [name, timeout] : there->second.elements) names.insert(name);
    return names;
  }

  Table sets;               ///< of the one table, "inet t"
  bool there = false;       ///< the table
  int table_handle = 0;
  std::string trouble;      ///< what everything fails with
  int runs = 0;
  std::vector<std::string> transactions;  ///< that changed something
  std::function<void()> on_transaction = [] {};

 private:
  void pull(Text text, Done done, std::string all) {
    boost::asio::post(loop_, [this, text = std::move(text), done = std::move(done), all = std::move(all)]() mutable {
      if (text(all)) return pull(std::move(text), std::move(done), std::move(all));
      boost::asio::post(loop_, [this, done = std::move(done), all = std::move(all)] { done(answer(all)); });
    });
  }

  base::Result<std::string> answer(const std::string& all) {
    if (!trouble.empty()) return base::Error{0, trouble};
    const Table before = sets;
    const bool was_there = there;
    std::string printed;
    std::istringstream lines(all);
    for (std::string line; std::getline(lines, line);)
      if (const std::string wrong = command(line, printed); !wrong.empty()) {
        sets = before;
        there = was_there;
        return base::Error{0, wrong};
      }
    if (all.rfind("list ", 0) != 0) {
      transactions.push_back(all);
      on_transaction();
    }
    return printed;
  }

  std::string command(const std::string& line, std::string& printed) {
    std::istringstream words(line);
    std::string verb, what, family, table, name;
    words >> verb >> what >> family >> table >> name;
    if (verb.empty()) return {};
    if (verb == "list") return there ? (printed += listing(), "") : "No such file or directory";
    if (what == "table") {
      if (!std::exchange(there, true)) table_handle = ++handles_;
      return {};
    }
    if (!there) return "No such file or directory";
    if (what == "set" && verb == "add") return add_set(line, name);
    const auto set = sets.find(name);
    if (set == sets.end()) return "No such file or directory";
    if (verb == "flush") return set->second.elements.clear(), "";
    return elements(line, verb == "add", set->second);
  }

  std::string add_set(const std::string& line, const std::string& name) {
    const auto between = [&line](const std::string& from) {
      const std::size_t at = line.find(from) + from.size();
      return line.substr(at, line.find(';', at) - at);
    };
    Set set{between("type "), between("flags "), 0};
    const auto found = sets.find(name);
    if (found == sets.end()) return set.handle = ++handles_, sets.emplace(name, set), "";
    return found->second.type == set.type && found->second.flags == set.flags ? "" : "Could not process rule: File exists";
  }

  static std::string elements(const std::string& line, bool add, Set& set) {
    std::istringstream list(line.substr(line.find('{') + 1, line.rfind('}') - line.find('{') - 1));
    for (std::string one; std::getline(list, one, ',');) {
      std::istringstream words(one);
      std::string name, word, timeout;
      words >> name >> word >> timeout;
      if (add)
        set.elements.emplace(name, timeout);
      else if (set.elements.erase(name) == 0)
        return "element does not exist";
    }
    return {};
  }

  [[nodiscard]] std::string listing() const {
    std::string text = "table inet t { # handle " + std::to_string(table_handle) + "\n";
    for (const auto& [name, set] : sets)
      text += "\tset " + name + " { # handle " + std::to_string(set.handle) + "\n\t\ttype " + set.type + "\n\t\tflags " + set.flags + "\n\t}\n";
    return text + "}\n";
  }

  boost::asio::io_context& loop_;
  int handles_ = 0;
};

}  // namespace xsuperd::fakes
