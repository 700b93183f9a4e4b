// SPDX-License-Identifier: MIT
#include "fleet/replies.hpp"

#include <utility>

#ifdef XSUPERD_HAVE_HIREDIS
#include <hiredis/read.h>

#include "xsuperd/base/library.hpp"
#endif

namespace xsuperd::fleet {

#ifdef XSUPERD_HAVE_HIREDIS

namespace {

/// What is used of hiredis.
struct Hiredis {
  static constexpr const char* file = XSUPERD_HIREDIS_FILE;
  decltype(&::redisReaderCreateWithFunctions) create;
  decltype(&::redisReaderFree) free;
  decltype(&::redisReaderFeed) feed;
  decltype(&::redisReaderGetReply) get;

  void find(base::Library& in) {
    in.find("redisReaderCreateWithFunctions", create).find("redisReaderFree", free);
    in.find("redisReaderFeed", feed).find("redisReaderGetReply", get);
  }
};

const Hiredis* hiredis = nullptr;

// hiredis makes objects through these, of which a null ends the stream. An object in a list belongs to the list.

/// How many elements the lists of the answer that is being read have announced by now.
std::size_t& elements_of(const redisReadTask* task) { return *static_cast<std::size_t*>(task->privdata); }

void* put(const redisReadTask* task, Reply reply) noexcept try {
  if (!task->parent) return new Reply(std::move(reply));
  auto& list = static_cast<Reply*>(task->parent->obj)->list;
  list.push_back(std::move(reply));  // has room: hiredis keeps pointers to the lists in it
  return &list.back();
} catch (const std::exception&) {
  return nullptr;
}

void* make_text(const redisReadTask* task, char* bytes, std::size_t size) noexcept try {
  const auto kind = task->type == REDIS_REPLY_ERROR ? Reply::Kind::error : task->type == REDIS_REPLY_STATUS ? Reply::Kind::status : Reply::Kind::text;
  return put(task, {.kind = kind, .text = std::string(bytes, size)});
} catch (const std::exception&) {
  return nullptr;
}

void* make_list_of(const redisReadTask* task, std::size_t size) noexcept try {
  if (size > most_elements || (elements_of(task) += size) > most_elements) return nullptr;
  Reply reply{.kind = Reply::Kind::list};
  reply.list.reserve(size);
  return put(task, std::move(reply));
} catch (const std::exception&) {
  return nullptr;
}
// One of the two, depending on the version.
void* make_list(const redisReadTask* task, int size) noexcept { return size < 0 ? nullptr : make_list_of(task, static_cast<std::size_t>(size)); }
[[maybe_unused]] void* make_list(const redisReadTask* task, std::size_t size) noexcept { return make_list_of(task, size); }

void* make_number(const redisReadTask* task, long long value) noexcept { return put(task, {.kind = Reply::Kind::number, .number = value}); }
void* make_nothing(const redisReadTask* task) noexcept { return put(task, {}); }
void free_object(void* object) noexcept { delete static_cast<Reply*>(object); }

/// What RESP 3 has, which newer versions read and nobody has asked for, ends the stream: without a function for it hiredis would
/// make up an object.
template <typename Functions>
void refuse_more(Functions& made) {
  if constexpr (requires { made.createDouble; }) made.createDouble = [](const redisReadTask*, double, char*, std::size_t) noexcept -> void* { return nullptr; };
  if constexpr (requires { made.createBool; }) made.createBool = [](const redisReadTask*, int) noexcept -> void* { return nullptr; };
}

redisReplyObjectFunctions& functions() {
  static redisReplyObjectFunctions all = [] {
    redisReplyObjectFunctions made{};
    refuse_more(made);
    made.createString = make_text;
    made.createArray = make_list;
    made.createInteger = make_number;
    made.createNil = make_nothing;
    made.freeObject = free_object;
    return made;
  }();
  return all;
}

}  // namespace

base::Result<void> load_hiredis() {
  const auto loaded = base::loaded_functions<Hiredis>();
  if (!loaded) return loaded.error();
  hiredis = *loaded;
  return {};
}

struct Replies::Impl {
  Impl() : reader(hiredis->create(&functions()), hiredis->free) {
    if (!reader) throw std::bad_alloc();
    reader->privdata = &elements;
  }
  std::unique_ptr<redisReader, void (*)(redisReader*)> reader;
  std::size_t elements = 0;
  std::size_t unread = 0;  ///< bytes since the last answer
  bool broken = false;
};

void Replies::feed(std::string_view bytes) {
  if (impl_->broken) return;
  impl_->unread += bytes.size();
  if (hiredis->feed(impl_->reader.get(), bytes.data(), bytes.size()) != REDIS_OK) impl_->broken = true;
}

std::optional<Reply> Replies::next() {
  if (impl_->broken) return std::nullopt;
  void* object = nullptr;
  if (hiredis->get(impl_->reader.get(), &object) != REDIS_OK) return impl_->broken = true, std::nullopt;
  if (!object) {
    impl_->broken = impl_->unread > most_reply_bytes;
    return std::nullopt;
  }
  const std::unique_ptr<Reply> reply(static_cast<Reply*>(object));
  impl_->unread = impl_->reader->len - impl_->reader->pos;
  impl_->elements = 0;
  return std::move(*reply);
}

#else

base::Result<void> load_hiredis() { return base::Error{0, "xsuperd was built without hiredis"}; }

struct Replies::Impl {
  bool broken = true;
};

void Replies::feed(std::string_view) {}
std::optional<Reply> Replies::next() { return std::nullopt; }

#endif

bool Replies::broken() const { return impl_->broken; }

Replies::Replies() : impl_(std::make_unique<Impl>()) {}
Replies::~Replies() = default;
Replies::Replies(Replies&&) noexcept = default;
Replies& Replies::operator=(Replies&&) noexcept = default;

}  // namespace xsuperd::fleet
