// SPDX-License-Identifier: MIT
#include "xsuperd/box/mould.hpp"

#include <concepts>
#include <cstring>

namespace xsuperd::box {

namespace {

class Writer {
 public:
  void operator()(const std::string& text) {
    number(text.size());
    bytes_ += text;
  }
  void operator()(const std::vector<std::string>& texts) {
    number(texts.size());
    for (const std::string& text : texts) (*this)(text);
  }
  void operator()(bool value) { bytes_ += static_cast<char>(value); }
  void operator()(std::uint64_t value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  template <typename E>
    requires std::is_enum_v<E>
  void operator()(E value) {
    bytes_ += static_cast<char>(value);
  }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  void number(std::size_t value) {
    const auto four = static_cast<std::uint32_t>(value);
    bytes_.append(reinterpret_cast<const char*>(&four), sizeof four);
  }
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  void operator()(std::string& text) {
    const std::size_t size = number();
    if (size > bytes_.size()) return fail();
    text = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
  }
  void operator()(std::vector<std::string>& texts) {
    std::size_t count = number();
    for (; count > 0 && good_; --count) (*this)(texts.emplace_back());
  }
  void operator()(bool& value) { value = byte(1) != 0; }
  void operator()(std::uint64_t& value) {
    if (bytes_.size() < sizeof value) return fail();
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_.remove_prefix(sizeof value);
  }
  void operator()(Mould::Root& value) { value = static_cast<Mould::Root>(byte(static_cast<int>(Mould::Root::directory))); }
  void operator()(Mould::Own& value) { value = static_cast<Mould::Own>(byte(static_cast<int>(Mould::Own::fresh))); }
  [[nodiscard]] bool through() const { return good_ && bytes_.empty(); }

 private:
  void fail() {
    good_ = false;
    bytes_ = {};
  }
  int byte(int greatest) {
    if (bytes_.empty() || bytes_.front() < 0 || bytes_.front() > greatest) return fail(), 0;
    const int value = bytes_.front();
    bytes_.remove_prefix(1);
    return value;
  }
  std::size_t number() {
    std::uint32_t four = 0;
    if (bytes_.size() < sizeof four) return fail(), 0;
    std::memcpy(&four, bytes_.data(), sizeof four);
    bytes_.remove_prefix(sizeof four);
    return four;
  }
  std::string_view bytes_;
  bool good_ = true;
};

template <typename A, typename Visitor>
void visit_amounts(A& amounts, Visitor& each) {
  each(amounts.memory);
  each(amounts.swap);
  each(amounts.tasks);
  each(amounts.cpu);
  each(amounts.weight);
}

/// Every member, in one place for both directions.
template <typename M, typename Visitor>
void visit(M& mould, Visitor& each) {
  each(mould.root);
  each(mould.directory);
  each(mould.directory_read_only);
  each(mould.trees);
  each(mould.read_only);
  each(mould.read_write);
  each(mould.inaccessible);
  each(mould.tmp);
  each(mould.devices);
  each(mould.pids);
  each(mould.network);
  each(mould.ipc);
  each(mould.reuse);
  each(mould.apart);
  visit_amounts(mould.each, each);
  visit_amounts(mould.together, each);
  each(mould.service);
}

}  // namespace

std::string encode(const Mould& mould) {
  Writer writer;
  visit(mould, writer);
  return writer.take();
}

std::optional<Mould> decode_mould(std::string_view bytes) {
  Mould mould;
  Reader reader(bytes);
  visit(mould, reader);
  if (!reader.through()) return std::nullopt;
  return mould;
}

}  // namespace xsuperd::box
