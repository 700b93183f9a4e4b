// SPDX-License-Identifier: MIT
#include "worker/server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <exception>
#include <stdexcept>
#include <utility>

#include "worker/channel.hpp"
#include "worker/keys.hpp"
#include "xsuperd/worker/protocol.hpp"

namespace xsuperd::worker {

namespace {
/// Messages that may wait for a daemon that is behind; lines beyond them are dropped.
constexpr std::size_t most_kept_beside_lines = 256;
}  // namespace

struct Server::Impl {
  Impl(boost::asio::io_context& the_loop, base::Fd socket, Starter the_starter,
       std::chrono::milliseconds limit, std::function<void()> finished);

  void take(Packet packet);
  void handle(Start start);
  void handle(TextPart part);
  void handle(Target next);
  void handle(const Keys& keys);
  void handle(const ForgetKeys& forget) { contexts.erase(forget.number); }
  void handle(const WithKeys& next) { with_keys = next; }
  void handle(const Tickets& next);
  void handle(Join join);
  void handle(Redirect redirect);
  void handle(Page page);
  void handle(const Stop& stop);
  void handle(const Drain& drain);
  void handle(const Ask& ask);
  void hold(Start& start);
  [[nodiscard]] bool tell(std::uint64_t token, std::string_view line);
  void end(std::uint64_t token, Report report);
  void send_ended(std::uint64_t token, Ending::Why why, Report report = {});
  void wind_up();
  void daemon_gone();
  void look_whether_finished();

  boost::asio::io_context& loop;
  const Starter starter;
  const std::chrono::milliseconds orphan_limit;
  const std::function<void()> on_finished;
  boost::asio::steady_timer orphaned;
  std::vector<std::string> texts;  // of the Start that comes next
  std::uint64_t texts_token = 0;
  std::optional<Target> target;  // the same
  WithKeys with_keys;            // the same
  tls::TicketKeys tickets;       // for contexts of peers
  boost::unordered_flat_map<std::uint64_t, std::shared_ptr<const tls::Context>> contexts;  // by the number of their Keys
  bool draining = false;
  bool gone = false;
  Channel channel;
  boost::unordered_flat_map<std::uint64_t, std::unique_ptr<converse::Conversation>> conversations;
};

Server::Impl::Impl(boost::asio::io_context& the_loop, base::Fd socket, Starter the_starter,
                   std::chrono::milliseconds limit, std::function<void()> finished)
    : loop(the_loop),
      starter(std::move(the_starter)),
      orphan_limit(limit),
      on_finished(std::move(finished)),
      orphaned(loop),
      channel(loop, std::move(socket),
              {.on_packet = [this](Packet packet) { take(std::move(packet)); },
               .on_end = [this] { daemon_gone(); },
               .on_sent = [this] { look_whether_finished(); }},
              Channel::Sending::gathered) {
  channel.send(encode(Ready{}));
}

void Server::Impl::take(Packet packet) {
  std::optional<ToWorker> message = decode_for_worker(std::move(packet));
  // The daemon is the same program: a broken message of its is a bug. Its conversation would be lost without
  // a word, so end, which it takes notice of.
  if (!message) return conversations.clear(), daemon_gone();
  std::visit([this](auto& what) { handle(std::move(what)); }, *message);
}

void Server::Impl::handle(Start start) {
  if (start.texts_sent && start.token == texts_token) start.parameters.texts = std::move(texts);
  texts.clear();
  auto came = std::exchange(target, {});
  bool lost = false;
  if (came && came->token == start.token) {
    lost = !came->socket;
    start.parameters.target = std::make_shared<base::Fd>(std::move(came->socket));
  }
  if (start.connection && !lost && !draining && !conversations.contains(start.token)) try {
      return hold(start);
    } catch (const std::exception&) {
      conversations.erase(start.token);
    }
  send_ended(start.token, Ending::Why::lost);
}

void Server::Impl::hold(Start& start) {
  const std::uint64_t token = start.token;
  if (start.kind == Kind::tls || start.kind == Kind::tls_relay) {
    const auto found = with_keys.token == token ? contexts.find(with_keys.number) : contexts.end();
    if (found != contexts.end()) start.parameters.context = found->second;
    start.parameters.on_shaken = [this, token](const tls::Handshake& handshake) {
      if (!gone) channel.send(encode(Shaken{token, handshake}));
    };
  }
  if (start.kind == Kind::metrics || start.kind == Kind::dashboard)
    start.parameters.on_wish = [this, token](const PageWish& wish) {
      if (!gone) channel.send(encode(Wish{token, wish}));
    };
  if (start.kind == Kind::lines) start.parameters.on_line = [this, token](std::string_view line) { return tell(token, line); };
  auto& place = conversations[token];
  place = starter(loop, start.kind, std::move(start.connection), std::move(start.parameters),
                  [this, token](Report report) { end(token, std::move(report)); });
  if (!place) throw std::invalid_argument("no such conversation");
}

/// Without a daemon there is nobody to tell, and the stream is read all the same.
bool Server::Impl::tell(std::uint64_t token, std::string_view line) {
  if (gone) return true;
  if (channel.kept() >= most_kept_beside_lines) return false;
  channel.send(encode(Line{token, std::string(line)}));
  return true;
}

void Server::Impl::handle(TextPart part) {
  if (part.token != texts_token || part.index >= texts.size()) {
    if (part.token != texts_token) texts.clear();
    texts_token = part.token;
    texts.resize(part.index + 1);
  }
  std::string& text = texts[part.index];
  if (text.size() + part.bytes.size() <= longest_text) text += part.bytes;
}

void Server::Impl::handle(Target next) { target = std::move(next); }

/// Without memory, or keys that OpenSSL takes, the conversations that want them are lost.
void Server::Impl::handle(const Keys& keys) {
  auto context = context_in(keys.bytes);
  if (!context) return;
  context->use(tickets);
  contexts.insert_or_assign(keys.number, std::move(context));
}

void Server::Impl::handle(const Tickets& next) {
  tickets = next.keys;
  for (const auto& [number, context] : contexts) context->use(tickets);
}

void Server::Impl::handle(Join join) {
  const auto found = conversations.find(join.token);
  if (found != conversations.end()) found->second->join(std::move(join.inner));
}

void Server::Impl::handle(Redirect redirect) {
  const auto found = conversations.find(redirect.token);
  if (found != conversations.end()) found->second->redirect(std::move(redirect.parameters));
}

void Server::Impl::handle(Page page) {
  const auto found = conversations.find(page.token);
  if (found != conversations.end()) found->second->show(std::move(page.made));
}

void Server::Impl::handle(const Stop& stop) {
  const auto found = conversations.find(stop.token);
  if (found == conversations.end()) return;  // its Ended is on its way
  conversations.erase(found);
  send_ended(stop.token, Ending::Why::stopped);
  look_whether_finished();
}

void Server::Impl::handle(const Drain&) {
  draining = true;
  wind_up();
  look_whether_finished();
}

void Server::Impl::handle(const Ask& ask) {
  std::vector<Progress::Count> counts;
  counts.reserve(conversations.size());
  for (const auto& [token, conversation] : conversations) counts.push_back({token, conversation->traffic()});
  auto packets = encode_answer(ask.question, std::move(counts));
  for (Packet& packet : packets) channel.send(std::move(packet));
}

void Server::Impl::end(std::uint64_t token, Report report) {
  const auto found = conversations.find(token);
  if (found == conversations.end()) return;
  // Not destroyed here: it is its own code that has called us.
  boost::asio::post(loop, [conversation = std::move(found->second)] {});
  conversations.erase(found);
  if (report.header.result != ProxyHeader::Result::none && !gone) channel.send(encode(HeaderSeen{token, report.header}));
  send_ended(token, Ending::Why::finished, std::move(report));
  look_whether_finished();
}

void Server::Impl::send_ended(std::uint64_t token, Ending::Why why, Report report) {
  if (!gone) channel.send(encode(Ended{token, {why, std::move(report)}}));
}

/// It may end conversations, which then are no longer on the list.
void Server::Impl::wind_up() {
  std::vector<std::uint64_t> tokens;
  tokens.reserve(conversations.size());
  for (const auto& [token, conversation] : conversations) tokens.push_back(token);
  for (const std::uint64_t token : tokens)
    if (const auto found = conversations.find(token); found != conversations.end()) found->second->wind_up();
}

void Server::Impl::daemon_gone() {
  gone = true;
  wind_up();
  if (!draining) {
    orphaned.expires_after(orphan_limit);
    orphaned.async_wait([this](const boost::system::error_code& error) {
      if (!error) on_finished();
    });
  }
  look_whether_finished();
}

void Server::Impl::look_whether_finished() {
  if ((gone || draining) && conversations.empty() && (gone || channel.kept() == 0)) on_finished();
}

Server::Server(boost::asio::io_context& loop, base::Fd socket, Starter starter,
               std::chrono::milliseconds orphan_limit, std::function<void()> on_finished)
    : impl_(std::make_unique<Impl>(loop, std::move(socket), std::move(starter), orphan_limit,
                                   std::move(on_finished))) {}

Server::~Server() = default;

std::size_t Server::running() const { return impl_->conversations.size(); }

std::size_t Server::kept() const { return impl_->channel.kept(); }

}  // namespace xsuperd::worker
