// SPDX-License-Identifier: MIT
#include "xsuperd/net/labels.hpp"

#ifdef XSUPERD_HAVE_SELINUX
#include <linux/magic.h>
#include <sys/vfs.h>

#include <cerrno>

#include "net/selinux.hpp"

namespace xsuperd::net {

namespace {

/// A context as libselinux hands it out.
class Label {
 public:
  explicit Label(const Selinux& selinux) : selinux_(selinux) {}
  ~Label() { selinux_.free_text(text_); }
  Label(const Label&) = delete;
  Label& operator=(const Label&) = delete;
  [[nodiscard]] char** place() { return &text_; }
  [[nodiscard]] const char* text() const { return text_; }

 private:
  const Selinux& selinux_;
  char* text_ = nullptr;
};

/// A context in its parts.
using Parts = std::unique_ptr<context_s_t, void (*)(context_t)>;
Parts parts_of(const Selinux& selinux, const Label& label) {
  return {selinux.new_context(label.text()), selinux.free_context};
}

class SelinuxLabels final : public SecurityLabels {
 public:
  base::Result<std::string> exec_context(int connection, const std::string& server) override {
    // Loaded by now, or this service would not have been opened.
    const auto selinux = base::loaded_functions<Selinux>();
    if (!selinux) return selinux.error();
    return exec_context(**selinux, connection, server);
  }

 private:
  static base::Result<std::string> exec_context(const Selinux& selinux, int connection, const std::string& server) {
    Label peer(selinux), own(selinux), file(selinux), result(selinux);
    if (selinux.get_peer(connection, peer.place()) < 0)
      return base::system_error(errno, "the connection has no label");
    if (selinux.get_own(own.place()) < 0) return base::system_error(errno, "our own context is not available");
    if (selinux.get_file(server.c_str(), file.place()) < 0)
      return base::system_error(errno, server + " has no security context");
    const Parts from = parts_of(selinux, peer);
    const Parts to = parts_of(selinux, own);
    const char* level = from ? selinux.range(from.get()) : nullptr;
    if (!to || !level || selinux.set_range(to.get(), level) != 0)
      return base::Error{EINVAL, "the label of the connection has no level"};
    const security_class_t process = selinux.class_of("process");
    if (process == 0 ||
        selinux.compute_create(selinux.text(to.get()), file.text(), process, result.place()) < 0)
      return base::system_error(errno, "the policy has no context for " + server);
    return std::string(result.text());
  }
};

}  // namespace

bool labels_available() { return true; }
/// Where its file system is mounted.
bool labels_in_kernel() {
  struct statfs where {};
  return ::statfs("/sys/fs/selinux", &where) == 0 && where.f_type == SELINUX_MAGIC;
}

base::Result<bool> load_labels() {
  const auto selinux = base::loaded_functions<Selinux>();
  if (!selinux) return selinux.error();
  return base::Result<bool>(boost::system::in_place_value, (*selinux)->is_enabled() > 0);
}

std::unique_ptr<SecurityLabels> make_selinux_labels() {
  if (!labels_in_kernel()) return nullptr;
  return std::make_unique<SelinuxLabels>();
}

}  // namespace xsuperd::net

#else

namespace xsuperd::net {

bool labels_available() { return false; }
bool labels_in_kernel() { return false; }
base::Result<bool> load_labels() { return base::Error{0, "xsuperd was built without libselinux"}; }
std::unique_ptr<SecurityLabels> make_selinux_labels() { return nullptr; }

}  // namespace xsuperd::net

#endif
