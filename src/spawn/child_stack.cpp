// SPDX-License-Identifier: MIT
#include "spawn/child_stack.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace xsuperd::spawn {

namespace {

constexpr std::size_t usable = 65536;
constexpr std::size_t upper = 8192;

std::size_t page_size() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

}  // namespace

ChildStack::ChildStack() : size_(usable + page_size()) {
  base_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (base_ == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "stack for children");
  ::mprotect(base_, page_size(), PROT_NONE);
}

void* ChildStack::lower() const { return static_cast<char*>(base_) + page_size(); }

std::size_t ChildStack::lower_size() const { return usable - upper; }

ChildStack::~ChildStack() { ::munmap(base_, size_); }

}  // namespace xsuperd::spawn
