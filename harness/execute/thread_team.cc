#include "harness/execute/thread_team.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

namespace breakproof::harness {
namespace {

constexpr int kNobody = -1;

struct Team;

struct Member {
  Team* team;
  int id;
  pthread_t thread;
  bool is_running;
  std::atomic<std::uint32_t> has_turn;  // futex word: 1 while it is this member's turn
};

struct Team {
  const Operation* operations;
  std::uint32_t count;
  Stacks stacks;
  PerformFunction perform;
  void* context;
  std::uint32_t next;     // the operation to perform next; only the member whose turn it is touches it
  int leaving;            // a member that exits and must be joined, or kNobody
  bool is_over;           // everybody returns
  bool start_failed;
  Member members[kMaxThreads];
};

void GiveTurn(Member* member) {
  member->has_turn.store(1, std::memory_order_release);
  syscall(SYS_futex, &member->has_turn, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

void AwaitTurn(Member* member) {
  constexpr int kSpins = 500;  // a turn often comes back at once; sleeping costs some ten microseconds
  for (int spin = 0; member->has_turn.load(std::memory_order_acquire) == 0; ++spin) {
    if (spin < kSpins) {
      __builtin_ia32_pause();
    } else {
      syscall(SYS_futex, &member->has_turn, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
    }
  }
  member->has_turn.store(0, std::memory_order_relaxed);
}

void* MemberMain(void* argument);

bool EnsureStarted(Team* team, int id) {
  Member& member = team->members[id];
  if (id == 0 || member.is_running) return true;
  member.has_turn.store(0, std::memory_order_relaxed);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  if (team->stacks == Stacks::kSmallOnes && id % 2 == 1) pthread_attr_setstacksize(&attributes, kSmallStack);
  member.is_running = pthread_create(&member.thread, &attributes, MemberMain, &member) == 0;
  pthread_attr_destroy(&attributes);
  return member.is_running;
}

// Performs the operations of one member for as long as they are next; true if the member shall exit.
bool PerformShare(Team* team, int id) {
  while (team->next < team->count && team->operations[team->next].thread == id) {
    const std::uint32_t index = team->next++;
    team->perform(team->context, index);
    if (team->operations[index].kind == OperationKind::kThreadExit) return true;
  }
  return false;
}

void* MemberMain(void* argument) {
  auto* member = static_cast<Member*>(argument);
  Team* const team = member->team;
  for (;;) {
    AwaitTurn(member);
    if (team->is_over) return nullptr;
    const bool exits = PerformShare(team, member->id);
    if (exits) team->leaving = member->id;
    // Every change of thread passes through thread 0, which alone starts and joins.
    GiveTurn(&team->members[0]);
    if (exits) return nullptr;
  }
}

void Join(Team* team, int id) {
  pthread_join(team->members[id].thread, nullptr);
  team->members[id].is_running = false;
}

void Conduct(Team* team) {
  while (team->next < team->count) {
    const int id = team->operations[team->next].thread;
    if (id == 0) {
      PerformShare(team, 0);
      continue;
    }
    if (!EnsureStarted(team, id)) {
      team->start_failed = true;
      return;
    }
    GiveTurn(&team->members[id]);
    AwaitTurn(&team->members[0]);
    if (team->leaving != kNobody) {
      Join(team, team->leaving);
      team->leaving = kNobody;
    }
  }
}

}  // namespace

bool RunOnThreads(const Operation* operations, std::uint32_t count, Stacks stacks, PerformFunction perform,
                  void* context) {
  Team team = {};
  team.operations = operations;
  team.count = count;
  team.stacks = stacks;
  team.perform = perform;
  team.context = context;
  team.leaving = kNobody;
  for (int id = 0; id < kMaxThreads; ++id) {
    team.members[id].team = &team;
    team.members[id].id = id;
  }
  Conduct(&team);
  team.is_over = true;
  for (int id = 1; id < kMaxThreads; ++id) {
    if (!team.members[id].is_running) continue;
    GiveTurn(&team.members[id]);
    Join(&team, id);
  }
  return !team.start_failed;
}

}  // namespace breakproof::harness
