// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "xsuperd/base/error.hpp"
#include "xsuperd/tls/offer.hpp"
#include "xsuperd/tls/tickets.hpp"
#include "xsuperd/tls/words.hpp"

namespace xsuperd::tls {

/// What connections to one service have in common: its keys, parsed. Does not change, but for the keys of tickets; may be shared
/// by connections of one thread.
class Context {
 public:
  /// The error names no file: Offers have none.
  [[nodiscard]] static base::Result<std::shared_ptr<const Context>> make(const Offer& offer);
  /// From now on tickets are made with these; before the first call with keys of its own, which nobody else has. Sessions of
  /// other Offers are not resumed, whoever has made their tickets.
  void use(const TicketKeys& keys) const;
  /// As Offer::in_kernel.
  [[nodiscard]] bool wants_kernel() const;
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  struct Impl;

 private:
  friend class Engine;
  explicit Context(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The outcome of an attempt to move bytes without waiting.
enum class Moved : std::uint8_t {
  some,
  later,   ///< none now
  end,     ///< reading: the other side has said that this is all
  cut,     ///< reading: the connection ended before it had said so
  failed,  ///< never again
};

/// How an attempt to leave a connection to the kernel has come out.
enum class Placed : std::uint8_t {
  no,      ///< it does not take it; all is as before
  yes,     ///< bytes written to the connection, and read from it, are in the clear now
  broken,  ///< nothing can be done with the connection any more
};

struct KernelKeys;

/// Where an Engine gets bytes of the wire from and puts them. Never waits.
class Transport {
 public:
  /// `end` when there will be no more.
  [[nodiscard]] virtual Moved receive(std::span<char> to, std::size_t& count) = 0;
  [[nodiscard]] virtual Moved send(std::string_view bytes, std::size_t& count) = 0;

 protected:
  ~Transport() = default;
};

/// Our side of one connection: the one that its context is for. Holds no bytes beyond what OpenSSL holds: one record in each
/// direction, and none while nothing passes. Loop thread only.
class Engine {
 public:
  /// The transport outlives it. Throws std::bad_alloc.
  Engine(std::shared_ptr<const Context> context, Transport& transport);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  enum class Shaking : std::uint8_t { going_on, done, failed };
  /// Goes on with the handshake as far as the transport lets it. After `done` and `failed`, outcome() says more.
  [[nodiscard]] Shaking shake();
  /// Of a handshake that is over.
  [[nodiscard]] Handshake outcome() const;

  /// What the peer has sent, in the clear.
  [[nodiscard]] Moved read(std::span<char> to, std::size_t& count);
  /// Takes a part of the bytes, or nothing and `later`: then the same bytes, perhaps with more behind them, must come again.
  [[nodiscard]] Moved write(std::string_view bytes, std::size_t& count);
  /// Tells the peer that nothing more will come (close_notify). `some`: it is told; `later`: to be called again.
  [[nodiscard]] Moved close();

  /// After a handshake that is done, with an Offer that says so: leaves `connection`, a TCP socket that the transport has had
  /// its bytes from, to the kernel. After `yes` the engine is of no use any more but for outcome(), and words.in_kernel is
  /// true.
  [[nodiscard]] Placed into_kernel(int connection);
  /// What the kernel would be told, or nothing when it would not be asked; once.
  [[nodiscard]] std::optional<KernelKeys> take_keys();

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace xsuperd::tls
