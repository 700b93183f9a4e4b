// SPDX-License-Identifier: MIT
#include "xsuperd/net/resolver.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <unordered_map>

#include "net/name_cache.hpp"

namespace xsuperd::net {

namespace {

using Names = std::vector<std::string>;

/// What the loop and the threads share. Lives until the last thread has ended, however late that is.
struct Shared {
  std::mutex mutex;
  std::condition_variable work;
  // All that follows is guarded by the mutex.
  std::deque<base::Address> queue;
  std::vector<char> busy;  // one for each thread
  bool closed = false;
  // Gives an answer to the loop; not to be called once closed. Set before the first thread starts.
  std::function<void(const base::Address&, Names)> answer;
};

/// What a thread needs of its own.
struct Task {
  std::shared_ptr<Shared> shared;
  std::shared_ptr<NameSource> source;
  std::size_t number;
  std::chrono::milliseconds budget;  // after it no further name of the same address is tried
};

Names look_up(const Task& task, const base::Address& address) {
  const auto end = std::chrono::steady_clock::now() + task.budget;
  try {
    return confirmed_names(*task.source, address, [end] { return std::chrono::steady_clock::now() < end; });
  } catch (const std::exception&) {  // no memory: then the name is unknown
    return {};
  }
}

/// The code of a thread.
void serve(const Task& task) {
  Shared& s = *task.shared;
  std::unique_lock lock(s.mutex);
  while (true) {
    s.work.wait(lock, [&s] { return s.closed || !s.queue.empty(); });
    if (s.closed) return;
    const base::Address address = s.queue.front();
    s.queue.pop_front();
    s.busy[task.number] = 1;
    lock.unlock();
    Names names = look_up(task, address);
    lock.lock();
    s.busy[task.number] = 0;
    if (s.closed) return;
    s.answer(address, std::move(names));
  }
}

std::thread start_thread(Task task) {
  // Handlers of signals belong to the loop thread.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread;
  try {
    thread = std::thread([task = std::move(task)] { serve(task); });
  } catch (const std::system_error&) {  // too many threads: an empty one says so
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

struct Resolver::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& on, Options with) : loop(on), options(std::move(with)), cache(options.cache) {
    if (!options.source) options.source = system_names();
  }

  void ask(const base::Address& peer, Done done);
  void close();

  void connect_threads();
  bool enqueue(const base::Address& address);
  bool unqueue(const base::Address& address);
  void add_thread();
  void later(Done done, Names names);
  void wait(const base::Address& address, Done done);
  void expire(std::uint64_t id);
  void answered(const base::Address& address, const Names& names);
  void finish(std::uint64_t id, const Names& names);

  struct Waiter {
    base::Address address;
    Done done;
    boost::asio::steady_timer deadline;
  };

  boost::asio::io_context& loop;
  Options options;
  NameCache cache;
  std::shared_ptr<Shared> shared = std::make_shared<Shared>();
  std::vector<std::thread> threads;
  std::uint64_t last_id = 0;
  std::unordered_map<std::uint64_t, Waiter> waiters;
  // Which addresses are in the queue or with a thread, and who waits for them: nobody, when all waited too
  // long.
  std::unordered_map<base::Address, std::vector<std::uint64_t>, AddressHash> asked;
};

void Resolver::Impl::connect_threads() {
  shared->answer = [&to = loop, impl = weak_from_this()](const base::Address& address, Names names) {
    boost::asio::post(to, [impl, address, names = std::move(names)] {
      if (const auto self = impl.lock()) self->answered(address, names);
    });
  };
}

void Resolver::Impl::ask(const base::Address& peer, Done done) {
  const base::Address address = peer.unmapped();
  if (!address.known()) return later(std::move(done), {});
  if (const Names* names = cache.find(address, std::chrono::steady_clock::now()))
    return later(std::move(done), *names);
  if (!asked.contains(address) && !enqueue(address)) return later(std::move(done), {});
  wait(address, std::move(done));
}

void Resolver::Impl::later(Done done, Names names) {
  boost::asio::post(loop, [impl = weak_from_this(), done = std::move(done), names = std::move(names)] {
    if (!impl.expired()) done(names);
  });
}

/// False when the queue is full or there is no thread to be had.
bool Resolver::Impl::enqueue(const base::Address& address) {
  {
    const std::lock_guard lock(shared->mutex);
    if (shared->queue.size() >= options.queue) return false;
    shared->queue.push_back(address);
    const auto idle = std::count(shared->busy.begin(), shared->busy.end(), 0);
    if (shared->queue.size() > static_cast<std::size_t>(idle) && threads.size() < options.threads)
      add_thread();
  }
  shared->work.notify_one();
  if (!threads.empty()) return true;
  unqueue(address);
  return false;
}

/// The mutex is held.
void Resolver::Impl::add_thread() {
  shared->busy.push_back(0);
  threads.push_back(start_thread({shared, options.source, threads.size(), 3 * options.deadline}));
  if (threads.back().joinable()) return;
  threads.pop_back();
  shared->busy.pop_back();
}

/// Takes a question back that no thread has begun with. False when one has.
bool Resolver::Impl::unqueue(const base::Address& address) {
  const std::lock_guard lock(shared->mutex);
  return std::erase(shared->queue, address) > 0;
}

void Resolver::Impl::wait(const base::Address& address, Done done) {
  const std::uint64_t id = ++last_id;
  Waiter waiter{address, std::move(done), boost::asio::steady_timer(loop, options.deadline)};
  auto& kept = waiters.emplace(id, std::move(waiter)).first->second;
  asked[address].push_back(id);
  // A wait that was over when its timer was destroyed is called all the same: finish() then finds no waiter.
  kept.deadline.async_wait([impl = weak_from_this(), id](boost::system::error_code) {
    if (const auto self = impl.lock()) self->expire(id);
  });
}

void Resolver::Impl::expire(std::uint64_t id) {
  const auto waiter = waiters.find(id);
  if (waiter == waiters.end()) return;
  const auto question = asked.find(waiter->second.address);
  if (question != asked.end()) {
    std::erase(question->second, id);
    if (question->second.empty() && unqueue(question->first)) asked.erase(question);
  }
  finish(id, {});
}

void Resolver::Impl::answered(const base::Address& address, const Names& names) {
  const auto believed = names.empty() ? options.unknown_for : options.known_for;
  cache.put(address, names, std::chrono::steady_clock::now() + believed);
  const auto question = asked.extract(address);
  if (question.empty()) return;
  for (const std::uint64_t id : question.mapped()) finish(id, names);
}

void Resolver::Impl::finish(std::uint64_t id, const Names& names) {
  // Taken out before the call: the callback may ask again or end the Resolver.
  const auto waiter = waiters.extract(id);
  if (!waiter.empty()) waiter.mapped().done(names);
}

void Resolver::Impl::close() {
  waiters.clear();
  asked.clear();
  std::vector<char> busy;
  {
    const std::lock_guard lock(shared->mutex);
    shared->closed = true;
    busy = shared->busy;
  }
  shared->work.notify_all();
  for (std::size_t i = 0; i < threads.size(); ++i) {
    if (busy[i])
      threads[i].detach();  // nobody knows when its look-up ends
    else
      threads[i].join();
  }
}

Resolver::Resolver(boost::asio::io_context& loop, Options options)
    : impl_(std::make_shared<Impl>(loop, std::move(options))) {
  impl_->connect_threads();
}

Resolver::~Resolver() { impl_->close(); }

void Resolver::names_of(const base::Address& peer, Done done) { impl_->ask(peer, std::move(done)); }

}  // namespace xsuperd::net
