// SPDX-License-Identifier: MIT
#include "xsuperd/net/mdns.hpp"

#include <algorithm>

#ifdef XSUPERD_HAVE_AVAHI
#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <system_error>

#include "net/avahi.hpp"
#include "net/mdns_thread.hpp"
#endif

namespace xsuperd::net {

namespace {

constexpr std::size_t greatest_label = 63;  // RFC 1035, section 2.3.4

bool fits_type(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

std::optional<std::string> mdns_type(const MdnsService& service) {
  const std::string& name = service.name;
  if (name.size() < 2 || name.size() >= greatest_label || !std::all_of(name.begin(), name.end(), fits_type))
    return std::nullopt;
  return '_' + name + (service.tcp ? "._tcp" : "._udp");
}

std::string mdns_instance(std::string_view id, std::string_view host) {
  std::string name(id);
  name.append(" on ").append(host);
  if (name.size() <= greatest_label) return name;
  std::size_t end = greatest_label;
  while (end > 0 && continues_character(name[end])) --end;
  name.resize(end);
  return name;
}

#ifdef XSUPERD_HAVE_AVAHI

bool mdns_available() { return true; }

base::Result<void> load_mdns() {
  const auto avahi = base::loaded_functions<Avahi>();
  if (!avahi) return avahi.error();
  return {};
}

namespace {

class AvahiMdns final : public Mdns {
 public:
  AvahiMdns(boost::asio::io_context& loop, std::function<void(std::string)> on_note)
      : on_note_(std::make_shared<Note>(std::move(on_note))),
        thread_(std::make_shared<MdnsThread>([&loop, weak = std::weak_ptr<Note>(on_note_)](std::string sentence) {
          boost::asio::post(loop, [weak, sentence = std::move(sentence)] {
            if (const auto note = weak.lock()) (*note)(sentence);
          });
        })) {}
  ~AvahiMdns() override { thread_->end(std::chrono::seconds(1)); }
  AvahiMdns(const AvahiMdns&) = delete;
  AvahiMdns& operator=(const AvahiMdns&) = delete;

  void announce(const MdnsService& service) override {
    if (++wanted_[service] == 1) tell_thread();
  }
  void withdraw(const MdnsService& service) override {
    const auto found = wanted_.find(service);
    if (found == wanted_.end() || --found->second > 0) return;
    wanted_.erase(found);
    tell_thread();
  }

 private:
  using Note = std::function<void(std::string)>;

  void tell_thread() {
    MdnsThread::Services services;
    for (const auto& [service, times] : wanted_) services.insert(service);
    try {
      thread_->want(std::move(services));
    } catch (const std::system_error& error) {
      (*on_note_)(fmt::format("mdns: cannot start a thread to announce services: {}", error.what()));
    }
  }

  std::shared_ptr<Note> on_note_;
  std::shared_ptr<MdnsThread> thread_;
  std::map<MdnsService, unsigned> wanted_;  ///< and how often
};

}  // namespace

std::unique_ptr<Mdns> make_mdns(boost::asio::io_context& loop, std::function<void(std::string)> on_note) {
  return std::make_unique<AvahiMdns>(loop, std::move(on_note));
}

#else

bool mdns_available() { return false; }

base::Result<void> load_mdns() { return base::Error{0, "xsuperd was built without libavahi-client"}; }

std::unique_ptr<Mdns> make_mdns(boost::asio::io_context&, std::function<void(std::string)>) { return nullptr; }

#endif

}  // namespace xsuperd::net
