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

 private:
  void read();
  void on_readable();
  void next_request();
  void handle(std::string_view text);
  void answer(std::uint64_t request, Reply reply);
  void next_frame();
  void send();
  void sent();
  /// Until `limit` has passed, nothing that comes later counts: then `then` is done.
  void arm(std::chrono::milliseconds limit, std::function<void(Connection&)> then);
  void post(void (Connection::*next)());
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
};

}  // namespace xsuperd::control
