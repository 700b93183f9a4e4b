// SPDX-License-Identifier: MIT
// One answer, then the end: daytime, time, and the lists of servers and services (facts B9.4, B9.5).
#include "converse/talks.hpp"

namespace xsuperd::converse {

namespace {

class Answer final : public Talk {
 public:
  Answer(Opening& opening, std::string text) : Talk(opening), text_(std::move(text)), rest_(text_) {}

 private:
  void step() override {
    if (send(rest_)) farewell();
  }

  std::string text_;
  std::string_view rest_;  // of text_: what is still to be sent
};

}  // namespace

std::unique_ptr<Talk> make_answer(Opening& opening, std::string text) {
  return std::make_unique<Answer>(opening, std::move(text));
}

std::unique_ptr<Talk> make_text(Opening& opening) {
  auto& texts = opening.parameters.texts;
  return make_answer(opening, texts.empty() ? std::string() : std::move(texts.front()));
}

}  // namespace xsuperd::converse
