// SPDX-License-Identifier: MIT
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "spawn/job_ring.hpp"
#include "spawn/profile.hpp"

namespace xsuperd::spawn {

/// Threads that start the servers of one profile each. They are made when a server of it is first started, and those that
/// have nothing to do, and were not needed for the longest time, make room for others. Loop thread, but for `serve`.
class ProfileThreads {
 public:
  struct Options {
    std::size_t profiles = 8;
    unsigned threads = 2;  ///< of each; 0: servers take on their profile themselves
    std::size_t ring = 256;
    /// The life of a thread: starts what comes out of the ring, until that is closed. `inherits`: see Launch.
    std::function<void(JobRing& ring, bool inherits)> serve;
  };
  explicit ProfileThreads(Options options);
  ~ProfileThreads() { end(); }
  ProfileThreads(const ProfileThreads&) = delete;
  ProfileThreads& operator=(const ProfileThreads&) = delete;

  /// Gives the job to a thread that has its profile; false, and the job is as it was, when there is none: whoever starts it
  /// takes it on in the child.
  [[nodiscard]] bool push(Job& job);
  /// Waits for the starts under way; jobs that nobody has begun are dropped. None is taken afterwards.
  void end();

 private:
  struct Group {
    Group(Profile its, std::size_t room) : profile(std::move(its)), ring(room) {}
    Profile profile;
    JobRing ring;
    ~Group() { ring.close(); }

    std::atomic<bool> useless = false;  ///< the profile could not be taken on
    std::uint64_t last_use = 0;
    std::vector<std::jthread> threads;
  };
  [[nodiscard]] Group* group_of(const Profile& profile);
  [[nodiscard]] bool make_room();
  void begin(Group& group);

  const Options options_;
  std::uint64_t uses_ = 0;
  std::vector<std::unique_ptr<Group>> groups_;
};

}  // namespace xsuperd::spawn
