// SPDX-License-Identifier: MIT
// The internal services metrics and dashboard: they speak HTTP with their peer, and ask the daemon for what they send.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <span>

#include "converse/http_request.hpp"
#include "converse/talks.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::converse {

using namespace std::chrono_literals;

namespace {

constexpr auto request_time = 10s;   // for a whole request, so that a byte a second does not last for ever
constexpr auto between_requests = 60s;
constexpr auto page_time = 10s;      // for the daemon, which is busy if it takes longer
constexpr auto answer_time = 30s;    // for a peer to take all of an answer, and besides
constexpr std::uint64_t slowest = 100;  // bytes of it each millisecond
constexpr auto live_period = 1s;     // from one look at the daemon to the next
constexpr int most_requests = 1000;  // of one connection: then it makes room for others
constexpr int portions_per_turn = 4;
constexpr std::size_t largest_live = 512 * 1024;
constexpr std::size_t received_at_once = 2048;
constexpr std::size_t portion_size = 64 * 1024;

struct Status {
  unsigned number;
  std::string_view words;
};
constexpr Status statuses[]{{200, "OK"}, {400, "Bad Request"}, {404, "Not Found"}, {405, "Method Not Allowed"}, {408, "Request Timeout"},
                            {413, "Content Too Large"}, {431, "Request Header Fields Too Large"}, {505, "HTTP Version Not Supported"}};

std::string_view words_of(unsigned status) {
  const auto found = std::ranges::find(statuses, status, &Status::number);
  return found == std::end(statuses) ? "Service Unavailable" : found->words;
}

/// As RFC 9110 has it (5.6.7), whatever the locale.
std::string date_now() {
  constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t now = std::time(nullptr);
  std::tm t{};
  ::gmtime_r(&now, &t);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", days[static_cast<std::size_t>(t.tm_wday)], t.tm_mday,
                     months[static_cast<std::size_t>(t.tm_mon)], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

/// As much of the file as there is room for; 0: no more.
std::size_t read_some(const base::Fd& from, std::span<char> to) {
  for (;;) {
    const ssize_t n = ::read(from.get(), to.data(), to.size());
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EINTR) return 0;
  }
}

/// So slow a peer may be: what it does not take for so long costs memory.
std::chrono::milliseconds time_for(std::uint64_t size) { return answer_time + std::chrono::milliseconds(size / slowest); }

constexpr std::string_view plain_fields = "Content-Type: text/plain; charset=utf-8\r\n";

/// A connection is in one of these phases, and reads nothing in any but the first: so requests that come before they are
/// wanted wait in the kernel, and there is one answer at a time.
class Http final : public Talk {
 public:
  Http(Opening& opening, Kind kind) : Talk(opening), kind_(kind), on_wish_(std::move(opening.parameters.on_wish)) { limit(request_time); }

  void show(PageMade page) override;
  void wind_up() override;

 private:
  enum class Phase : std::uint8_t { reading, wishing, sending, live_pause };

  void step() override;
  void time_is_up() override;
  [[nodiscard]] bool read();
  [[nodiscard]] bool take_request();
  void answer_to(const HttpRequest& request);
  void answer_metrics(std::string_view path);
  void answer_dashboard(std::string_view path);
  [[nodiscard]] bool answers_health(std::string_view path);
  void wish(PageWish::What what, std::string name = {});
  void wish_again();
  void refuse(unsigned status);
  void answer(unsigned status, std::string_view fields, std::string_view text);
  void begin_answer(unsigned status, std::string_view fields, std::uint64_t size);
  void show_live(PageMade& page);
  void begin_events();
  [[nodiscard]] bool send_portion();
  [[nodiscard]] bool sent();
  void look_for_goodbye();

  const Kind kind_;
  const std::function<void(const PageWish&)> on_wish_;
  Phase phase_ = Phase::reading;
  std::string received_;  // and not answered yet: at most longest_http_request bytes
  HttpRequest request_;   // the one that is being answered
  PageWish wish_;
  std::string out_;       // a piece of the answer, and before it was sent nothing else is read from body_
  std::string_view unsent_;  // of out_
  base::Fd body_;
  std::uint64_t left_ = 0;  // of body_
  int requests_ = 0;
  bool live_ = false;       // server-sent events have begun
  bool last_ = false;       // the connection ends with this answer
  bool winding_up_ = false;
};

void Http::step() {
  if (phase_ == Phase::wishing || phase_ == Phase::live_pause) return look_for_goodbye();
  for (int turn = 0; turn < portions_per_turn; ++turn) {
    if (phase_ == Phase::reading ? !read() : !send_portion()) return;
    if (phase_ == Phase::wishing || phase_ == Phase::live_pause) return;
  }
  peer_.again();
}

/// False when there is nothing more to do now, or ever.
bool Http::read() {
  if (take_request()) return true;
  if (!peer_.readable()) return false;
  std::array<char, received_at_once> bytes;
  std::size_t count = 0;
  const Moved moved = peer_.receive(std::span(bytes).first(std::min(bytes.size(), longest_http_request - received_.size())), count);
  if (moved == Moved::later) return false;
  if (moved != Moved::some) return finish(), false;
  report_.in += count;
  if (received_.empty()) limit(request_time);
  received_.append(bytes.data(), count);
  return true;
}

/// True when a request was taken, and something else is to be done now.
bool Http::take_request() {
  if (received_.empty()) return false;
  HttpBeginning beginning = parse_http_request(received_);
  if (beginning.state == HttpBeginning::State::incomplete) return false;
  if (beginning.state == HttpBeginning::State::bad) return refuse(beginning.status), true;
  received_.erase(0, beginning.size);
  answer_to(beginning.request);
  return true;
}

void Http::answer_to(const HttpRequest& request) {
  request_ = request;
  last_ = winding_up_ || !request.keep_alive || ++requests_ >= most_requests;
  if (answers_health(request_.path)) return;
  kind_ == Kind::metrics ? answer_metrics(request_.path) : answer_dashboard(request_.path);
}

void Http::answer_metrics(std::string_view path) {
  if (path != "/metrics") return answer(404, plain_fields, "There are /metrics and /health.\n");
  wish(wants_open_metrics(request_.accept) ? PageWish::What::open_metrics : PageWish::What::text);
}

void Http::answer_dashboard(std::string_view path) {
  if (path == "/") return wish(PageWish::What::page);
  if (path == "/events") return request_.head ? begin_events() : wish(PageWish::What::live);
  answer(404, plain_fields, "There are / and /health.\n");
}

bool Http::answers_health(std::string_view path) {
  constexpr std::string_view health = "/health";
  if (!path.starts_with(health)) return false;
  path.remove_prefix(health.size());
  std::string name;
  if (path.empty() || path == "/") return wish(PageWish::What::health), true;
  if (path.front() != '/') return false;
  if (!decode_path(path.substr(1), name) || name.size() > longest_page_name) return answer(404, plain_fields, "no such service\n"), true;
  wish(PageWish::What::health, std::move(name));
  return true;
}

void Http::wish(PageWish::What what, std::string name) {
  const bool worth_it = what != PageWish::What::health && what != PageWish::What::live;
  wish_ = {what, worth_it && takes_gzip(request_.accept_encoding), std::move(name)};
  wish_again();
}

void Http::wish_again() {
  phase_ = Phase::wishing;
  limit(page_time);
  if (on_wish_) on_wish_(wish_);
}

void Http::show(PageMade page) {
  if (phase_ != Phase::wishing) return;
  if (!page.bytes && page.size > 0) page = {};  // the descriptor has got lost on its way
  if (wish_.what == PageWish::What::live && page.status == 200) return show_live(page);
  if (live_) return finish();
  if (!page.bytes) {
    answer(page.status, page.fields.empty() ? plain_fields : std::string_view(page.fields), page.text);
  } else {
    if (page.zipped) page.fields += "Content-Encoding: gzip\r\n";
    begin_answer(page.status, page.fields, page.size);
    if (!request_.head) {
      body_ = std::move(page.bytes);
      left_ = page.size;
    }
  }
  step();
}

/// An event of what is to be seen now, each of its lines in a field of its own (HTML, 9.2.5).
void Http::show_live(PageMade& page) {
  if (!std::exchange(live_, true)) {
    begin_events();
    out_ += "retry: 1000\n\n";
  }
  std::string text = std::move(page.text);
  if (page.size > largest_live) text = "<p class=\"bad\">There is too much to be shown as it happens: reload the page.</p>";
  if (page.bytes && page.size <= largest_live) {
    text.resize(page.size);
    std::size_t done = 0, some = 0;
    while (done < text.size() && (some = read_some(page.bytes, std::span(text).subspan(done))) > 0) done += some;
    text.resize(done);
  }
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    out_.append("data: ").append(rest.substr(0, end)).append("\n");
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  out_ += '\n';
  unsent_ = out_;
  phase_ = Phase::sending;
  limit(time_for(out_.size()));
  step();
}

/// The header of an answer that ends with the connection.
void Http::begin_events() {
  last_ = true;
  out_ = fmt::format("HTTP/1.1 200 OK\r\nDate: {}\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
                     "X-Content-Type-Options: nosniff\r\nX-Accel-Buffering: no\r\nConnection: close\r\n\r\n", date_now());
  unsent_ = out_;
  phase_ = Phase::sending;
  limit(answer_time);
}

void Http::refuse(unsigned status) {
  last_ = true;
  request_ = {};
  received_.clear();
  answer(status, fmt::format("{}{}", plain_fields, status == 405 ? "Allow: GET, HEAD\r\n" : ""), fmt::format("{}\n", words_of(status)));
}

void Http::answer(unsigned status, std::string_view fields, std::string_view text) {
  begin_answer(status, fields, text.size());
  if (!request_.head) out_ += text;
  unsent_ = out_;
}

void Http::begin_answer(unsigned status, std::string_view fields, std::uint64_t size) {
  last_ = last_ || winding_up_;
  out_ = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n{}Content-Length: {}\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                        "Vary: Accept, Accept-Encoding\r\n{}\r\n",
                        status, words_of(status), date_now(), fields, size, last_ ? "Connection: close\r\n" : "Connection: keep-alive\r\n");
  unsent_ = out_;
  phase_ = Phase::sending;
  limit(time_for(size));
}

/// False when nothing more can be done now, or ever.
bool Http::send_portion() {
  if (!send(unsent_, left_ > 0)) return false;
  if (left_ == 0) return sent();
  out_.resize(std::min<std::uint64_t>(portion_size, left_));
  const std::size_t count = read_some(body_, out_);
  if (count == 0) return finish(), false;  // shorter than it said: the peer must not take it for whole
  left_ -= count;
  unsent_ = std::string_view(out_).substr(0, count);
  return true;
}

/// True when the next request may be taken.
bool Http::sent() {
  body_.reset();
  out_ = {};
  if (live_ && !winding_up_) {
    phase_ = Phase::live_pause;
    return limit(live_period), false;
  }
  if (last_) return farewell(), false;
  phase_ = Phase::reading;
  limit(received_.empty() ? between_requests : request_time);
  return true;
}

/// Whoever has gone must not be waited for, nor be asked about the daemon.
void Http::look_for_goodbye() {
  if (peer_.broken() || peer_.hung_up()) finish();
}

void Http::time_is_up() {
  if (phase_ == Phase::live_pause) return wish_again();
  if (phase_ == Phase::wishing && !live_) {
    last_ = true;
    answer(503, plain_fields, "the daemon is busy\n");
    return step();
  }
  if (phase_ == Phase::reading && !received_.empty()) {
    refuse(408);
    return step();
  }
  finish();
}

void Http::wind_up() {
  winding_up_ = true;
  if (phase_ == Phase::wishing && on_wish_) return on_wish_(wish_);
  const bool idle = phase_ == Phase::live_pause || (phase_ == Phase::reading && received_.empty());
  if (idle) return farewell();
  last_ = true;
}

}  // namespace

std::unique_ptr<Talk> make_metrics(Opening& opening) { return std::make_unique<Http>(opening, Kind::metrics); }
std::unique_ptr<Talk> make_dashboard(Opening& opening) { return std::make_unique<Http>(opening, Kind::dashboard); }

}  // namespace xsuperd::converse
