// SPDX-License-Identifier: MIT
#include "xsuperd/convert/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "convert/output.hpp"
#include "convert/seams.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/convert/convert.hpp"

namespace xsuperd::convert {

namespace {

constexpr std::string_view usage_text =
    "usage: xsuperctl convert --from inetd|xinetd|systemd --to xinetd|systemd [--output DIR] [--force] [--all] "
    "FILE...\n"
    "  --from LANGUAGE  of the files: inetd.conf, xinetd.conf (or a directory of it), .socket and .service units\n"
    "  --to LANGUAGE    to write\n"
    "  --output DIR     where to write the files; without it they go to the standard output\n"
    "  --force          replace files that exist\n"
    "  --all            to systemd: disabled services too, as units that nothing starts\n";

struct Arguments {
  std::string from, to, output;
  bool force = false;
  bool all = false;
  bool help = false;
  std::vector<std::string> paths;
};

/// The value of an option that takes one: behind "=", or the next word. Null for another option.
std::string* place_of(Arguments& a, std::string_view option) {
  return option == "--from"                       ? &a.from
         : option == "--to"                       ? &a.to
         : option == "--output" || option == "-o" ? &a.output
                                                  : nullptr;
}

/// Takes one word of the command line, or two; the sentence says what is wrong with it.
std::string take(Arguments& a, const std::vector<std::string>& words, std::size_t& at) {
  const std::string& word = words[at];
  const std::size_t equals = word.starts_with("--") ? word.find('=') : std::string::npos;
  const std::string option = word.substr(0, equals);
  if (std::string* value = place_of(a, option)) {
    if (equals == std::string::npos && at + 1 == words.size()) return option + " needs a value";
    *value = equals == std::string::npos ? words[++at] : word.substr(equals + 1);
    return {};
  }
  const std::pair<std::string_view, bool*> switches[]{{"--force", &a.force}, {"--all", &a.all}, {"--help", &a.help}};
  for (const auto& [name, given] : switches)
    if (word == name) return *given = true, std::string{};
  if (word.size() > 1 && word.front() == '-') return "unknown option " + word;
  if (std::find(a.paths.begin(), a.paths.end(), word) == a.paths.end()) a.paths.push_back(word);
  return {};
}

std::string wrong(const Arguments& a) {
  if (a.help) return {};
  if (a.from != "inetd" && a.from != "xinetd" && a.from != "systemd") return "--from must be inetd, xinetd or systemd";
  if (a.to != "xinetd" && a.to != "systemd") return "--to must be xinetd or systemd";
  if (a.from == a.to) return "nothing to convert from " + a.from + " to " + a.to;
  if (a.paths.empty()) return "no files given";
  if (a.all && a.to != "systemd") return "--all is only for --to systemd";
  for (const std::string& path : a.paths)
    if (a.from == "xinetd" && path.find_first_of(" \t\n") != std::string::npos)
      return "a path must not contain blanks: " + path;
  return {};
}

Conversion inetd_files(const Arguments& a, config::Files& files, config::Names& names) {
  std::vector<Source> sources;
  std::vector<Finding> unread;
  const auto cannot_read = [&](const std::string& path, std::string why) {
    Finding& finding = unread.emplace_back();
    finding.weight = Weight::error;
    finding.place.file = path;
    finding.sentence = std::move(why);
  };
  for (const std::string& path : a.paths) {
    const auto kind = files.kind(path);
    const auto text = files.read(path);
    if (kind && *kind == config::Files::Kind::directory)
      cannot_read(path, "this is a directory: name its files");
    else if (!text)
      cannot_read(path, text.error().sentence);
    else
      sources.push_back({path, *text});
  }
  Conversion result = inetd_to_xinetd(sources, names, &files);
  result.findings.insert(result.findings.begin(), unread.begin(), unread.end());
  return result;
}

Conversion convert(const Arguments& a, config::Files& files) {
  config::SystemNames names;
  if (a.from == "systemd") return systemd_to_xinetd(a.paths, files, names);
  if (a.to == "systemd") return to_systemd(a.paths, files, names, {a.from == "inetd", a.all});
  return inetd_files(a, files, names);
}

/// Bytes that would do something to a terminal, or are not ASCII, as \xHH.
std::string fit_for_terminal(std::string_view text) {
  std::string fit;
  for (const char c : text) fit += c == '\\' ? std::string(1, c) : base::escaped(std::string_view(&c, 1));
  return fit;
}

void print_report(const Conversion& conversion, std::FILE* err) {
  std::size_t counts[3]{};
  for (const Finding& one : conversion.findings) {
    ++counts[static_cast<std::size_t>(one.weight)];
    std::string where = fit_for_terminal(one.place.file);
    if (!where.empty() && one.place.line > 0) where += fmt::format(":{}", one.place.line);
    if (!where.empty()) where += ": ";
    fmt::print(err, "{}{}: {}\n", where, word_of(one.weight), fit_for_terminal(one.sentence));
  }
  const auto many = [](std::size_t n, const char* what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); };
  fmt::print(err, "xsuperctl: {}, {}, {}, {}\n", many(conversion.files.size(), "file"), many(counts[2], "error"),
             many(counts[1], "gap"), many(counts[0], "note"));
}

void print_files(const std::vector<File>& files, std::FILE* out) {
  for (const File& file : files) fmt::print(out, "# File: {}\n{}\n", file.name, file.text);
}

int fail(std::FILE* err, Exit status, const std::string& sentence) {
  fmt::print(err, "xsuperctl: {}\n", fit_for_terminal(sentence));
  return static_cast<int>(status);
}

}  // namespace

std::string_view word_of(Weight weight) {
  return weight == Weight::note ? "note" : weight == Weight::loss ? "gap" : "error";
}

int run(const std::vector<std::string>& words, std::FILE* out, config::Files& real, Outcome& outcome) {
  const auto fail = [&](Exit status, const std::string& sentence) {
    outcome.failure = sentence;
    return static_cast<int>(status);
  };
  Arguments a;
  for (std::size_t at = 0; at < words.size(); ++at)
    if (const std::string why = take(a, words, at); !why.empty()) return fail(Exit::usage, why);
  if (const std::string why = wrong(a); !why.empty()) return fail(Exit::usage, why);
  if (a.help) return fmt::print(out, "{}", usage_text), static_cast<int>(Exit::good);
  WatchedFiles files(real);
  Conversion& conversion = outcome.conversion = convert(a, files);
  outcome.converted = true;
  outcome.printed = a.output.empty();
  // What was kept from others stays so.
  const bool secret = !files.secret().empty();
  if (secret && !a.output.empty()) {
    Finding& finding = conversion.findings.emplace_back();
    finding.place.file = files.secret();
    finding.sentence = "this file is not readable by everybody, and neither is what is written";
  }
  if (!a.output.empty())
    if (const auto error = write_files(conversion.files, a.output, a.force, secret)) return fail(Exit::losses, error->sentence);
  if (conversion.has(Weight::error)) return static_cast<int>(Exit::input);
  return static_cast<int>(conversion.has(Weight::loss) ? Exit::losses : Exit::good);
}

int tell(const Outcome& outcome, int status, std::FILE* out, std::FILE* err) {
  if (outcome.converted) print_report(outcome.conversion, err);
  if (!outcome.failure.empty()) return fail(err, static_cast<Exit>(status), outcome.failure);
  if (!outcome.printed) return status;
  print_files(outcome.conversion.files, out);
  return std::fflush(out) == 0 ? status : fail(err, Exit::losses, "cannot write to the standard output");
}

int run(const std::vector<std::string>& words, std::FILE* out, std::FILE* err) {
  config::SystemFiles files;
  Outcome outcome;
  const int status = run(words, out, files, outcome);
  return tell(outcome, status, out, err);
}

}  // namespace xsuperd::convert
