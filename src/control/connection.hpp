// SPDX-License-Identifier: MIT
// One client of the control socket, from its connection to its end. Internal to control.
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>

#include "xsuperd/control/frame.hpp"
#include "xsuperd/control/server.hpp"

namespace xsuperd::control {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::io_context& loop, base::Fd socket, Peer peer, const Server::Limits& limits,
             const Server::Handler& handler, std::function<void(Connection*)> on_end);

  void start();
  /// Says why and closes as soon as that is taken.
  void dismiss(Code code, std::string sentence);
  void close();
  [[nodiscard]] const Peer& peer() const { return peer_; }
  /// Could it be sent away for another one's sake? Not when a whole request of its has come and is being answered; what
  /// it has sent so far is looked at first. A client that does not take its answer may hold its place for a moment only.
  [[nodiscard]] bool could_give_way();
  /// Since when it has done nothing but hold its place.
  [[nodiscard]] std::chrono::steady_clock::time_point stalled_since() const { return stalled_since_; }
  /// Says so, if that can be taken at once, and closes.
  void give_way();

 private:
  void read();
  void on_readable();
  enum class Received : bool { nothing, something };
  Received receive();
  void next_request();
  void handle(std::string_view text);
  void answer(std::uint64_t request, Reply reply);
  void next_frame();
  void send();
  void sent();
  /// Until `limit` has passed, nothing that comes later counts: then `then` is done.
  void arm(std::chrono::milliseconds limit, std::function<void(Connection&)> then);
  void post(void (Connection::*next)());
  void attempt(void (Connection::*step)());
  [[nodiscard]] std::string frame_of_rows();

  boost::asio::io_context& loop_;
  boost::asio::posix::stream_descriptor stream_;
  boost::asio::steady_timer deadline_;
  std::uint64_t deadline_number_ = 0;
  const Peer peer_;
  const Server::Limits limits_;
  const Server::Handler handler_;
  std::function<void(Connection*)> on_end_;
  FrameReader input_{longest_request};
  bool in_request_ = false;  ///< its deadline runs
  std::uint64_t request_ = 0;  ///< the number of the one being answered
  bool answering_ = false;
  Reply reply_;
  std::string out_;
  std::size_t out_done_ = 0;
  bool last_frame_ = false;
  bool ends_ = false;  ///< after this reply
  bool closed_ = false;
  bool reading_ = false;  ///< a wait for bytes is under way
  bool blocked_ = false;  ///< the client takes nothing of the reply
  std::chrono::steady_clock::time_point stalled_since_ = std::chrono::steady_clock::now();
};

}  // namespace xsuperd::control
