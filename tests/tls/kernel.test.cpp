// SPDX-License-Identifier: MIT
#include "xsuperd/tls/kernel.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <sys/socket.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "tls/client.hpp"
#include "tls/kernel_keys.hpp"

using namespace xsuperd::tls;
using namespace xsuperd::tls::test;

namespace {

constexpr char application_data = 23;
constexpr std::size_t tag_size = 16;

std::string big_endian(std::uint64_t number, std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = size; i-- > 0; number >>= 8) bytes[i] = static_cast<char>(number & 0xff);
  return bytes;
}

/// Records as RFC 8446 (5.2, 5.3) and RFC 5246 (6.2.3.3) have them: what a kernel would do with the keys, by hand.
class Records {
 public:
  Records(const KernelKeys& all, const RecordKeys& keys) : all_(all), keys_(keys) {}

  std::string sealed(char kind, const std::string& text) {
    const std::string inner = all_.tls1_3 ? text + kind : text;
    const std::size_t overhead = tag_size + (in_clear() ? 8 : 0);
    const std::string head = header(all_.tls1_3 ? application_data : kind, inner.size() + overhead);
    const std::string number = in_clear() ? counted() : std::string();
    std::string out = head + number + crypt(true, nonce(number), associated(kind, head, inner.size()), inner);
    ++keys_.sequence;
    return out;
  }
  std::string opened(const std::string& record) {
    const std::string head = record.substr(0, 5), number = record.substr(5, in_clear() ? 8 : 0);
    const std::string body = record.substr(5 + number.size());
    std::string text = crypt(false, nonce(number), associated(record[0], head, body.size() - tag_size), body);
    ++keys_.sequence;
    if (all_.tls1_3 && !text.empty()) text.pop_back();  // its kind
    return text;
  }

 private:
  [[nodiscard]] bool in_clear() const { return !all_.tls1_3 && all_.cipher != KernelKeys::Cipher::chacha20_poly1305; }
  static std::string header(char kind, std::size_t size) { return std::string{kind, 3, 3} + big_endian(size, 2); }
  /// As kernels count: from where they were told to begin.
  std::string counted() { return keys_.iv.substr(4); }
  [[nodiscard]] std::string nonce(const std::string& number) const {
    if (!number.empty()) return keys_.iv.substr(0, 4) + number;
    std::string all = keys_.iv;
    const std::string sequence = big_endian(keys_.sequence, all.size());
    std::transform(all.begin(), all.end(), sequence.begin(), all.begin(), [](char a, char b) { return static_cast<char>(a ^ b); });
    return all;
  }
  [[nodiscard]] std::string associated(char kind, const std::string& head, std::size_t size) const {
    return all_.tls1_3 ? head : big_endian(keys_.sequence, 8) + header(kind, size);
  }
  [[nodiscard]] std::string crypt(bool seals, const std::string& nonce, const std::string& associated, const std::string& text) const {
    using Cipher = KernelKeys::Cipher;
    const auto bytes = [](const std::string& s) { return reinterpret_cast<const unsigned char*>(s.data()); };
    EVP_CIPHER_CTX* c = EVP_CIPHER_CTX_new();
    const EVP_CIPHER* cipher = all_.cipher == Cipher::aes_128_gcm ? EVP_aes_128_gcm() : all_.cipher == Cipher::aes_256_gcm ? EVP_aes_256_gcm() : EVP_chacha20_poly1305();
    const std::string body = seals ? text : text.substr(0, text.size() - tag_size);
    std::string tag = seals ? std::string(tag_size, '\0') : text.substr(body.size()), out(body.size(), '\0');
    int count = 0;
    bool good = EVP_CipherInit_ex(c, cipher, nullptr, bytes(keys_.key), bytes(nonce), seals ? 1 : 0) == 1;
    if (!seals) good = good && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, tag_size, tag.data()) == 1;
    good = good && EVP_CipherUpdate(c, nullptr, &count, bytes(associated), static_cast<int>(associated.size())) == 1 &&
           EVP_CipherUpdate(c, reinterpret_cast<unsigned char*>(out.data()), &count, bytes(body), static_cast<int>(body.size())) == 1 &&
           EVP_CipherFinal_ex(c, reinterpret_cast<unsigned char*>(out.data()) + out.size(), &count) == 1;
    if (seals) good = good && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, tag_size, tag.data()) == 1;
    EVP_CIPHER_CTX_free(c);
    CHECK(good);
    return seals ? out + tag : out;
  }

  const KernelKeys& all_;
  RecordKeys keys_;
};

Offer offer(std::vector<std::string> ciphers) {
  static const Authority authority("Our authority");
  const Issued issued = authority.issue({});
  Offer one;
  one.identities.push_back({{}, issued.chain, issued.key});
  one.in_kernel = true;
  one.ciphers = std::move(ciphers);
  return one;
}

std::string waiting_in(BIO* bio) {
  std::string all(20000, '\0');
  const int count = BIO_read(bio, all.data(), static_cast<int>(all.size()));
  all.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return all;
}

}  // namespace

TEST_CASE("with the keys that the kernel is given records are read and written as OpenSSL does at the other end") {
  const auto [version, cipher] = GENERATE(table<int, std::string>({{TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256"}, {TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384"},
      {TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256"}, {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"},
      {TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"}, {TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"}}));
  INFO(cipher);
  const auto made = Context::make(offer({cipher}));
  REQUIRE(made.has_value());
  SSL_SESSION* session = nullptr;
  for (const bool resumes : {false, true}) {
    Client client({.version = version, .resumes = session});
    Wire wire(client);
    Engine engine(*made, wire);
    REQUIRE(shake_hands(client, engine) == Engine::Shaking::done);
    CHECK(engine.outcome().words.resumed == resumes);
    const auto keys = engine.take_keys();
    REQUIRE(keys);
    CHECK(keys->tls1_3 == (version == TLS1_3_VERSION));

    Records in(*keys, keys->in), out(*keys, keys->out);
    client.write("hello");
    CHECK(in.opened(waiting_in(client.to_server)) == "hello");
    client.write("again");
    CHECK(in.opened(waiting_in(client.to_server)) == "again");
    const std::string answer = out.sealed(application_data, "answer");
    BIO_write(client.from_server, answer.data(), static_cast<int>(answer.size()));
    CHECK(client.read() == "answer");
    CHECK(SSL_get_error(client.ssl, -1) != SSL_ERROR_SSL);
    SSL_SESSION_free(session);
    session = SSL_get1_session(client.ssl);
    SSL_shutdown(client.ssl);
  }
  SSL_SESSION_free(session);
}

TEST_CASE("the kernel is given nothing twice, and nothing of ciphers that it does not know or of what is not meant for it") {
  const auto keys_of = [](const Offer& offered, int version) {
    const auto made = Context::make(offered);
    REQUIRE(made.has_value());
    Client client({.version = version});
    Wire wire(client);
    Engine engine(*made, wire);
    REQUIRE(shake_hands(client, engine) == Engine::Shaking::done);
    const bool first = engine.take_keys().has_value();
    if (version == TLS1_3_VERSION) CHECK_FALSE(engine.take_keys());
    return first;
  };
  CHECK(keys_of(offer({}), TLS1_3_VERSION));
  CHECK_FALSE(keys_of(offer({"ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256"}), TLS1_2_VERSION));
  Offer relayed = offer({});
  relayed.in_kernel = false;
  CHECK_FALSE(keys_of(relayed, TLS1_3_VERSION));
}

TEST_CASE("what is no connection with TLS in the kernel is left as it is") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
  const KernelKeys keys{.in = {std::string(16, 'k'), std::string(12, 'i'), 0}, .out = {std::string(16, 'k'), std::string(12, 'i'), 0}};
  CHECK(place(ends[0], keys) == Placed::no);
  ::close(ends[0]);
  ::close(ends[1]);
}
