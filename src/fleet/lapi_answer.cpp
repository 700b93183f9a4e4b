// SPDX-License-Identifier: MIT
#include "fleet/lapi_answer.hpp"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <utility>

namespace xsuperd::fleet {

namespace {

namespace http = boost::beast::http;

constexpr std::size_t most_unread = 128 * 1024;  ///< of head, or of what stands between the pieces of a body

/// A body that is read as decisions, and kept in no other way.
struct DecisionsBody {
  struct value_type {
    Decisions decisions;
    bool wrong = false;
  };

  class reader {
   public:
    template <bool is_request, typename Fields>
    reader(http::header<is_request, Fields>&, value_type& to) : to_(to) {}
    void init(const boost::optional<std::uint64_t>&, boost::system::error_code& error) { error = {}; }
    template <typename Buffers>
    std::size_t put(const Buffers& buffers, boost::system::error_code& error) {
      error = {};
      for (const auto piece : boost::beast::buffers_range_ref(buffers))
        to_.wrong = to_.wrong || !to_.decisions.feed({static_cast<const char*>(piece.data()), piece.size()});
      return boost::asio::buffer_size(buffers);
    }
    void finish(boost::system::error_code& error) { error = {}; }

   private:
    value_type& to_;
  };
};

std::string refusal(unsigned status) {
  return status == 401 || status == 403 ? fmt::format("it refuses the key, with status {}", status) : fmt::format("it answers with status {}", status);
}

}  // namespace

struct LapiAnswer::Impl {
  Impl() {
    parser.header_limit(longest_answer_head);
    parser.body_limit(longest_answer);
    parser.eager(true);
  }
  State fail(std::string reason) {
    why = std::move(reason);
    return State::wrong;
  }
  [[nodiscard]] State judge();

  http::response_parser<DecisionsBody> parser;
  std::string unread;
  std::string why;
};

LapiAnswer::State LapiAnswer::Impl::judge() {
  if (!parser.is_header_done()) return State::more;
  if (const unsigned status = parser.get().result_int(); status != 200) return fail(refusal(status));
  auto& body = parser.get().body();
  if (body.wrong || (parser.is_done() && !body.decisions.finish())) return fail("its answer is not what a Local API of CrowdSec says");
  if (!parser.is_done()) return State::more;
  return unread.empty() ? State::whole : fail("it has sent more than an answer");
}

LapiAnswer::LapiAnswer() : impl_(std::make_unique<Impl>()) {}
LapiAnswer::~LapiAnswer() = default;

LapiAnswer::State LapiAnswer::feed(std::string_view bytes) {
  Impl& all = *impl_;
  all.unread += bytes;
  boost::system::error_code error;
  while (!all.unread.empty() && !all.parser.is_done()) {
    const std::size_t used = all.parser.put(boost::asio::buffer(all.unread.data(), all.unread.size()), error);
    all.unread.erase(0, used);
    if (error || used == 0) break;
  }
  if (error == http::error::need_more) error = {};
  if (error == http::error::body_limit) return all.fail(fmt::format("its answer is longer than {} MiB", longest_answer >> 20));
  if (error || (!all.parser.is_done() && all.unread.size() > most_unread)) return all.fail("its answer is not HTTP");
  return all.judge();
}

LapiAnswer::State LapiAnswer::end() {
  Impl& all = *impl_;
  boost::system::error_code error;
  if (all.unread.empty() && all.parser.is_header_done() && all.parser.need_eof()) all.parser.put_eof(error);
  if (error || !all.parser.is_done()) return all.fail("it has closed the connection before its answer was complete");
  return all.judge();
}

const std::string& LapiAnswer::why() const { return impl_->why; }
bool LapiAnswer::keep_alive() const { return impl_->parser.keep_alive(); }
Decisions& LapiAnswer::decisions() { return impl_->parser.get().body().decisions; }

}  // namespace xsuperd::fleet
