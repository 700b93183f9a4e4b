// SPDX-License-Identifier: MIT
// print_schema FOLDER: writes docs/schema, the descriptions of what xsuperctl --json prints, into a folder, for
// tests/shape/schema. print_schema protocol: prints the commands of xsuperd-control(7) and what they take and give, for
// tests/shape/manual.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>

#include "ctl/answers.hpp"
#include "xsuperd/cli/generate.hpp"
#include "xsuperd/log/fields.hpp"
#include "xsuperd/control/schema.hpp"
#include "xsuperd/control/schema/attempt.hpp"

namespace {

using namespace xsuperd;
using namespace xsuperd::control;
namespace told = xsuperd::ctl::told;
using boost::mp11::mp_for_each;
using boost::mp11::mp_identity;
using boost::mp11::mp_list;
using boost::mp11::mp_transform;

/// Calls `f` with an mp_identity of each type, none of which is made.
template <typename Types, typename F>
void for_each_type(F f) {
  mp_for_each<mp_transform<mp_identity, Types>>(f);
}

/// In the order of common.json.
using Definitions = mp_list<told::Failed, Time, reply::Place, reply::Endpoint, reply::Counters, State, reply::Service,
                            reply::Absent, reply::Certificate, reply::Finding, told::Conversion, reply::Report, told::Rates>;
/// What an error may tell besides its sentence.
using Details = mp_list<command::Nothing, reply::Absent, told::Conversion, reply::Report, reply::Troubles, reply::Standing>;

template <typename T>
concept Noted = requires { T::notes; };

/// Is each note about a member?
template <Noted T>
constexpr bool notes_fit() {
  bool all = true;
  for (const Note& note : T::notes) {
    bool found = false;
    mp_for_each<Members<T>>([&](auto member) { found = found || json_name(member.name) == note.member; });
    all = all && found;
  }
  return all;
}

/// What is noted about a member, here or where it comes from; or nothing.
template <typename T>
std::string_view note_of(std::string_view member) {
  std::string_view text;
  if constexpr (Noted<T>) {
    static_assert(notes_fit<T>(), "a note is about no member");
    for (const Note& note : T::notes)
      if (note.member == member) text = note.text;
  }
  mp_for_each<boost::describe::describe_bases<T, boost::describe::mod_public>>([&](auto base) {
    if (text.empty()) text = note_of<typename decltype(base)::type>(member);
  });
  return text;
}

template <typename T>
inline constexpr bool is_word = false;
template <typename List>
inline constexpr bool is_word<Word<List>> = true;

// ---- docs/schema ------------------------------------------------------------------------------------------------------

json::object reference(std::string_view name) { return {{"$ref", fmt::format("common.json#/$defs/{}", name)}}; }

template <typename T>
json::object schema_of();

/// With what else there is in the place of "type" and the like.
json::object with_description(std::string_view text, const json::object& schema) {
  json::object all;
  if (!text.empty()) all["description"] = text;
  all.insert(schema.begin(), schema.end());
  return all;
}

json::object closed_object(json::object properties, json::array required) {
  return {{"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}, {"additionalProperties", false}};
}

/// `Row`, if not void, is what the list `rows` has.
template <typename T, typename Row = void>
json::object object_schema() {
  json::object properties;
  json::array required;
  mp_for_each<Members<T>>([&](auto member) {
    using M = std::remove_cvref_t<decltype(std::declval<T>().*member.pointer)>;
    const std::string_view name = json_name(member.name);
    properties[name] = with_description(note_of<T>(name), schema_of<M>());
    if (!codec::is_maybe<M>) required.push_back(json::value(name));
  });
  if constexpr (!std::is_void_v<Row>) {
    properties["rows"] = {{"type", "array"}, {"items", schema_of<Row>()}};
    required.push_back("rows");
  }
  return closed_object(std::move(properties), std::move(required));
}

template <typename T>
json::object number_schema() {
  if constexpr (!std::integral<T>) return {{"type", "number"}};
  json::object schema{{"type", "integer"}};
  if constexpr (std::unsigned_integral<T>) schema["minimum"] = 0;
  if constexpr (std::unsigned_integral<T> && sizeof(T) == 2) schema["maximum"] = 65535;
  return schema;
}

json::object or_null(json::object schema) {
  const json::value* found = schema.if_contains("type");
  if (!found || *found == "object" || *found == "array") return {{"anyOf", {{{"type", "null"}}, std::move(schema)}}};
  const json::value type = *found;  // which the next line moves
  schema["type"] = {type, "null"};
  return schema;
}

/// What `T` is where it stands, its definition apart.
template <typename T>
json::object plain_schema() {
  if constexpr (codec::is_maybe<T>) {
    return schema_of<typename T::value_type>();
  } else if constexpr (codec::is_optional<T>) {
    return or_null(schema_of<typename T::value_type>());
  } else if constexpr (std::same_as<T, bool>) {
    return {{"type", "boolean"}};
  } else if constexpr (std::is_arithmetic_v<T>) {
    return number_schema<T>();
  } else if constexpr (std::same_as<T, Number>) {
    return number_schema<double>();
  } else if constexpr (is_word<T>) {
    return {{"enum", json::array(T::Words::all.begin(), T::Words::all.end())}};
  } else if constexpr (codec::Text<T>) {
    return {{"type", "string"}};
  } else if constexpr (codec::is_table<T>) {
    json::object schema{{"type", "object"}};
    if constexpr (is_word<typename T::Keys>) schema["propertyNames"] = schema_of<typename T::Keys>();
    schema["additionalProperties"] = schema_of<typename T::Value>();
    return schema;
  } else if constexpr (codec::List<T>) {
    return {{"type", "array"}, {"items", schema_of<typename T::value_type>()}};
  } else if constexpr (codec::is_variant<T>) {
    json::array all;
    for_each_type<boost::mp11::mp_rename<T, mp_list>>([&](auto one) { all.push_back(schema_of<typename decltype(one)::type>()); });
    return {{"anyOf", std::move(all)}};
  } else if constexpr (std::same_as<T, EventRecord>) {
    return {{"$ref", "event.json"}};
  } else if constexpr (std::same_as<T, json::object>) {
    json::array all;
    for_each_type<Details>([&](auto one) { all.push_back(schema_of<typename decltype(one)::type>()); });
    return {{"anyOf", std::move(all)}};
  } else {
    return object_schema<T>();
  }
}

template <typename T>
json::object schema_of() {
  return definition<T>.name.empty() ? plain_schema<T>() : reference(definition<T>.name);
}

/// A code is the daemon's, or one of two that xsuperctl has itself.
json::array error_codes() {
  json::array all;
  for (unsigned i = 0; i <= static_cast<unsigned>(Code::busy); ++i) all.push_back(json::value(word_of(static_cast<Code>(i))));
  all.push_back("usage");
  all.push_back("no_daemon");
  return all;
}

json::object common_schema() {
  json::object all;
  for_each_type<Definitions>([&](auto one) {
    using T = typename decltype(one)::type;
    all[definition<T>.name] = with_description(definition<T>.text, plain_schema<T>());
  });
  json::object& code = all["error"].at("properties").at("error").at("properties").at("code").as_object();
  code.erase("type");
  code["enum"] = error_codes();
  return {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
          {"title", "what answers of several commands of xsuperctl --json have in common"},
          {"$defs", std::move(all)}};
}

json::object file_schema(std::string_view command, const json::object& answer, bool may_fail) {
  json::object all{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                   {"title", fmt::format("what xsuperctl {} --json prints", command)}};
  if (!may_fail) {
    all.insert(answer.begin(), answer.end());
    return all;
  }
  all["if"] = {{"required", {"error"}}};
  all["then"] = reference(definition<told::Failed>.name);
  all["else"] = answer;
  return all;
}

/// One blank for each level, as python's json.dumps(..., indent=1) has it.
void pretty(const json::value& value, std::size_t level, std::string& to) {
  const auto list = [&](char begin, char end, const auto& all, auto print) {
    to += begin;
    for (std::size_t i = 0; const auto& one : all) {
      to += (i++ == 0 ? "\n" : ",\n") + std::string(level + 1, ' ');
      print(one);
    }
    if (!all.empty()) to += "\n" + std::string(level, ' ');
    to += end;
  };
  if (value.is_object())
    list('{', '}', value.get_object(), [&](const auto& one) {
      to += json::serialize(one.key()) + ": ";
      pretty(one.value(), level + 1, to);
    });
  else if (value.is_array())
    list('[', ']', value.get_array(), [&](const json::value& one) { pretty(one, level + 1, to); });
  else
    to += json::serialize(value);
}

class Folder {
 public:
  explicit Folder(std::string path) : path_(std::move(path)) {}

  void write(std::string_view name, const json::object& schema) {
    std::string text;
    pretty(schema, 0, text);
    std::ofstream file(fmt::format("{}/{}.json", path_, name));
    file << text << '\n';
    good_ = good_ && file.good();
  }
  template <typename T>
  void write_own(std::string_view command, bool may_fail = true) {
    write(command, file_schema(command, schema_of<T>(), may_fail));
  }
  [[nodiscard]] bool good() const { return good_; }

 private:
  std::string path_;
  bool good_ = true;
};

// The records of event logs, a kind each.

std::string_view note_of_field(std::string_view name) {
  const auto field = std::ranges::find(log::record::fields, name, &log::record::Field::name);
  return field != log::record::fields.end() ? field->text : std::string_view();  // a test knows that all are there
}

template <typename T>
json::object field_schema() {
  if constexpr (codec::is_optional<T>) {
    return field_schema<typename T::value_type>();
  } else if constexpr (std::same_as<T, log::record::Seconds>) {
    return {{"type", "number"}, {"minimum", 0}};
  } else if constexpr (std::same_as<T, log::record::Rule>) {
    return {{"type", "string"}, {"pattern", ":[0-9]+$"}};
  } else if constexpr (std::integral<T>) {
    return number_schema<T>();
  } else {
    return {{"type", "string"}};
  }
}

template <typename T>
inline constexpr bool always_there = std::same_as<T, std::string_view> || std::same_as<T, log::record::Seconds> || std::integral<T>;

template <typename Kind>
json::object record_schema() {
  json::object properties{{"schema", {{"const", log::record::schema}}},
                          {"time", {{"type", "string"}, {"pattern", "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z$"}}},
                          {"event", {{"const", Kind::word}}}};
  json::array required{"schema", "time", "event"};
  base::for_each_member<Kind>([&](auto member) {
    using T = std::remove_cvref_t<decltype(std::declval<Kind>().*member.pointer)>;
    properties[member.name] = with_description(note_of_field(member.name), field_schema<T>());
    if (always_there<T>) required.push_back(json::value(member.name));
  });
  return with_description(Kind::text, closed_object(std::move(properties), std::move(required)));
}

json::object event_schema() {
  json::array kinds;
  for_each_type<log::Records>([&](auto one) { kinds.push_back(record_schema<typename decltype(one)::type>()); });
  return {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
          {"title", fmt::format("a line of an event log (event_log), version {}", log::record::schema)},
          {"oneOf", std::move(kinds)}};
}

int write_schemas(const std::string& path) {
  Folder folder(path);
  folder.write("event", event_schema());
  folder.write("common", common_schema());
  for_each_type<Commands>([&](auto one) {
    using C = typename decltype(one)::type;
    if (std::same_as<C, command::Events>) return;  // what xsuperctl prints are records, a line each
    const bool whole = C::lists || definition<typename C::Result>.name.empty();
    const json::object answer = whole ? object_schema<typename C::Result, typename C::Row>() : schema_of<typename C::Result>();
    folder.write(C::name, file_schema(C::name, answer, true));
  });
  folder.write_own<told::Check>("check");
  folder.write_own<attempt::Attempt>("try");
  folder.write_own<told::Conversion>("convert");
  folder.write_own<told::Top>("top");
  folder.write_own<told::Health>("health", false);
  return folder.good() ? 0 : 1;
}

// ---- the manual -------------------------------------------------------------------------------------------------------

template <typename T>
inline constexpr bool is_part = Described<T> && definition<T>.name.empty();

template <typename T>
std::string kind_of(bool several = false);

/// "listening, busy or closed".
template <typename List>
std::string words_text() {
  std::string text;
  for (std::size_t i = 0; i < List::all.size(); ++i)
    text += fmt::format("{}\"{}\"", i == 0 ? "" : i + 1 == List::all.size() ? " or " : ", ", List::all[i]);
  return text;
}

template <typename... Ts>
std::string alternatives(mp_list<Ts...>, bool several) {
  std::string text;
  ((text += (text.empty() ? "" : " or ") + kind_of<Ts>(several)), ...);
  return text;
}

/// "a string", or "strings" of several.
template <typename T>
std::string kind_of(bool several) {
  const auto noun = [several](std::string_view one) { return several ? fmt::format("{}s", one) : std::string(one); };
  if constexpr (codec::is_maybe<T>) return kind_of<typename T::value_type>(several);
  else if constexpr (std::same_as<T, Time>) return noun("time");
  else if constexpr (codec::is_optional<T>) return kind_of<typename T::value_type>(several) + " or null";
  else if constexpr (std::same_as<T, bool>) return noun("boolean");
  else if constexpr (std::integral<T>) return noun("integer");
  else if constexpr (std::is_arithmetic_v<T> || std::same_as<T, Number>) return noun("number");
  else if constexpr (is_word<T> && !definition<T>.name.empty()) return noun(definition<T>.name);
  else if constexpr (is_word<T>) return words_text<typename T::Words>();
  else if constexpr (codec::Text<T>) return noun("string");
  else if constexpr (codec::is_table<T>) return noun("object") + " of " + kind_of<typename T::Value>(true);
  else if constexpr (codec::List<T>) {
    const std::string most = codec::most_elements<T> == codec::most_elements<void> ? "" : fmt::format("at most {} ", codec::most_elements<T>);
    return noun("list") + " of " + most + kind_of<typename T::value_type>(true);
  } else if constexpr (codec::is_variant<T>) return alternatives(boost::mp11::mp_rename<T, mp_list>{}, several);
  else return noun(definition<T>.name.empty() ? "object" : definition<T>.name);
}

/// An item for each member; those of an object that has no name of its own follow it, behind a point.
template <typename T>
void add_members(std::string& page, const std::string& before);

/// The members of a value of type T, if they are to be told here.
template <typename T>
void add_parts(std::string& page, const std::string& name) {
  if constexpr (codec::is_maybe<T> || (codec::is_optional<T> && !std::same_as<T, Time>)) add_parts<typename T::value_type>(page, name);
  else if constexpr (codec::List<T>) add_parts<typename T::value_type>(page, name + "[]");
  else if constexpr (codec::is_variant<T>)
    for_each_type<boost::mp11::mp_rename<T, mp_list>>([&](auto one) { add_parts<typename decltype(one)::type>(page, name); });
  else if constexpr (is_part<T>) add_members<T>(page, name + ".");
}

template <typename T>
void add_members(std::string& page, const std::string& before) {
  mp_for_each<Members<T>>([&](auto member) {
    using M = std::remove_cvref_t<decltype(std::declval<T>().*member.pointer)>;
    const std::string name = before + std::string(json_name(member.name));
    std::string text = kind_of<M>();
    if (codec::is_maybe<M>) text += ", optional";
    if (const auto note = note_of<T>(json_name(member.name)); !note.empty()) text += fmt::format(": {}", note);
    page += fmt::format(".It Va {}\n{}", cli::mdoc_literal(name), cli::mdoc_text(text));
    add_parts<M>(page, name);
  });
}

template <typename T>
void add_object(std::string& page, std::string_view title) {
  std::string members;
  add_members<T>(members, "");
  if (!members.empty()) page += fmt::format(".Pp\n{}:\n.Bl -tag -width Ds -compact\n{}.El\n", title, members);
}

template <typename... Ts>
void add_rows(std::string& page, mp_list<Ts...>) {
  std::string defined;
  (..., [&] {
    if constexpr (is_part<Ts>)
      add_object<Ts>(page, "Each row");
    else
      defined += fmt::format("{} {}", defined.empty() ? "" : " or", definition<Ts>.name);
  }());
  if (!defined.empty()) page += fmt::format(".Pp\nEach row is an object of the kind{}, see below.\n", defined);
}

template <typename C>
void add_command(std::string& page) {
  page += fmt::format(".It Cm {}\n{}", cli::mdoc_literal(C::name), cli::mdoc_text(C::text));
  add_object<typename C::Arguments>(page, "Arguments");
  if constexpr (definition<typename C::Result>.name.empty())
    add_object<typename C::Result>(page, "Result");
  else
    page += fmt::format(".Pp\nThe result is an object of the kind {}, see below.\n", definition<typename C::Result>.name);
  if constexpr (C::lists) {
    if constexpr (codec::is_variant<typename C::Row>) add_rows(page, boost::mp11::mp_rename<typename C::Row, mp_list>{});
    else add_rows(page, mp_list<typename C::Row>{});
  }
}

template <typename T>
void add_definition(std::string& page) {
  page += fmt::format(".It Va {}\n", definition<T>.name);
  if (!definition<T>.text.empty()) page += cli::mdoc_text(fmt::format("{}.", definition<T>.text));
  if constexpr (is_word<T>) page += cli::mdoc_text(fmt::format("one of {}.", words_text<typename T::Words>()));
  if constexpr (Described<T>) {
    page += ".Bl -tag -width Ds -compact\n";
    add_members<T>(page, "");
    page += ".El\n";
  }
}

std::string protocol_manual() {
  std::string page;
  for (const bool changes : {false, true}) {
    page += changes ? "These change something, and are for root and the daemon's user.\n"
                      "Each is logged with the user and process that asked.\n"
                    : "These only look, and may be used by the group, too:\n";
    page += ".Bl -tag -width Ds\n";
    for_each_type<Commands>([&](auto one) {
      using C = typename decltype(one)::type;
      if (C::changes == changes) add_command<C>(page);
    });
    page += changes ? ".El\n" : ".El\n.Pp\n";
  }
  page += ".Ss Objects of several commands\n.Bl -tag -width Ds\n";
  for_each_type<Definitions>([&](auto one) {
    using T = typename decltype(one)::type;
    if constexpr (!std::same_as<T, told::Failed> && !std::same_as<T, told::Conversion> && !std::same_as<T, told::Rates>)
      add_definition<T>(page);
  });
  return page + ".El\n";
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc == 2 ? argv[1] : "";
  if (what.empty()) return std::fputs("usage: print_schema FOLDER|protocol\n", stderr), 2;
  if (what != "protocol") return write_schemas(what);
  const std::string page = protocol_manual();
  return std::fwrite(page.data(), 1, page.size(), stdout) == page.size() ? 0 : 1;
}
