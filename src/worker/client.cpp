// SPDX-License-Identifier: MIT
#include "xsuperd/worker/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdlib>
#include <unordered_map>
#include <utility>

#include "worker/link.hpp"
#include "worker/running.hpp"
#include "worker/survey.hpp"
#include "worker/waiting.hpp"
#include "xsuperd/spawn/recipe.hpp"
#include "xsuperd/worker/process.hpp"
#include "xsuperd/worker/protocol.hpp"

namespace xsuperd::worker {

namespace {

/// The flag is true as long as this lives.
class Meanwhile {
 public:
  explicit Meanwhile(bool& flag) : flag_(flag) { flag_ = true; }
  ~Meanwhile() { flag_ = false; }
  Meanwhile(const Meanwhile&) = delete;
  Meanwhile& operator=(const Meanwhile&) = delete;

 private:
  bool& flag_;
};

}  // namespace

std::shared_ptr<const spawn::Recipe> worker_recipe(WorkerUser user, Role role) {
  auto recipe = std::make_shared<spawn::Recipe>();
  recipe->path = "/proc/self/exe";
  recipe->argv = {std::string(program_name)};
  recipe->environment = {fmt::format("XSUPERD_WORKER_UID={}", user.uid),
                         fmt::format("XSUPERD_WORKER_GID={}", user.gid)};
  if (role == Role::tls) recipe->environment.push_back("XSUPERD_WORKER_ROLE=tls");
  if (const char* zone = std::getenv("TZ")) recipe->environment.push_back(fmt::format("TZ={}", zone));
  recipe->remote_host = false;
  return recipe;
}

struct Client::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& the_loop, Options the_options)
      : loop(the_loop),
        options(std::move(the_options)),
        waiting(options.queue),
        end_timer(loop),
        survey(loop, options.progress_patience, [this](std::uint64_t question) { return ask(question); }) {
    if (!options.recipe) options.recipe = worker_recipe();
  }

  void make_links(spawn::Spawner& spawner);
  [[nodiscard]] std::shared_ptr<Link> make_link(spawn::Spawner& spawner, std::function<void(Link&)> on_idle);
  void take_over(spawn::Spawner& spawner, const InheritedWorker& worker, const std::function<base::Fd(int)>& take);
  [[nodiscard]] std::vector<InheritedWorker> hand_over() const;
  void start_links();
  void begin(Start start, Done done);
  void give(Link& link, Start start, Done done);
  [[nodiscard]] Link* best() const;
  void terminate_later(std::chrono::milliseconds grace);
  void stop(std::uint64_t token);
  void finish_later(Done done, Ending::Why why);
  void is_ready(Link& link);
  void use(const tls::TicketKeys& keys);
  void serve_waiting();
  void expire_waiting(base::Moment before);
  bool ended(const Link& link, Ended ended);
  bool told(const Link& link, const Told& what);
  void join(std::uint64_t token, base::Fd inner);
  [[nodiscard]] bool redirect(Redirect redirect, Done done);
  [[nodiscard]] std::vector<const Link*> ask(std::uint64_t question);
  bool progressed(const Link& link, const Progress& progress);
  void lose(const Link& link);
  void terminate();
  void close();

  boost::asio::io_context& loop;
  Options options;
  std::vector<std::shared_ptr<Link>> links;
  std::vector<std::shared_ptr<Link>> inherited;  // from before an upgrade: they get nothing new
  std::unordered_map<std::uint64_t, Running> running;  // large ones: see service::SessionMap
  WaitingList waiting;
  boost::asio::steady_timer end_timer;
  bool terminated = false;
  bool closed = false;
  bool giving = false;          // see give()
  tls::TicketKeys tickets;      // of workers for TLS
  Survey survey;
};

void Client::Impl::make_links(spawn::Spawner& spawner) {
  for (std::size_t i = 0; i < std::max<std::size_t>(options.workers, 1); ++i)
    links.push_back(make_link(spawner, [this](Link& link) {
      if (!waiting.empty()) link.start();
    }));
}

std::shared_ptr<Link> Client::Impl::make_link(spawn::Spawner& spawner, std::function<void(Link&)> on_idle) {
  return std::make_shared<Link>(
      loop, options, spawner,
      Link::Callbacks{.on_ready = [this](Link& link) { is_ready(link); },
                      .on_room = [this](Link&) { serve_waiting(); },
                      .on_ended = [this](Link& link, Ended what) { return ended(link, std::move(what)); },
                      .on_progress = [this](Link& link, const Progress& what) { return progressed(link, what); },
                      .on_told = [this](Link& link, const Told& what) { return told(link, what); },
                      .on_gone = [this](Link& link) { lose(link); },
                      .on_trouble =
                          [this](std::string sentence) {
                            expire_waiting(std::chrono::steady_clock::now() - options.patience);
                            if (!closed && options.on_trouble) options.on_trouble(std::move(sentence));
                          },
                      .on_idle = std::move(on_idle)});
}

void Client::Impl::take_over(spawn::Spawner& spawner, const InheritedWorker& worker,
                         const std::function<base::Fd(int)>& take) {
  base::Fd pidfd = take(worker.pidfd);
  base::Fd socket = take(worker.link);
  if (!pidfd) return;  // its conversations cannot be resumed
  auto link = make_link(spawner, [this](Link& done) {
    const auto found = std::find_if(inherited.begin(), inherited.end(), [&](const auto& one) { return one.get() == &done; });
    if (found == inherited.end()) return;
    boost::asio::post(loop, [keep = *found] {});  // it is its own code that has called us
    inherited.erase(found);
  });
  // What one of another version says of a header is not understood, and somebody else can look at it.
  const bool foreign = worker.protocol != protocol_version;
  for (const InheritedWorker::Conversation& one : worker.conversations)
    if (socket && !(one.looks && foreign) && running.emplace(one.token, running_again(*link, one)).second) ++link->load;
  inherited.push_back(link);
  link->take_over(worker, std::move(pidfd), std::move(socket));
}

std::vector<InheritedWorker> Client::Impl::hand_over() const {
  std::vector<InheritedWorker> workers;
  for (const auto* list : {&links, &inherited})
    for (const auto& link : *list) {
      auto worker = link->hand_over();
      if (!worker) continue;
      for (const auto& [token, one] : running)
        if (one.link == link.get()) worker->conversations.push_back(worker::inherited(token, one));
      workers.push_back(std::move(*worker));
    }
  return workers;
}

void Client::Impl::start_links() {
  for (const auto& link : links) link->start();
}

void Client::Impl::begin(Start start, Done done) {
  const std::uint64_t token = start.token;
  if (terminated || running.contains(token) || waiting.find(token))
    return finish_later(std::move(done), Ending::Why::lost);
  if (Link* link = giving ? nullptr : best()) {
    if (link->load > 0) start_links();  // those that rest; this one does not wait for them
    give(*link, std::move(start), std::move(done));
    return serve_waiting();
  }
  if (!waiting.has_room()) return finish_later(std::move(done), Ending::Why::lost);
  waiting.add(std::move(start), std::move(done), std::chrono::steady_clock::now());
  start_links();
}

/// What belongs to a conversation is several messages in a row. Sending one may bring the news that there is room, and nobody else's
/// may come in between.
void Client::Impl::give(Link& link, Start start, Done done) {
  const Meanwhile one_at_a_time(giving);
  const std::uint64_t token = start.token;
  Running one = running_for(link, start, std::move(done));
  if (one.shakes) {
    const auto number = link.offers.number_of(start.parameters.offer, link.dialogue());
    if (!number) return finish_later(std::move(one.done), Ending::Why::lost);
    link.dialogue().send(encode(WithKeys{token, *number}));
  }
  auto packets = encode(std::move(start));
  if (!packets) return finish_later(std::move(one.done), Ending::Why::lost);
  for (Packet& packet : *packets) link.dialogue().send(std::move(packet));
  running.emplace(token, std::move(one));
  ++link.load;
  link.last_use = std::chrono::steady_clock::now();
}

Link* Client::Impl::best() const {
  Link* best = nullptr;
  for (const auto& link : links) {
    if (!link->has_room()) continue;
    if (!best || std::pair(link->load, link->last_use) < std::pair(best->load, best->last_use))
      best = link.get();
  }
  return best;
}

void Client::Impl::stop(std::uint64_t token) {
  if (const auto found = running.find(token); found != running.end()) {
    // One that does not understand us keeps its conversations.
    if (!found->second.link->dialogue().foreign() && !std::exchange(found->second.stopping, true))
      found->second.link->dialogue().send(encode(Stop{token}));
    return;
  }
  if (auto one = waiting.take(token)) finish_later(std::move(one->done), Ending::Why::stopped);
}

void Client::Impl::finish_later(Done done, Ending::Why why) {
  boost::asio::post(loop, [self = weak_from_this(), done = std::move(done), why] {
    const auto impl = self.lock();
    if (impl && !impl->closed) done({.why = why, .report = {}});
  });
}

void Client::Impl::is_ready(Link& link) {
  if (!tickets.current.empty()) link.dialogue().send(encode(Tickets{tickets}));
  serve_waiting();
}

void Client::Impl::use(const tls::TicketKeys& keys) {
  tickets = keys;
  for (const auto& link : links)
    if (link->ready()) link->dialogue().send(encode(Tickets{tickets}));
}

void Client::Impl::serve_waiting() {
  while (!giving && !waiting.empty()) {
    Link* link = best();
    if (!link) return;
    auto one = waiting.take_first();
    give(*link, std::move(one->start), std::move(one->done));
  }
}

void Client::Impl::expire_waiting(base::Moment before) {
  while (auto one = waiting.take_first(before)) finish_later(std::move(one->done), Ending::Why::lost);
}

bool Client::Impl::ended(const Link& link, Ended ended) {
  const auto found = running.find(ended.token);
  if (found == running.end() || found->second.link != &link) return false;
  if (!may_end_so(found->second, ended.ending)) return false;
  ended.ending.report.header = found->second.telling ? std::move(found->second.telling->header) : ProxyHeader{};
  if (--found->second.link->load == 0) found->second.link->idle_from_now();
  const Done done = std::move(found->second.done);
  running.erase(found);
  if (done) done(std::move(ended.ending));
  return true;
}

bool Client::Impl::told(const Link& link, const Told& what) {
  const auto found = running.find(std::visit([](const auto& one) { return one.token; }, what));
  if (found == running.end() || found->second.link != &link) return false;
  return hear(found->second, what);
}

void Client::Impl::join(std::uint64_t token, base::Fd inner) {
  const auto found = running.find(token);
  if (found == running.end() || found->second.stopping || found->second.link->dialogue().foreign()) return;
  found->second.link->dialogue().send(encode(Join{token, std::move(inner)}));
}

/// It ends as a relay does, which gives nothing back.
bool Client::Impl::redirect(Redirect redirect, Done done) {
  const auto found = running.find(redirect.token);
  if (found == running.end() || found->second.stopping || found->second.link->inherited()) return false;
  auto packet = encode(redirect);
  if (!packet) return false;
  found->second.done = std::move(done);
  found->second.connection = 0;
  found->second.link->dialogue().send(std::move(*packet));
  return true;
}

/// Those that owe an answer now.
std::vector<const Link*> Client::Impl::ask(std::uint64_t question) {
  std::vector<const Link*> asked;
  for (const auto* list : {&links, &inherited})
    for (const auto& link : *list)
      if (link->dialogue().ask(question)) asked.push_back(link.get());
  return asked;
}

bool Client::Impl::progressed(const Link& link, const Progress& progress) {
  for (const Progress::Count& count : progress.counts) {
    const auto found = running.find(count.token);
    if (found == running.end() || found->second.link != &link) return false;
  }
  survey.take(link, progress);
  return true;
}

void Client::Impl::lose(const Link& link) {
  survey.gone(link);
  std::vector<Done> lost;
  std::erase_if(running, [&](auto& entry) {
    if (entry.second.link != &link) return false;
    --entry.second.link->load;
    lost.push_back(std::move(entry.second.done));
    return true;
  });
  const auto why = link.dialogue().foreign() ? Ending::Why::unseen : Ending::Why::lost;
  for (const Done& done : lost)
    if (!closed && done) done({.why = why, .report = {}});
}

void Client::Impl::terminate_later(std::chrono::milliseconds grace) {
  terminated = true;
  expire_waiting(base::Moment::max());
  for (const auto& link : links) link->have_no_successor();
  end_timer.expires_after(grace);
  end_timer.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
    const auto impl = self.lock();
    if (impl && !error && !impl->closed) impl->terminate();
  });
}

void Client::Impl::terminate() {
  terminated = true;
  end_timer.cancel();
  expire_waiting(base::Moment::max());
  for (const auto& link : links) link->terminate();
  for (const auto& link : inherited) link->terminate();
}

void Client::Impl::close() {
  closed = true;
  survey.close();
  if (terminated) terminate();
  for (const auto& link : links) link->close();
  for (const auto& link : inherited) link->close();
  running.clear();
  waiting.clear();
}

Client::Client(boost::asio::io_context& loop, Options options, spawn::Spawner& spawner)
    : impl_(std::make_shared<Impl>(loop, std::move(options))), spawner_(spawner) {
  impl_->make_links(spawner);
  if (impl_->options.start_now) impl_->start_links();
}

Client::~Client() {
  impl_->close();
  // It may be one of its own callbacks that destroys us.
  boost::asio::post(impl_->loop, [impl = impl_] {});
}

void Client::start(std::uint64_t token, Kind kind, base::Fd connection, Parameters parameters, Done done) {
  Start start;
  start.token = token;
  start.kind = kind;
  start.parameters = std::move(parameters);
  start.connection = std::move(connection);
  impl_->begin(std::move(start), std::move(done));
}

void Client::stop(std::uint64_t token) { impl_->stop(token); }

void Client::terminate(std::chrono::milliseconds grace) { impl_->terminate_later(grace); }

void Client::terminate() { impl_->terminate(); }

bool Client::has_room() const { return impl_->best() != nullptr || impl_->waiting.has_room(); }

void Client::give_up_stuck() {
  for (const auto* list : {&impl_->links, &impl_->inherited})
    for (const auto& link : std::vector(*list)) link->give_up_if_stuck();
}

bool Client::resume(std::uint64_t token, Done done, OnLine on_line) {
  const auto found = impl_->running.find(token);
  if (found == impl_->running.end()) return false;
  found->second.done = std::move(done);
  if (found->second.telling) found->second.telling->on_line = std::move(on_line);
  return true;
}

/// Not of a worker whose words are not understood; nor of one that has told already, to whom the image before this one owes a
/// socket.
bool Client::resume_handshake(std::uint64_t token, Done done, OnShaken on_shaken) {
  const auto found = impl_->running.find(token);
  if (found == impl_->running.end()) return false;
  if (!found->second.shakes || found->second.link->dialogue().foreign()) {
    stop(token);
    return false;
  }
  if (!resume(token, std::move(done), {})) return false;
  impl_->running.find(token)->second.telling->on_shaken = std::move(on_shaken);
  return true;
}

bool Client::resume_pages(std::uint64_t token, Done done, OnWish on_wish) {
  if (!resume(token, std::move(done), {})) return false;
  const auto found = impl_->running.find(token);
  if (found->second.telling) found->second.telling->on_wish = std::move(on_wish);
  return true;
}

void Client::show(std::uint64_t token, PageMade page) {
  const auto found = impl_->running.find(token);
  if (found == impl_->running.end() || !std::exchange(found->second.wishes, false)) return;
  if (Dialogue& with = found->second.link->dialogue(); !with.foreign()) with.send(encode(Page{token, std::move(page)}));
}

bool Client::redirect(std::uint64_t token, Parameters parameters, Done done) {
  return impl_->redirect({token, std::move(parameters)}, std::move(done));
}

void Client::join(std::uint64_t token, base::Fd inner) { impl_->join(token, std::move(inner)); }

int Client::waiting_connection(std::uint64_t token) const {
  const Waiting* found = impl_->waiting.find(token);
  return found ? found->start.connection.get() : -1;
}

void Client::use(const tls::TicketKeys& keys) { impl_->use(keys); }

void Client::progress(Answered answered) { impl_->survey.join(std::move(answered)); }

std::vector<InheritedWorker> Client::hand_over() const { return impl_->hand_over(); }

bool Client::settled() const {
  const auto done = [](const auto& link) {
    link->dialogue().flush();
    return link->dialogue().kept() == 0;
  };
  return std::all_of(impl_->links.begin(), impl_->links.end(), done) &&
         std::all_of(impl_->inherited.begin(), impl_->inherited.end(), done);
}

void Client::take_over(const InheritedWorker& worker, const std::function<base::Fd(int)>& take) {
  impl_->take_over(spawner_, worker, take);
}

std::size_t Client::running() const { return impl_->running.size() + impl_->waiting.size(); }

std::vector<pid_t> Client::workers() const {
  std::vector<pid_t> pids;
  for (const auto& link : impl_->links)
    if (link->ready()) pids.push_back(link->pid());
  return pids;
}

}  // namespace xsuperd::worker
