// SPDX-License-Identifier: MIT
// `convert`, with its report and its files as JSON where that is wanted.
#include <fmt/format.h>

#include "ctl/commands.hpp"
#include "ctl/failure.hpp"
#include "xsuperd/convert/run.hpp"

namespace xsuperd::ctl {

namespace {

json::value text_or_null(const std::string& text) { return text.empty() ? json::value(nullptr) : json::value(control::json_text(text)); }
json::value number_or_null(int number) { return number > 0 ? json::value(number) : json::value(nullptr); }

json::object json_of(const convert::Conversion& conversion) {
  json::array files, findings;
  for (const convert::File& file : conversion.files)
    files.push_back({{"name", control::json_text(file.name)}, {"text", control::json_text(file.text)}});
  for (const convert::Finding& one : conversion.findings)
    findings.push_back({{"level", convert::word_of(one.weight)},
                        {"file", text_or_null(one.place.file)},
                        {"line", number_or_null(one.place.line)},
                        {"column", number_or_null(one.place.column)},
                        {"sentence", control::json_text(one.sentence)}});
  return {{"files", std::move(files)}, {"findings", std::move(findings)}};
}

}  // namespace

int convert(const std::vector<std::string>& words, std::FILE* out, std::FILE* err) {
  if (!wants_json(words)) return convert::run(words, out, err);
  auto plain = words;
  std::erase(plain, "--json");
  convert::Outcome outcome;
  const int status = convert::run(plain, out, err, &outcome);
  if (!outcome.failure.empty())
    return fail({out, err, true}, static_cast<Exit>(status), status == static_cast<int>(Exit::usage) ? "usage" : "failed",
                outcome.failure, json_of(outcome.conversion));
  fmt::print(out, "{}\n", json::serialize(json_of(outcome.conversion)));
  return status;
}

}  // namespace xsuperd::ctl
