// SPDX-License-Identifier: MIT
#include "service/banner.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fcntl.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "xsuperd/config/files.hpp"
#include "xsuperd/net/socket.hpp"

namespace xsuperd::service {

namespace {

constexpr std::chrono::seconds patience{10};

using Text = std::shared_ptr<const std::string>;

/// The banners that are on their way now. Peers that do not read them share one copy: many of them would otherwise hold
/// as many copies of a large file until their time is up.
class TextsOnTheirWay {
 public:
  /// The one copy of this text, on any thread.
  Text share(const std::string& path, std::string text) {
    const std::scoped_lock lock(mutex_);
    std::erase_if(texts_, [](const auto& entry) { return entry.second.expired(); });
    std::weak_ptr<const std::string>& known = texts_[path];
    Text same = known.lock();
    if (same && *same == text) return same;
    same = std::make_shared<const std::string>(std::move(text));
    known = same;
    return same;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<const std::string>> texts_;
};

TextsOnTheirWay texts_on_their_way;

/// One banner on its way to a peer that does not take it all at once.
class Sending : public std::enable_shared_from_this<Sending> {
 public:
  using Done = std::function<void(base::Fd, bool)>;
  Sending(boost::asio::io_context& loop, base::Fd socket, Text text, Done done)
      : watch_(loop), timer_(loop), socket_(std::move(socket)), text_(std::move(text)), done_(std::move(done)) {}

  void go() {
    const std::ptrdiff_t n = net::send_now(socket_.get(), std::string_view(*text_).substr(sent_));
    if (n >= 0) sent_ += static_cast<std::size_t>(n);
    if (n < 0 || sent_ == text_->size()) return finish(n >= 0);
    if (!watch_.is_open() && !wait_first()) return finish(false);
    watch_.async_wait(watch_.wait_write, [self = shared_from_this()](boost::system::error_code error) {
      if (!error) self->go();
    });
  }

 private:
  /// False where the kernel watches no more descriptors: who does not take a banner at once gets no more of it.
  bool wait_first() {
    boost::system::error_code full;
    watch_.assign(socket_.get(), full);
    if (full) return false;
    timer_.expires_after(patience);
    timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (!error) self->finish(false);
    });
    return true;
  }

  void finish(bool delivered) {
    if (!done_) return;
    if (watch_.is_open()) {
      (void)watch_.release();
      // Waiting has made the connection non-blocking, and its server expects it to block.
      ::fcntl(socket_.get(), F_SETFL, ::fcntl(socket_.get(), F_GETFL) & ~O_NONBLOCK);
    }
    timer_.cancel();
    std::exchange(done_, {})(std::move(socket_), delivered);
  }

  boost::asio::posix::stream_descriptor watch_;
  boost::asio::steady_timer timer_;
  base::Fd socket_;
  Text text_;
  Done done_;
  std::size_t sent_ = 0;
};

}  // namespace

base::Fd lent(base::Fd& socket) {
  base::Fd copy(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0));
  return copy ? std::move(copy) : std::move(socket);
}

void send_banner(Surroundings& around, base::Fd socket, const std::string& path, const std::string& id,
                 std::function<void(base::Fd, bool)> done) {
  auto held = std::make_shared<base::Fd>(std::move(socket));
  boost::asio::post(around.blocking, [&around, held, path, id, done = std::move(done)]() mutable {
    auto read = config::SystemFiles().read(path);
    const Text text = read ? texts_on_their_way.share(path, std::move(*read)) : nullptr;
    const std::string why = read ? std::string{} : read.error().sentence;
    boost::asio::post(around.loop, [&around, held, path, id, text, why, done = std::move(done)]() mutable {
      if (!text) {
        around.log.error("service = {}, open of banner {} failed: {}", id, path, why);
        return done(std::move(*held), true);
      }
      std::make_shared<Sending>(around.loop, std::move(*held), text, std::move(done))->go();
    });
  });
}

}  // namespace xsuperd::service
