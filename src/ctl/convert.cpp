// SPDX-License-Identifier: MIT
// `convert`, with its report and its files as JSON where that is wanted.
#include <fmt/format.h>

#include "ctl/answers.hpp"
#include "ctl/commands.hpp"
#include "ctl/counted_files.hpp"
#include "ctl/failure.hpp"
#include "xsuperd/convert/run.hpp"

namespace xsuperd::ctl {

namespace {

json::object json_of(const convert::Conversion& conversion) {
  told::Conversion all;
  for (const convert::File& file : conversion.files) all.files.push_back({file.name, file.text});
  for (const convert::Finding& one : conversion.findings) {
    told::Loss loss;
    loss.level = convert::word_of(one.weight);
    if (!one.place.file.empty()) loss.file = one.place.file;
    if (one.place.line > 0) loss.line = one.place.line;
    if (one.place.column > 0) loss.column = one.place.column;
    loss.sentence = one.sentence;
    all.findings.push_back(std::move(loss));
  }
  return control::write(all);
}

}  // namespace

int convert(const std::vector<std::string>& words, std::FILE* out, std::FILE* err) {
  auto plain = words;
  if (wants_json(words)) std::erase(plain, "--json");
  convert::Outcome outcome;
  Progress progress(err, "converting", "file");
  CountedFiles files(progress);
  const int status = convert::run(plain, out, files, outcome);
  progress.end();
  if (!wants_json(words)) return convert::tell(outcome, status, out, err);
  if (!outcome.failure.empty())
    return fail({out, err, true}, static_cast<Exit>(status), status == static_cast<int>(Exit::usage) ? "usage" : "failed",
                outcome.failure, json_of(outcome.conversion));
  fmt::print(out, "{}\n", json::serialize(json_of(outcome.conversion)));
  return status;
}

}  // namespace xsuperd::ctl
