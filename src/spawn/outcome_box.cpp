// SPDX-License-Identifier: MIT
#include "spawn/outcome_box.hpp"

#include <algorithm>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/post.hpp>
#include <iterator>
#include <utility>

#include "xsuperd/loop/slot.hpp"

namespace xsuperd::spawn {

/// One that the loop has been asked for may outlive the box.
struct OutcomeBox::Delivery {
  loop::Slot slot;
  OutcomeBox* box = nullptr;
};

OutcomeBox::OutcomeBox(boost::asio::io_context& loop)
    : loop_(loop), keeps_loop_(boost::asio::make_work_guard(loop)), delivery_(std::make_shared<Delivery>()) {
  delivery_->box = this;
}

OutcomeBox::~OutcomeBox() { delivery_->box = nullptr; }

void OutcomeBox::put(Launched&& launched) {
  bool first = false;
  {
    const std::scoped_lock lock(mutex_);
    gathered_.push_back(std::move(launched));
    first = !std::exchange(asked_, true);
  }
  if (first) ask_for_delivery();
}

/// An eventfd would cost the loop two system calls more each time: to read it, and to have Asio watch it again. By whoever
/// has set asked_, so that the slot is free.
void OutcomeBox::ask_for_delivery() {
  boost::asio::post(loop_, boost::asio::bind_allocator(loop::InSlot<void>(delivery_->slot), [delivery = delivery_] {
                      if (delivery->box) delivery->box->deliver();
                    }));
}

std::vector<Launched> OutcomeBox::take_rest() {
  const std::scoped_lock lock(mutex_);
  std::move(gathered_.begin(), gathered_.end(), std::back_inserter(delivering_));
  gathered_.clear();
  return std::exchange(delivering_, {});
}

void OutcomeBox::deliver_later() {
  {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(asked_, true)) return;
  }
  ask_for_delivery();
}

/// What a handler has left by throwing comes alone: to put the two together takes memory.
void OutcomeBox::deliver() {
  const bool rest = !delivering_.empty();
  {
    const std::scoped_lock lock(mutex_);
    asked_ = false;
    if (!rest) std::swap(gathered_, delivering_);
  }
  auto next = delivering_.begin();
  try {
    while (next != delivering_.end()) {
      Launched launched = std::move(*next++);
      handler_(std::move(launched));
    }
  } catch (...) {
    if (rest || next != delivering_.end()) deliver_later();
    delivering_.erase(delivering_.begin(), next);
    throw;
  }
  delivering_.clear();
  if (rest) deliver_later();
}

}  // namespace xsuperd::spawn
