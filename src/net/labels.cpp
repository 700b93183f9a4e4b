// SPDX-License-Identifier: MIT
#include "xsuperd/net/labels.hpp"

#ifdef XSUPERD_HAVE_SELINUX
#include <selinux/context.h>
#include <selinux/selinux.h>

#include <cerrno>

namespace xsuperd::net {

namespace {

/// A context as libselinux hands it out.
class Label {
 public:
  Label() = default;
  ~Label() { ::freecon(text_); }
  Label(const Label&) = delete;
  Label& operator=(const Label&) = delete;
  [[nodiscard]] char** place() { return &text_; }
  [[nodiscard]] const char* text() const { return text_; }

 private:
  char* text_ = nullptr;
};

/// A context in its parts.
using Parts = std::unique_ptr<context_s_t, void (*)(context_t)>;
Parts parts_of(const Label& label) { return {::context_new(label.text()), ::context_free}; }

class SelinuxLabels final : public SecurityLabels {
 public:
  base::Result<std::string> exec_context(int connection, const std::string& server) override {
    Label peer, own, file, result;
    if (::getpeercon(connection, peer.place()) < 0) return base::system_error(errno, "the connection has no label");
    if (::getcon(own.place()) < 0) return base::system_error(errno, "our own context is not to be had");
    if (::getfilecon(server.c_str(), file.place()) < 0)
      return base::system_error(errno, server + " has no security context");
    const Parts from = parts_of(peer);
    const Parts to = parts_of(own);
    const char* level = from ? ::context_range_get(from.get()) : nullptr;
    if (!to || !level || ::context_range_set(to.get(), level) != 0)
      return base::Error{EINVAL, "the label of the connection has no level"};
    const security_class_t process = ::string_to_security_class("process");
    if (process == 0 || ::security_compute_create(::context_str(to.get()), file.text(), process, result.place()) < 0)
      return base::system_error(errno, "the policy has no context for " + server);
    return std::string(result.text());
  }
};

}  // namespace

bool labels_available() { return true; }
bool labels_in_kernel() { return ::is_selinux_enabled() > 0; }

std::unique_ptr<SecurityLabels> make_selinux_labels() {
  if (!labels_in_kernel()) return nullptr;
  return std::make_unique<SelinuxLabels>();
}

}  // namespace xsuperd::net

#else

namespace xsuperd::net {

bool labels_available() { return false; }
bool labels_in_kernel() { return false; }
std::unique_ptr<SecurityLabels> make_selinux_labels() { return nullptr; }

}  // namespace xsuperd::net

#endif
