// SPDX-License-Identifier: MIT
#ifdef XSUPERD_HAVE_OPENSSL
#include "tls/certificate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::tls {

namespace {

using Bytes = std::span<const unsigned char>;

std::string hexadecimal(Bytes bytes) {
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

std::string_view as_text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

Bytes bytes_of(const ASN1_STRING* string) {
  return {openssl().ASN1_STRING_get0_data(string), static_cast<std::size_t>(std::max(openssl().ASN1_STRING_length(string), 0))};
}

/// With its length, so that a NUL in it does not hide the rest.
std::string in_utf8(const ASN1_STRING* string) {
  unsigned char* text = nullptr;
  const int size = openssl().ASN1_STRING_to_UTF8(&text, string);
  std::string result = size > 0 ? decent({reinterpret_cast<const char*>(text), static_cast<std::size_t>(size)}) : std::string();
  if (size >= 0) openssl().CRYPTO_free(text, "", 0);
  return result;
}

std::string common_name(const X509_NAME* name) {
  int last = -1;
  for (int next = -1; (next = openssl().X509_NAME_get_index_by_NID(name, NID_commonName, next)) >= 0;) last = next;
  return last < 0 ? std::string() : in_utf8(openssl().X509_NAME_ENTRY_get_data(openssl().X509_NAME_get_entry(name, last)));
}

std::string whole_name(const X509_NAME* name) {
  const BioPtr to(openssl().BIO_new(openssl().BIO_s_mem()));
  // What is not ASCII stays UTF-8.
  constexpr unsigned long how = XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);
  if (!to || openssl().X509_NAME_print_ex(to.get(), name, 0, how) < 0) return {};
  char* text = nullptr;
  const long size = openssl().BIO_ctrl(to.get(), BIO_CTRL_INFO, 0, &text);
  return size > 0 ? decent({text, static_cast<std::size_t>(size)}) : std::string();
}

/// As the daemon writes addresses everywhere.
std::string address(Bytes bytes) {
  using base::Address;
  std::array<std::uint8_t, 16> all{};
  if (bytes.size() != 4 && bytes.size() != all.size()) return {};
  std::ranges::copy(bytes, all.begin());
  return Address::of(bytes.size() == 4 ? Address::Family::ipv4 : Address::Family::ipv6, all, 0).text();
}

/// Names of all types stand in one list, so that one of a type must not look like one of another: a URI that reads like the name
/// of a host is nobody's name.
bool looks_like(int type, const std::string& name) {
  const bool at = name.find('@') != name.npos, colon = name.find(':') != name.npos;
  if (base::Address::parse(name)) return false;
  if (type == GEN_DNS) return !at && !colon;
  return type == GEN_EMAIL ? at && !colon : colon;
}

std::string told_by(const GENERAL_NAME* name) {
  int type = 0;
  const void* value = openssl().GENERAL_NAME_get0_value(name, &type);
  const bool text = type == GEN_DNS || type == GEN_EMAIL || type == GEN_URI;
  if (!text && type != GEN_IPADD) return {};
  const Bytes bytes = bytes_of(static_cast<const ASN1_STRING*>(value));
  if (!text) return address(bytes);
  std::string told = decent(as_text(bytes));
  return looks_like(type, told) ? told : std::string();
}

std::vector<std::string> alternative_names(const X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, FreeWith<&OpenSsl::GENERAL_NAMES_free>> all(
      static_cast<GENERAL_NAMES*>(openssl().X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> names;
  const auto* list = reinterpret_cast<const OPENSSL_STACK*>(all.get());
  const int count = all ? openssl().OPENSSL_sk_num(list) : 0;
  for (int i = 0; i < count && names.size() < most_names; ++i)
    if (std::string name = told_by(static_cast<const GENERAL_NAME*>(openssl().OPENSSL_sk_value(list, i))); !name.empty())
      names.push_back(std::move(name));
  return names;
}

std::string serial_number(const X509* certificate) {
  const std::unique_ptr<BIGNUM, FreeWith<&OpenSsl::BN_free>> number(
      openssl().ASN1_INTEGER_to_BN(openssl().X509_get0_serialNumber(certificate), nullptr));
  char* text = number ? openssl().BN_bn2hex(number.get()) : nullptr;
  std::string serial = text ? base::to_lower(text) : std::string();
  if (text) openssl().CRYPTO_free(text, "", 0);
  return serial.find_first_not_of("0123456789abcdef") == serial.npos ? decent(serial) : std::string();
}

}  // namespace

Certificate told_by(X509* certificate) {
  std::array<unsigned char, 32> digest{};
  unsigned int size = 0;
  (void)openssl().X509_digest(certificate, openssl().EVP_sha256(), digest.data(), &size);
  Certificate told{.subject = common_name(openssl().X509_get_subject_name(certificate)),
                   .names = alternative_names(certificate),
                   .issuer = whole_name(openssl().X509_get_issuer_name(certificate)),
                   .serial = serial_number(certificate),
                   .sha256 = hexadecimal(digest)};
  openssl().ERR_clear_error();
  return told;
}

}  // namespace xsuperd::tls
#endif
