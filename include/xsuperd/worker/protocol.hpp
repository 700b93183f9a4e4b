// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "xsuperd/base/fd.hpp"
#include "xsuperd/worker/conversations.hpp"

/// What the daemon and a worker say to each other: one message a packet of an AF_UNIX SEQPACKET socket, at
/// most one descriptor beside it. Integers are little-endian, texts have their length before them. The
/// decoders trust nothing: the daemon's side must bear a worker that was taken over. Pure, but for owning the
/// descriptors.
namespace xsuperd::worker {

/// Stands in the first byte of every message; a message with another is refused.
constexpr std::uint8_t protocol_version = 3;
/// Bytes of the largest message.
constexpr std::size_t largest_message = 60 * 1024;
constexpr std::size_t most_targets = 64;
constexpr std::size_t most_texts = 8;
/// Bytes of one of Parameters::texts.
constexpr std::size_t longest_text = 1024 * 1024;
/// Bytes of the texts in a Report, and of Failed::sentence. Longer ones are cut.
constexpr std::size_t longest_word = 1024;
/// Conversations that one Progress reports on.
constexpr std::size_t most_counts = 2048;
/// Deadlines are cut to this.
constexpr std::chrono::milliseconds longest_deadline = std::chrono::hours(24 * 366);

/// A message as it travels.
struct Packet {
  std::string bytes;
  base::Fd fd;
};

/// Daemon to worker: hold this conversation.
struct Start {
  std::uint64_t token = 0;
  Kind kind = Kind::echo;
  Parameters parameters;
  base::Fd connection;      ///< none after decoding: it was lost on the way, for lack of descriptors
  bool texts_sent = false;  ///< the texts came in TextParts before; `parameters.texts` is empty
};
/// Daemon to worker: a piece of a text that is too long for one message. All pieces of a conversation come
/// right before its Start, in order.
struct TextPart {
  std::uint64_t token = 0;
  std::size_t index = 0;  ///< of the text, below most_texts
  std::string bytes;
};
/// Daemon to worker: the connection to a relay's target, which the daemon has made because the worker may not
/// (Parameters::target). Comes before the Start of its conversation, and nothing but TextParts of it in between. Only for a
/// worker that this daemon has started: one from before an upgrade gets no Start either, so that the word needs no version of
/// its own.
struct Target {
  std::uint64_t token = 0;
  base::Fd socket;  ///< none after decoding: it was lost on the way, for lack of descriptors
};
/// Daemon to worker: what a service offers, by a number that the daemon gives it. The descriptor is a sealed memfd with the
/// encoded tls::Offer in it. Like the next three only for a worker that this daemon has started, but for Join.
struct Keys {
  std::uint64_t number = 0;
  base::Fd bytes;  ///< none after decoding: it was lost on the way
};
/// Daemon to worker: nobody will ask for these any more.
struct ForgetKeys {
  std::uint64_t number = 0;
};
/// Daemon to worker: with which Keys a conversation of kind tls or tls_relay is held. Comes before its Start, as Target does.
struct WithKeys {
  std::uint64_t token = 0;
  std::uint64_t number = 0;
};
/// Daemon to worker: see Conversations::join(). Of a conversation that has told how its handshake came out.
struct Join {
  std::uint64_t token = 0;
  base::Fd inner;  ///< none after decoding: it was lost on the way, and the conversation ends
};
/// Daemon to worker: see Conversations::redirect(). Of a conversation that has told how its handshake came out, and only for a
/// worker that this daemon has started, so that the word needs no version of its own.
struct Redirect {
  std::uint64_t token = 0;
  Parameters parameters;
};
/// Daemon to worker: with what tickets are made from now on, in all contexts. Only for a worker that this daemon has started.
struct Tickets {
  tls::TicketKeys keys;
};
/// Daemon to worker: what a conversation has wished for; see Conversations::show().
struct Page {
  std::uint64_t token = 0;
  PageMade made;  ///< without bytes after decoding: they were lost on the way, or there are none
};
/// Daemon to worker: end this conversation. Answered by Ended, unless there is none of that token.
struct Stop {
  std::uint64_t token = 0;
};
/// Daemon to worker: nothing new will come; end when the last conversation has ended.
struct Drain {};
/// Daemon to worker: how much has each conversation carried? Answered by one Progress or several.
struct Ask {
  std::uint64_t question = 0;  ///< the daemon's number for it
};
using ToWorker = std::variant<Start, TextPart, Stop, Drain, Ask, Target, Keys, ForgetKeys, WithKeys, Join, Tickets, Page, Redirect>;

/// Worker to daemon: conversations may come.
struct Ready {};
/// Worker to daemon, its last message: why it cannot work.
struct Failed {
  std::string sentence;
};
/// Worker to daemon: a conversation has ended.
struct Ended {
  std::uint64_t token = 0;
  Ending ending;
};
/// Worker to daemon: what conversations that go on have carried so far. All that answer one Ask come one right after
/// the other; their tokens ascend, over all of them, so that none is told twice.
struct Progress {
  struct Count {
    std::uint64_t token = 0;
    Traffic traffic;
    bool operator==(const Count&) const = default;
  };
  std::uint64_t question = 0;  ///< of the Ask
  std::vector<Count> counts;   ///< at most most_counts; none only in the last
  bool last = true;            ///< nothing more comes for this question
};
/// Worker to daemon: a line of a stream that a conversation of kind `lines` reads. Bounded, and nothing in it but printable
/// ASCII. Only from a worker that was given such a conversation, so that the word needs no version of its own.
struct Line {
  std::uint64_t token = 0;
  std::string text;  ///< 1 to longest_line bytes
};
/// Worker to daemon: how the handshake of a conversation of kind tls or tls_relay came out; once. In order as tls::in_order()
/// has it.
struct Shaken {
  std::uint64_t token = 0;
  tls::Handshake handshake;
};
/// Worker to daemon: what a conversation of kind `proxy` has seen, right before its Ended. Only from a worker that was given
/// such a conversation, so that the word needs no version of its own.
struct HeaderSeen {
  std::uint64_t token = 0;
  ProxyHeader header;  ///< its result is never `none`
};
/// Worker to daemon: what a conversation of kind metrics or dashboard wants to send. One at a time, until the Page comes, but
/// for one that is repeated after Drain. Only from a worker that was given such a conversation, so that the word needs no
/// version of its own.
struct Wish {
  std::uint64_t token = 0;
  PageWish wish;
};
using ToDaemon = std::variant<Ready, Failed, Ended, Progress, Line, Shaken, HeaderSeen, Wish>;

/// Tokens from here on are no conversation's: they ask for a sign of life.
constexpr std::uint64_t first_sign = std::uint64_t{1} << 63;
/// Daemon to worker: do you still take what you are sent? A Start without a connection, which a worker of any version
/// answers as it answers every Start that it cannot do anything with, at once: with Ended, Why::lost, of this token. So a
/// worker from before an upgrade has no new word to know. Sent only while no TextParts wait for their Start.
[[nodiscard]] Packet question_for_sign(std::uint64_t token);
/// Whether this is the answer to such a question, and has nothing else to tell.
[[nodiscard]] bool is_sign(const Ended& ended);

/// The packets to send in this order: the Target if there is one, the TextParts if there must be any, then the Start with the
/// connection.
/// Nothing when there are too many targets or texts, or a text is too long; the connection is closed then.
[[nodiscard]] std::optional<std::vector<Packet>> encode(Start start);
[[nodiscard]] Packet encode(Target target);
[[nodiscard]] Packet encode(Keys keys);
[[nodiscard]] Packet encode(const ForgetKeys& forget);
[[nodiscard]] Packet encode(const WithKeys& with);
[[nodiscard]] Packet encode(Join join);
/// Nothing when there are too many targets or texts, or the texts are too long, all together.
[[nodiscard]] std::optional<Packet> encode(const Redirect& redirect);
[[nodiscard]] Packet encode(const Tickets& tickets);
[[nodiscard]] Packet encode(Page page);
[[nodiscard]] Packet encode(const Stop& stop);
[[nodiscard]] Packet encode(const Drain& drain);
[[nodiscard]] Packet encode(const Ask& ask);
[[nodiscard]] Packet encode(const Ready& ready);
[[nodiscard]] Packet encode(const Failed& failed);
[[nodiscard]] Packet encode(Ended ended);
[[nodiscard]] Packet encode(const Progress& progress);
[[nodiscard]] Packet encode(const Line& line);
[[nodiscard]] Packet encode(const Shaken& shaken);
[[nodiscard]] Packet encode(const HeaderSeen& seen);
[[nodiscard]] Packet encode(const Wish& wish);
/// The whole answer, in as many messages as it needs. The counts may come in any order.
[[nodiscard]] std::vector<Packet> encode_answer(std::uint64_t question, std::vector<Progress::Count> counts);

/// What the packet says; nothing when it is no message of this version in every respect. A descriptor that
/// the message does not speak of is refused too, and closed; so is an Identity, a Progress, a Line, a Shaken or a ProxyHeader
/// that is not as its type says.
[[nodiscard]] std::optional<ToWorker> decode_for_worker(Packet packet);
[[nodiscard]] std::optional<ToDaemon> decode_for_daemon(Packet packet);

}  // namespace xsuperd::worker
