// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "config/fixture.hpp"

// What the processes in a box may use: values, and what becomes of them where the kernel has no controllers.
using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {

using Controllers = Abilities::Controllers;
using State = Controllers::State;

BoxSettings box_of(const std::string& lines) { return confinement_of(with(lines).at("x")).box; }
bool refused(const std::string& line, const std::string& sentence) {
  const World w = with(line);
  return w.refused("x") && w.said(sentence);
}
Abilities with_controllers(Controllers controllers) {
  Abilities abilities;
  abilities.controllers = [controllers] { return controllers; };
  return abilities;
}
constexpr Controllers none{State::not_in_kernel, State::not_in_kernel, State::not_in_kernel};
constexpr Controllers not_ours{State::not_permitted, State::not_permitted, State::not_permitted};

std::string reason(const std::string& lines, const Controllers& controllers = none) { return hindrance(with(lines).at("x"), with_controllers(controllers)); }

}  // namespace

TEST_CASE("sizes take K, M, G and T, and print as bytes") {
  CHECK(box_of("memory_max = 64M").each.memory == 64U << 20);
  CHECK(box_of("memory_max = 70000").each.memory == 70000U);
  CHECK(box_of("memory_max = 2g\nswap_max = 1T").each.swap == std::uint64_t{1} << 40);
  CHECK(box_of("service_memory_max = 512k").together.memory == 512U << 10);
  CHECK_FALSE(box_of("memory_max = unlimited").each.any());
  const World w = with("memory_max = 64M\nswap_max = 0\ncpu_quota = 150%\nservice_cpu_quota = UNLIMITED");
  const std::string text = dump(w.at("x").settings, "");
  for (const char* line : {"67108864", "150%", "UNLIMITED"}) CHECK(text.find(line) != std::string::npos);
}

TEST_CASE("amounts that are none, or of which nobody could live, are refused") {
  for (const char* word : {"0", "65535", "64X", "M", "-1", "1.5G", "9999999T"}) CHECK(refused(std::string("memory_max = ") + word, "memory_max is invalid: " + std::string(word)));
  for (const char* word : {"0", "many", "5K"}) CHECK(refused(std::string("tasks_max = ") + word, "tasks_max is invalid: " + std::string(word)));
  for (const char* word : {"50", "0%", "%", "x%", "1000001%", "1.5%"}) CHECK(refused(std::string("cpu_quota = ") + word, "cpu_quota is invalid: " + std::string(word)));
  for (const char* word : {"0", "10001", "idle"}) CHECK(refused(std::string("cpu_weight = ") + word, "cpu_weight is invalid: " + std::string(word)));
  CHECK(refused("swap_max = -1", "swap_max is invalid: -1"));
}

TEST_CASE("each limit makes a box, and strict has 64 tasks unless others are given") {
  for (const char* line : {"memory_max = 1M", "swap_max = 0", "tasks_max = 5", "cpu_quota = 5%", "cpu_weight = 5", "service_memory_max = 1M", "service_tasks_max = 5", "service_cpu_quota = 5%"})
    CHECK(box_of(line).needed());
  CHECK_FALSE(box_of("tasks_max = UNLIMITED").needed());
  CHECK(box_of("sandbox = strict").each.tasks == 64U);
  CHECK(box_of("sandbox = strict").tasks_of_preset);
  CHECK(box_of("sandbox = strict\ntasks_max = 5").each.tasks == 5U);
  CHECK_FALSE(box_of("sandbox = strict\ntasks_max = UNLIMITED").each.any());
}

TEST_CASE("where the kernel has no controllers, what nothing else can keep is a reason not to open the service") {
  CHECK(reason("tasks_max = 5").starts_with("tasks_max without dynamic_user, and this machine has no controller"));
  for (const char* name : {"swap_max = 0", "service_memory_max = 1M", "service_tasks_max = 5", "cpu_quota = 5%", "cpu_weight = 5", "service_cpu_quota = 5%"}) {
    const std::string line = name;
    CHECK(reason(line).starts_with(line.substr(0, line.find(' '))));
    CHECK(reason(line, not_ours).find("not delegated") != std::string::npos);
    CHECK(reason(line, {}).empty());
  }
  CHECK(hindered(*with("tasks_max = 5").loaded.config, with_controllers(none)).size() == 1);
}

TEST_CASE("what something else can keep holds in another way, and that is said") {
  const World w = with("memory_max = 1M\ntasks_max = 5\ndynamic_user = yes");
  const KeptLimits kept = kept_limits(confinement_of(w.at("x")).box, none);
  CHECK(kept.missing.empty());
  CHECK_FALSE(kept.each.any());
  CHECK(kept.address_space == 1U << 20);
  CHECK(kept.processes == 5U);
  CHECK(hindrance(w.at("x"), with_controllers(none)).empty());
  const auto said = not_in_effect(*w.loaded.config, with_controllers(none));
  REQUIRE(said.size() == 2);
  CHECK(said[0].starts_with("memory_max: without a control group"));
  CHECK(said[1].starts_with("tasks_max: without a control group"));
  CHECK(not_in_effect(*w.loaded.config, with_controllers({})).empty());
}

TEST_CASE("the 64 tasks that strict has by itself are left out where they cannot be kept") {
  const World w = with("sandbox = strict");
  CHECK(hindrance(w.at("x"), with_controllers(none)).empty());
  CHECK(not_in_effect(*w.loaded.config, with_controllers(none)).empty());
  CHECK_FALSE(kept_limits(confinement_of(w.at("x")).box, none).processes);
  CHECK(kept_limits(confinement_of(with("sandbox = strict\ndynamic_user = yes").at("x")).box, none).processes == 64U);
}

TEST_CASE("one controller that is missing takes nothing from the others") {
  const BoxSettings box = box_of("memory_max = 1M\ntasks_max = 5\ncpu_quota = 5%");
  const KeptLimits kept = kept_limits(box, {.memory = State::not_in_kernel});
  CHECK(kept.address_space == 1U << 20);
  CHECK(kept.each.tasks == 5U);
  CHECK(kept.each.cpu == 5U);
  CHECK_FALSE(kept.each.memory);
}

TEST_CASE("nobody is asked about controllers that no service wants") {
  Abilities abilities;
  abilities.controllers = []() -> Controllers { throw std::logic_error("asked"); };
  const World w = with("private_tmp = yes");
  CHECK(hindrance(w.at("x"), abilities).empty());
  CHECK(not_in_effect(*w.loaded.config, abilities).empty());
}
