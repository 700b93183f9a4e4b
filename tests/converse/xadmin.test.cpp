// SPDX-License-Identifier: MIT
#include "converse/talking.hpp"

using namespace xsuperd;
using namespace xsuperd::converse;
using namespace xsuperd::converse::testing;

namespace {

Parameters texts() {
  Parameters parameters;
  parameters.texts = {"Running\nall of them\n", "Available\nnone\n"};
  return parameters;
}

struct Admin : Talking {
  Admin() : Talking(Kind::xadmin, texts()) { CHECK(hear(2) == "> "); }
  /// The answer with the next prompt.
  std::string ask(std::string_view command) {
    say(std::string(command) + "\r\n");
    REQUIRE(run_until(loop, [&] { return !hear() || heard.ends_with("> "); }));
    return std::exchange(heard, {});
  }
};

}  // namespace

TEST_CASE("xadmin shows what runs and what there is") {
  Admin admin;
  CHECK(admin.ask("show run") == "Running\nall of them\n> ");
  CHECK(admin.ask("show avail") == "Available\nnone\n> ");
  CHECK(admin.ask("show run") == "Running\nall of them\n> ");
}

TEST_CASE("xadmin understands commands by their beginnings, in either case") {
  Admin admin;
  for (const auto* word : {"sh r", "SHOW RUN", "show running", "  show   run  "})
    CHECK(admin.ask(word) == "Running\nall of them\n> ");
  CHECK(admin.ask("s a") == "Available\nnone\n> ");
}

TEST_CASE("xadmin helps, and says what it does not know") {
  Admin admin;
  for (const auto* command : {"help", "h"})
    for (const auto* word : {"show run", "show avail", "bye", "exit", "quit"})
      CHECK(admin.ask(command).find(word) != std::string::npos);
  CHECK(admin.ask("show").find("show avail") != std::string::npos);
  CHECK(admin.ask("show nothing").find("show avail") != std::string::npos);
  CHECK(admin.ask("dance").find("help") != std::string::npos);
  CHECK(admin.ask("") == "> ");
}

TEST_CASE("xadmin says bye bye and closes") {
  const std::string word = GENERATE("bye", "exit", "quit", "b", "E", "qu");
  Admin admin;
  admin.say(word + "\nshow run\n");
  CHECK(admin.hear_all() == "bye bye\n");
  admin.end_writing();
  admin.result();
}

TEST_CASE("xadmin obeys commands that come in one piece, one after the other") {
  Admin admin;
  std::string all, expected;
  for (int i = 0; i < 200; ++i) {
    all += "s r\n";
    expected += "Running\nall of them\n> ";
  }
  admin.say(all + "bye\n");
  CHECK(admin.hear_all() == expected + "bye bye\n");
}

TEST_CASE("xadmin puts up with a line of 255 characters, not with a longer one") {
  Admin admin;
  CHECK(admin.ask(std::string(254, 'x')).ends_with("> "));
  admin.say(std::string(300, 'x'));
  CHECK(admin.hear_all() == "line too long\n");
  admin.end_writing();
  admin.result();
}

TEST_CASE("xadmin ends with the client") {
  Admin admin;
  admin.end_writing();
  CHECK(admin.hear_all().empty());
  CHECK(admin.result().in == 0);
}
