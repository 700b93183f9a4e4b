// SPDX-License-Identifier: MIT
#include "service/banner.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "xsuperd/config/files.hpp"
#include "xsuperd/loop/off_loop.hpp"
#include "xsuperd/net/socket.hpp"

namespace xsuperd::service {

namespace {
constexpr std::chrono::seconds patience{10};
}

class SlowBanner : public std::enable_shared_from_this<SlowBanner> {
 public:
  using Text = std::shared_ptr<const std::string>;
  SlowBanner(boost::asio::io_context& loop, std::shared_ptr<SlowPeers> peers, Banner banner, Text text)
      : loop_(loop),
        watch_(loop),
        timer_(loop),
        peers_(std::move(peers)),
        banner_(std::move(banner)),
        text_(std::move(text)) {}

  void go() {
    const std::ptrdiff_t n = net::send_now(banner_.socket.get(), std::string_view(*text_).substr(sent_));
    if (n >= 0) sent_ += static_cast<std::size_t>(n);
    if (n < 0 || sent_ == text_->size()) return finish(n >= 0);
    if (!watch_.is_open() && (!banner_.patient || !wait_first())) return finish(false);
    watch_.async_wait(watch_.wait_write, [self = shared_from_this()](boost::system::error_code error) {
      if (!error) self->go();
    });
  }

 private:
  /// False where the kernel watches no more descriptors: who does not take a banner at once gets no more of
  /// it.
  bool wait_first() {
    boost::system::error_code full;
    watch_.assign(banner_.socket.get(), full);
    if (full) return false;
    timer_.expires_after(patience);
    timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (!error) self->finish(false);
    });
    // Not from here: what its end brings about may be anything.
    if (auto displaced = peers_->enter(banner_.peer, shared_from_this()))
      boost::asio::post(loop_, [displaced] { displaced->finish(false); });
    return true;
  }

  void finish(bool delivered) {
    if (!banner_.done) return;
    if (watch_.is_open()) {
      peers_->leave(banner_.peer, this);
      (void)watch_.release();
      // Waiting has made the connection non-blocking, and its server expects it to block.
      ::fcntl(banner_.socket.get(), F_SETFL, ::fcntl(banner_.socket.get(), F_GETFL) & ~O_NONBLOCK);
    }
    timer_.cancel();
    std::exchange(banner_.done, {})(std::move(banner_.socket), delivered);
  }

  boost::asio::io_context& loop_;
  boost::asio::posix::stream_descriptor watch_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<SlowPeers> peers_;
  Banner banner_;
  Text text_;
  std::size_t sent_ = 0;
};

namespace {

base::Address source_of(const base::Address& peer) {
  if (peer.unmapped().family() != base::Address::Family::ipv6) return peer.unmapped().source();
  auto network = peer.bytes();
  std::fill(network.begin() + 8, network.end(), std::uint8_t{0});
  return base::Address::ipv6(network, peer.scope());
}

}  // namespace

std::shared_ptr<SlowBanner> SlowPeers::enter(const base::Address& peer,
                                             const std::shared_ptr<SlowBanner>& banner) {
  sources_[source_of(peer)].push_back({++turns_, banner});
  return ++count_ > most_ ? displace() : nullptr;
}

std::shared_ptr<SlowBanner> SlowPeers::displace() {
  const auto most = std::max_element(sources_.begin(), sources_.end(), [](const auto& a, const auto& b) {
    return a.second.size() != b.second.size() ? a.second.size() < b.second.size()
                                              : a.second.front().turn > b.second.front().turn;
  });
  auto banner = most->second.front().banner.lock();
  most->second.pop_front();
  if (most->second.empty()) sources_.erase(most);
  --count_;
  return banner;
}

void SlowPeers::leave(const base::Address& peer, const SlowBanner* banner) {
  const auto source = sources_.find(source_of(peer));
  if (source == sources_.end()) return;
  count_ -=
      std::erase_if(source->second, [&](const Place& place) { return place.banner.lock().get() == banner; });
  if (source->second.empty()) sources_.erase(source);
}

void Banners::send(Banner banner) {
  const std::string path = banner.path;
  const auto batch = std::make_shared<Batch>();
  {
    const std::scoped_lock lock(mutex_);
    const auto [queue, first] = queued_.try_emplace(path);
    queue->second.push_back(std::move(banner));
    if (!first) return;
  }
  const auto self = shared_from_this();
  try {
    loop::off_loop(blocking_, loop_, [self, path, batch] { return self->read(path, *batch); },
                   [self, batch](const base::Result<Text>& text) {
                     self->deliver(std::move(*batch), text ? *text : nullptr,
                                   text ? std::string{} : text.error().sentence);
                   });
  } catch (const std::exception& error) {
    take(path, *batch);
    deliver(std::move(*batch), nullptr, error.what());
  }
}

void Banners::take(const std::string& path, Batch& batch) {
  const std::scoped_lock lock(mutex_);
  batch = std::move(queued_.extract(path).mapped());
}

base::Result<Banners::Text> Banners::read(const std::string& path, Batch& batch) {
  take(path, batch);  // first: who comes from now on may expect what the file has from now on
  auto text = config::SystemFiles().read(path);
  if (!text) return text.error();
  return share(path, std::move(*text));
}

Banners::Text Banners::share(const std::string& path, std::string text) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(texts_, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<const std::string>& known = texts_[path];
  Text same = known.lock();
  if (same && *same == text) return same;
  same = std::make_shared<const std::string>(std::move(text));
  known = same;
  return same;
}

void Banners::deliver(Batch batch, const Text& text, const std::string& why) {
  Banner banner = std::move(batch.front());
  batch.pop_front();
  // There may be thousands: others come in between, and one that fails costs itself alone.
  if (!batch.empty())
    boost::asio::post(loop_, [self = shared_from_this(), batch = std::move(batch), text, why]() mutable {
      self->deliver(std::move(batch), text, why);
    });
  if (text) return std::make_shared<SlowBanner>(loop_, slow_, std::move(banner), text)->go();
  log_.error("service = {}, open of banner {} failed: {}", banner.id, banner.path, why);
  banner.done(std::move(banner.socket), true);
}

std::shared_ptr<Banners> make_banners(boost::asio::io_context& loop, boost::asio::thread_pool& blocking,
                                      const log::DaemonLog& log, std::size_t most_waiting) {
  if (most_waiting == 0) {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    most_waiting = static_cast<std::size_t>(std::clamp<rlim_t>(files.rlim_max / 8, 1, 1000));  // the daemon takes all
  }
  return std::make_shared<Banners>(loop, blocking, log, most_waiting);
}

base::Fd lent(base::Fd& socket) {
  base::Fd copy(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0));
  return copy ? std::move(copy) : std::move(socket);
}

}  // namespace xsuperd::service
