// SPDX-License-Identifier: MIT
// The sessions of one service that are not served by a program of the user's. Internal to service.
#pragma once
#include <memory>
#include <string>

#include "service/page_wishes.hpp"
#include "service/way.hpp"

namespace xsuperd::service {

/// Holds conversations in a worker: internal services, relays, and what tcpmux makes of a request. Loop thread only.
class ServiceConversations {
 public:
  struct Needs {
    const Setup& setup;
    Sessions& sessions;
    Decider& decider;
    Endings& endings;
    Way& way;
    Targets& targets;
    const Serving& serving;
    const Hooks& hooks;
    const Journal& journal;
    const Clock& clock;
    const Life& life;
    boost::asio::io_context& loop;
  };
  explicit ServiceConversations(const Needs& needs) : needs_(needs) {}

  /// The session is in its phase `starting`.
  void start(Token token);
  /// A conversation that the previous image of the daemon began.
  void carry_on(Token token);
  void stop(Token token);
  void stop_all();
  /// The number of the connection of one that waits for its target or a worker, or -1.
  [[nodiscard]] int waiting_connection(Token token) const;

 private:
  [[nodiscard]] const config::Service& service() const { return needs_.setup.service(); }
  [[nodiscard]] static bool with_tls(const SessionFacts& session) { return session.calls || session.onward; }
  [[nodiscard]] worker::Conversations& workers(const SessionFacts& session) const;
  [[nodiscard]] worker::Parameters parameters() const;
  void begin(Token token, worker::Parameters parameters);
  void connect(Token token);
  void connected(Token token, base::Fd target, int error);
  void hold(Token token, worker::Parameters parameters);
  [[nodiscard]] bool goes_onward(Token token, const worker::Parameters& parameters);
  [[nodiscard]] static std::string greeting(const Session& session, config::RedirectProxy version);
  void ask_for_tls(worker::Parameters& parameters) const;
  void shaken(const tls::Handshake& handshake) const;
  void end_later(Token token, worker::Ending::Why why);
  [[nodiscard]] worker::Conversations::Done when_ended(Token token);
  [[nodiscard]] worker::Conversations::OnWish when_wished(Token token);
  void ask_for_page(Token token, const worker::PageWish& wish, std::weak_ptr<PageWishes> by) const;
  void ended(Token token, worker::Ending ending);
  void tell_end(Token token, const Session& session, const worker::Ending& ending);
  void answer_tcpmux(base::Fd connection, const Session& session, const std::string& request);

  const Needs needs_;
};

}  // namespace xsuperd::service
