// SPDX-License-Identifier: MIT
// The way to the store, to a Sentinel that knows it, and to a Local API of CrowdSec. Internal to fleet. Blocks on name
// servers, files and networks: for a thread of SlowWork.
#pragma once
#include <string>

#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/config/lapi_address.hpp"
#include "xsuperd/config/store_address.hpp"

namespace xsuperd::fleet {

/// All that the process is given to talk with a store.
struct Introduction {
  base::Fd commands, listening;
  std::string password;
  base::Fd offer;  ///< with TLS: a file in memory
};

/// Connects twice, and reads the files: what they say now counts. `password` and `authorities` are paths; the first may be
/// empty. The error is a clause.
[[nodiscard]] base::Result<Introduction> introduce(const config::StoreAddress& address, const std::string& password, const std::string& authorities);

/// And to ask a Sentinel.
struct Enquiry {
  base::Fd connection;
  std::string password;
  base::Fd offer;     ///< as above
  bool here = false;  ///< it was reached at a loopback address
};

/// The same for a Sentinel, whose password is the second line, if there is one.
[[nodiscard]] base::Result<Enquiry> enquire(const config::StoreAddress& sentinel, const std::string& password, const std::string& authorities);

/// And to talk with a Local API.
struct Approach {
  base::Fd connection;
  std::string key;
  base::Fd offer;  ///< as above
};

/// The same for a Local API; `key` is a path, too.
[[nodiscard]] base::Result<Approach> approach(const config::LapiAddress& address, const std::string& key, const std::string& authorities);

}  // namespace xsuperd::fleet
