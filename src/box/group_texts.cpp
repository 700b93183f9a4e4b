// SPDX-License-Identifier: MIT
#include "box/group_texts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "xsuperd/base/text.hpp"

namespace xsuperd::box {

namespace {

constexpr std::string_view boxes_prefix = "xsuperd-boxes-", service_prefix = "service-", box_prefix = "box-";

template <typename Each>
void for_each_line(std::string_view text, Each each) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    each(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

/// "0::/path"
std::optional<std::string_view> unified_group(std::string_view cgroup) {
  std::optional<std::string_view> found;
  for_each_line(cgroup, [&](std::string_view line) {
    if (line.starts_with("0::/")) found = line.substr(3);
  });
  return found;
}

/// Blanks and the like are octal there.
std::string unescaped(std::string_view word) {
  std::string text;
  for (std::size_t at = 0; at < word.size(); ++at) {
    const auto digit = [&](std::size_t i) { return at + i < word.size() && word[at + i] >= '0' && word[at + i] <= '7'; };
    if (word[at] == '\\' && digit(1) && digit(2) && digit(3)) {
      text += static_cast<char>((word[at + 1] - '0') * 64 + (word[at + 2] - '0') * 8 + (word[at + 3] - '0'));
      at += 3;
    } else {
      text += word[at];
    }
  }
  return text;
}

struct Mounted {
  std::string root, at;
};

/// ID PARENT DEVICE ROOT AT OPTIONS [FIELD ...] - TYPE SOURCE OPTIONS
std::optional<Mounted> unified_mount(std::string_view line) {
  const auto words = base::split_words(line);
  const auto dash = std::ranges::find(words, "-");
  if (words.size() < 6 || dash == words.end() || dash + 1 == words.end() || dash[1] != "cgroup2") return std::nullopt;
  return Mounted{unescaped(words[3]), unescaped(words[4])};
}

/// The path from `root` on, with a slash in front or empty; nothing when it is not below.
std::optional<std::string_view> below(std::string_view path, std::string_view root) {
  if (root == "/") return path == "/" ? std::string_view() : path;
  if (!path.starts_with(root)) return std::nullopt;
  path.remove_prefix(root.size());
  return path.empty() || path.front() == '/' ? std::optional(path) : std::nullopt;
}

std::string_view without_leaf(std::string_view group) {
  const auto slash = group.rfind('/');
  if (group.substr(slash + 1) != daemon_leaf) return group;
  return slash == 0 ? "/" : group.substr(0, slash);
}

bool is_plain(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.'; }

std::string text_of(std::uint64_t amount) { return std::to_string(amount); }

}  // namespace

std::optional<GroupPlace> group_place(std::string_view cgroup, std::string_view mountinfo) {
  const auto whole = unified_group(cgroup);
  if (!whole) return std::nullopt;
  const std::string_view group = without_leaf(*whole);
  std::optional<GroupPlace> place;
  for_each_line(mountinfo, [&](std::string_view line) {
    const auto mount = unified_mount(line);
    const auto rest = mount ? below(group, mount->root) : std::nullopt;
    if (rest) place = GroupPlace{mount->at + std::string(*rest), mount->at, rest->empty()};
  });
  return place;
}

std::string boxes_name(std::int64_t daemon) { return fmt::format("{}{}", boxes_prefix, daemon); }

std::optional<std::int64_t> daemon_of(std::string_view name) {
  if (!name.starts_with(boxes_prefix)) return std::nullopt;
  name.remove_prefix(boxes_prefix.size());
  return base::parse_number(name, 1, 1 << 30);
}

/// A name of a directory has at most 255 bytes; what is cut off is told apart by a hash (FNV-1a).
std::string service_name(std::string_view id) {
  constexpr std::size_t most = 200;
  std::string name(service_prefix);
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : id) {
    name += is_plain(c) ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return name.size() <= most ? name : fmt::format("{}\\{:016x}", name.substr(0, most), hash);
}

std::string box_path(std::string_view service, std::uint32_t number) {
  const std::string box = fmt::format("{}{}", box_prefix, number);
  return service.empty() ? box : service_name(service) + '/' + box;
}

bool is_box_path(std::string_view path) {
  if (const auto slash = path.find('/'); slash != path.npos) {
    if (!path.starts_with(service_prefix)) return false;
    path.remove_prefix(slash + 1);
  }
  if (!path.starts_with(box_prefix)) return false;
  path.remove_prefix(box_prefix.size());
  return !path.empty() && std::ranges::all_of(path, [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::vector<GroupText> limit_texts(const Mould::Amounts& amounts, bool of_box) {
  constexpr auto unlimited = Mould::Amounts::unlimited;
  constexpr std::uint64_t period = 100'000;  // microseconds, the kernel's default
  std::vector<GroupText> texts;
  if (amounts.memory != unlimited) texts.push_back({"memory.max", text_of(amounts.memory)});
  if (of_box) texts.push_back({"memory.oom.group", "1"});
  if (amounts.swap != unlimited) texts.push_back({"memory.swap.max", text_of(amounts.swap)});
  if (amounts.tasks != unlimited) texts.push_back({"pids.max", text_of(amounts.tasks)});
  if (amounts.cpu != unlimited) texts.push_back({"cpu.max", fmt::format("{} {}", std::max<std::uint64_t>(amounts.cpu * period / 100, 1000), period)});
  if (amounts.weight != unlimited) texts.push_back({"cpu.weight", text_of(amounts.weight)});
  return texts;
}

std::vector<GroupText> changed_limit_texts(const Mould::Amounts& before, const Mould::Amounts& now) {
  std::vector<GroupText> texts = limit_texts(now, false);
  for (GroupText old : limit_texts(before, false)) {
    if (std::ranges::find(texts, old.file, &GroupText::file) != texts.end()) continue;
    const char* none = old.file == "cpu.weight" ? "100" : "max";
    texts.push_back({std::move(old.file), none});
  }
  return texts;
}

std::vector<std::string_view> controllers_for(const Mould& mould) {
  constexpr auto unlimited = Mould::Amounts::unlimited;
  std::vector<std::string_view> names;
  if (mould.limits_memory() || mould.each.swap != unlimited) names.emplace_back("memory");
  if (mould.each.tasks != unlimited || mould.together.tasks != unlimited) names.emplace_back("pids");
  if (mould.limits_cpu() || mould.each.weight != unlimited) names.emplace_back("cpu");
  return names;
}

std::optional<std::uint64_t> counter(std::string_view text, std::string_view name) {
  std::optional<std::uint64_t> value;
  for_each_line(text, [&](std::string_view line) {
    const auto words = base::split_words(line);
    if (words.size() != 2 || words[0] != name) return;
    if (const auto number = base::parse_number(words[1], 0)) value = static_cast<std::uint64_t>(*number);
  });
  return value;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for_each_line(text, [&](std::string_view line) {
    const auto some = base::split_words(line);
    words.insert(words.end(), some.begin(), some.end());
  });
  return words;
}

bool has_word(std::string_view text, std::string_view word) {
  const auto words = words_of(text);
  return std::ranges::find(words, word) != words.end();
}

}  // namespace xsuperd::box
