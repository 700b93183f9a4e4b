// SPDX-License-Identifier: MIT
// What is used of libnftables, and the words between the daemon and the process that calls it. Internal to net.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "xsuperd/base/error.hpp"

#ifdef XSUPERD_HAVE_NFTABLES
#include <nftables/libnftables.h>

#include "xsuperd/base/library.hpp"

namespace xsuperd::net {

struct Nftables {
  static constexpr const char* file = XSUPERD_NFTABLES_FILE;
  decltype(&::nft_ctx_new) new_context;
  decltype(&::nft_ctx_free) free_context;
  decltype(&::nft_ctx_output_set_flags) set_flags;
  decltype(&::nft_ctx_buffer_output) buffer_output;
  decltype(&::nft_ctx_buffer_error) buffer_errors;
  decltype(&::nft_ctx_get_output_buffer) output;
  decltype(&::nft_ctx_get_error_buffer) errors;
  decltype(&::nft_run_cmd_from_buffer) run;

  void find(base::Library& in) {
    in.find("nft_ctx_new", new_context).find("nft_ctx_free", free_context).find("nft_ctx_output_set_flags", set_flags);
    in.find("nft_ctx_buffer_output", buffer_output).find("nft_ctx_buffer_error", buffer_errors);
    in.find("nft_ctx_get_output_buffer", output).find("nft_ctx_get_error_buffer", errors);
    in.find("nft_run_cmd_from_buffer", run);
  }
};

/// Runs commands. Elements of sets are not listed, and handles are. The error is the first line of the library's.
[[nodiscard]] base::Result<std::string> run_commands(const Nftables& library, const std::string& commands);

}  // namespace xsuperd::net
#endif

/// Each is a packet: a byte, and text. Commands come in several, of which the last is `end`; the answer is one.
namespace xsuperd::net::nft_packet {

inline constexpr char more = 'm', end = 'e', done = 'd', failed = 'f';
inline constexpr std::size_t longest = 32u << 10;      ///< of a command; its byte counted
inline constexpr std::size_t longest_answer = 128u << 10;
inline constexpr std::size_t most_text = 64u << 20;    ///< of one command; whoever sends more is no daemon of ours

}  // namespace xsuperd::net::nft_packet
