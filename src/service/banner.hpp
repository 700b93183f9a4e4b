// SPDX-License-Identifier: MIT
// Banners: files sent to a peer. Internal to service.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/service/surroundings.hpp"

namespace xsuperd::service {

/// A file on its way to a peer.
struct Banner {
  base::Fd socket;
  std::string path;
  std::string id;  ///< of the service, for the log
  base::Address peer;
  /// Gets the socket back, on the loop thread, and false when the peer went away or did not read.
  std::function<void(base::Fd socket, bool delivered)> done;
  bool patient = true;  ///< wait for a peer that does not take all of it at once
};

/// A banner that its peer has not taken completely yet.
class SlowBanner;

/// The peers that are waited for, no more than `most`. Lives on the loop thread.
class SlowPeers {
 public:
  explicit SlowPeers(std::size_t most) : most_(most) {}
  /// One more. When these are too many, the source with the most of them loses the one that has waited
  /// longest: it is returned, and is no longer here. An IPv6 source is a network of 64 bits.
  [[nodiscard]] std::shared_ptr<SlowBanner> enter(const base::Address& peer,
                                                  const std::shared_ptr<SlowBanner>& banner);
  void leave(const base::Address& peer, const SlowBanner* banner);

 private:
  struct Place {
    std::uint64_t turn;
    std::weak_ptr<SlowBanner> banner;
  };
  using Places = std::deque<Place>;  // the one that has waited longest is first
  std::shared_ptr<SlowBanner> displace();

  std::size_t most_;
  std::size_t count_ = 0;
  std::uint64_t turns_ = 0;
  std::map<base::Address, Places> sources_;
};

/// Sends banners. Lives on the loop thread; files are read off it.
class Banners : public std::enable_shared_from_this<Banners> {
 public:
  Banners(boost::asio::io_context& loop, boost::asio::thread_pool& blocking, const log::DaemonLog& log,
          std::size_t most_waiting)
      : loop_(loop), blocking_(blocking), log_(log), slow_(std::make_shared<SlowPeers>(most_waiting)) {}

  /// Reads the file off the loop and writes it without ever waiting for more than ten seconds. A file that
  /// cannot be read is logged and counts as sent, so that the session goes on (fact B13.69).
  void send(Banner banner);

 private:
  using Text = std::shared_ptr<const std::string>;
  using Batch = std::deque<Banner>;
  base::Result<Text> read(const std::string& path, Batch& batch);
  void take(const std::string& path, Batch& batch);
  void deliver(Batch batch, const Text& text, const std::string& why);
  Text share(const std::string& path, std::string text);

  boost::asio::io_context& loop_;
  boost::asio::thread_pool& blocking_;
  const log::DaemonLog& log_;
  std::shared_ptr<SlowPeers> slow_;
  std::mutex mutex_;  // guards the members below
  /// The peers that came after the last read of a file began: one more read serves all of them, however many
  /// there are.
  std::map<std::string, Batch> queued_;
  /// What is being sent. Peers that do not read share one copy; otherwise each of them would hold its own copy of
  /// a large file.
  std::map<std::string, std::weak_ptr<const std::string>> texts_;
};

/// What to send to a peer whose session goes on: a second descriptor, so that an upgrade finds the connection
/// in the session, too. The connection itself if none can be had.
[[nodiscard]] base::Fd lent(base::Fd& socket);

}  // namespace xsuperd::service
