// Every sequence of legal calls up to a stated length on small heaps, while an adversary makes the first word of each
// block the worst that there is: the mark by which the allocator suspects that this very block is free (heap/misuse.h).
//
//   no legal call may be called misuse, by any thread;
//   in every state that is reached, each block of a slab that is free and has its mark is freed once more, reallocated and
//   asked for its size, by each thread, and all of these must be found; so must be a free of what is no slab's any more.
//
//   bazel run -c opt //tests/production/adversary -- [calls more than usual]
#include <setjmp.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unordered_set>
#include <vector>

#include "allocator/heap/check.h"
#include "allocator/heap/thread_heap.h"
#include "allocator/interface/entry_points.h"
#include "tests/production/adversary/tiny_machine.h"

namespace {

jmp_buf escape;
bool is_armed = false;
char last_words[256];

// The allocator writes its sentence to stderr by a call that no symbol can be put in front of: this is the other end.
int sentences = -1;

void CatchSentences() {
  int ends[2];
  if (pipe(ends) != 0 || dup2(ends[1], STDERR_FILENO) < 0) std::exit(1);
  sentences = ends[0];
}

// "breakproof: SENTENCE\n" is all that is in the pipe.
void ReadLastWords() {
  constexpr char kPrefix[] = "breakproof: ";
  const ssize_t length = read(sentences, last_words, sizeof last_words - 1);
  last_words[length > 0 ? length - 1 : 0] = '\0';
  if (std::strncmp(last_words, kPrefix, sizeof kPrefix - 1) == 0) {
    std::memmove(last_words, last_words + sizeof kPrefix - 1, sizeof last_words - sizeof kPrefix);
  }
}

}  // namespace

// How the allocator ends the process: it writes a sentence and aborts. Here that is the end of one call.
extern "C" void abort() noexcept {
  ReadLastWords();
  if (!is_armed) {
    std::printf("%s\n", last_words);
    std::fflush(stdout);
    _exit(134);
  }
  is_armed = false;
  longjmp(escape, 1);
}

namespace breakproof::tests {
namespace {

using allocator::Heap;
using allocator::Span;
using allocator::SpanUse;
using allocator::ThreadHeap;

// The sentence that the call dies with; nullptr if it returns.
template <typename Call>
__attribute__((noinline)) const char* LastWords(const Call& call) {
  if (setjmp(escape) != 0) return last_words;
  is_armed = true;
  call();
  is_armed = false;
  return nullptr;
}

enum class Kind : std::uint8_t { kMalloc, kFree, kRealloc, kFlush, kExit, kFlushIdle };
// Of the first word of a block: its own mark, that of another block, or as the allocator has left it.
enum class Content : std::uint8_t { kOwnMark, kOthersMark, kAlone };

struct Operation {
  Kind kind;
  std::uint8_t thread;  // 0 never allocates
  std::uint8_t slot;
  std::uint8_t size;  // index
  Content content;
};

struct Scenario {
  const char* name;
  std::uint8_t threads;           // that allocate, 1 to this
  bool is_first_thread_another;   // so that these begin in mixed slabs
  std::uint8_t slots;             // live blocks at a time
  std::vector<std::size_t> sizes;
  std::vector<Content> contents;
  std::uint8_t calls;
};

constexpr std::uint64_t kMostThreads = 3, kMostSlots = 3;
constexpr std::uint64_t kMapsFrom = 48 << 10;

// What one sequence has come to.
class Case {
 public:
  Case(const Scenario& scenario, TinyMachine& machine) : scenario_(scenario), heap_(machine.Reset()) {
    allocator::PageHeap& pages = heap_.pages();
    pages.SetThreshold(arithmetic::WithMmapThreshold<std::uint64_t>(pages.threshold(), kMapsFrom));
    if (scenario.is_first_thread_another) heap_.Attach();
    Placeholder().Serve(&heap_);
  }

  // False if the allocator died of it.
  bool Perform(const Operation& operation) {
    complaint_ = LastWords([&] { Do(operation); });
    ZeroPadding();
    return complaint_ == nullptr;
  }

  // False if something is not as it must be in this state.
  bool Check() {
    const std::vector<const void*> on_the_way = OnTheWay();
    if (!LiveBlocksAreLive() || !FreeBlocksAreFree() || !GoneBlocksAreNone()) return false;
    complaint_ = CheckHeap(heap_);
    if (complaint_ == nullptr && on_the_way != OnTheWay()) complaint_ = "a question has changed what is on the way home";
    return complaint_ == nullptr;
  }

  const char* complaint() const { return complaint_; }
  std::uint64_t second_calls() const { return second_calls_; }

  // What may follow.
  template <typename Visit>
  void ForEachNext(const Visit& visit) const {
    const auto size_count = static_cast<std::uint8_t>(scenario_.sizes.size());
    for (std::uint8_t thread = 0; thread <= scenario_.threads; ++thread) {
      bool has_free_slot = false;
      for (std::uint8_t slot = 0; slot < scenario_.slots; ++slot) {
        const bool is_live = slots_[slot].block != nullptr;
        if (is_live) visit(Operation{Kind::kFree, thread, slot, 0, Content::kAlone});
        if (thread == 0 || (!is_live && has_free_slot)) continue;
        has_free_slot = has_free_slot || !is_live;
        for (std::uint8_t size = 0; size < size_count; ++size) {
          for (const Content content : scenario_.contents) {
            visit(Operation{is_live ? Kind::kRealloc : Kind::kMalloc, thread, slot, size, content});
          }
        }
      }
      if (threads_[thread] == nullptr) continue;
      visit(Operation{Kind::kFlush, thread, 0, 0, Content::kAlone});
      visit(Operation{Kind::kExit, thread, 0, 0, Content::kAlone});
    }
    if (has_ended_) visit(Operation{Kind::kFlushIdle, 0, 0, 0, Content::kAlone});
  }

 private:
  struct Slot {
    char* block = nullptr;
    std::size_t size = 0;
  };

  static allocator::PlaceholderThreadHeap& Placeholder() {
    static allocator::PlaceholderThreadHeap placeholder;
    return placeholder;
  }

  // For calls that do not allocate.
  ThreadHeap& Thread(std::uint64_t thread) {
    return threads_[thread] != nullptr ? *threads_[thread] : Placeholder().thread;
  }
  ThreadHeap& Started(std::uint64_t thread) {
    if (threads_[thread] == nullptr) threads_[thread] = heap_.Attach();
    return *threads_[thread];
  }

  // States that differ in what no program can see are the same.
  void ZeroPadding() {
    auto& threshold = const_cast<arithmetic::Threshold<std::uint64_t>&>(heap_.pages().threshold());
    const arithmetic::Threshold<std::uint64_t> values = threshold;
    memset(static_cast<void*>(&threshold), 0, sizeof threshold);
    threshold.mmap = values.mmap;
    threshold.trim = values.trim;
    threshold.is_pinned = values.is_pinned;
  }

  static std::uint64_t& FirstWord(const void* block) {
    return *static_cast<std::uint64_t*>(const_cast<void*>(block));
  }
  std::uint64_t MarkOf(const void* block) const { return allocator::MarkOf(block, heap_.secret()); }

  void Do(const Operation& operation) {
    Slot& slot = slots_[operation.slot];
    const std::size_t size = scenario_.sizes[operation.size];
    switch (operation.kind) {
      case Kind::kMalloc:
        return Hold(&slot, allocator::entry::Malloc(Started(operation.thread), size), size, operation.content);
      case Kind::kRealloc: {
        char* const old = slot.block;
        Hold(&slot, allocator::entry::Realloc(Started(operation.thread), old, size), size, operation.content);
        if (slot.block != old) freed_.push_back(old);
        return;
      }
      case Kind::kFree:
        freed_.push_back(slot.block);
        Thread(operation.thread).Free(slot.block);
        slot = {};
        return;
      case Kind::kFlush: return threads_[operation.thread]->Flush();
      case Kind::kExit:
        heap_.Detach(threads_[operation.thread]);
        threads_[operation.thread] = nullptr;
        has_ended_ = true;
        return;
      case Kind::kFlushIdle: return heap_.FlushIdle();
    }
  }

  void Hold(Slot* slot, void* block, std::size_t size, Content content) {
    if (block == nullptr) {
      std::printf("the machine is too small\n");
      _exit(11);
    }
    *slot = {static_cast<char*>(block), size};
    if (content == Content::kOwnMark) FirstWord(block) = MarkOf(block);
    if (content == Content::kOthersMark) FirstWord(block) = MarkOf(Another(block));
  }

  // The block freed last, or one that is live.
  const void* Another(const void* block) const {
    if (!freed_.empty() && freed_.back() != block) return freed_.back();
    for (const Slot& slot : slots_) {
      if (slot.block != nullptr && slot.block != block) return slot.block;
    }
    return static_cast<const char*>(block) + 16;
  }

  bool IsLive(const void* block) const {
    for (const Slot& slot : slots_) {
      if (slot.block == block) return true;
    }
    return false;
  }

  bool LiveBlocksAreLive() {
    for (const Slot& slot : slots_) {
      for (std::uint64_t thread = 0; slot.block != nullptr && thread <= scenario_.threads; ++thread) {
        complaint_ = LastWords([&] { Thread(thread).CheckSize(slot.block, slot.size); });
        if (complaint_ == nullptr && Thread(thread).UsableSize(slot.block) < slot.size) complaint_ = "usable size";
        if (complaint_ != nullptr) return false;
      }
    }
    return true;
  }

  // Of all slabs, wherever their blocks have gone.
  bool FreeBlocksAreFree() {
    for (const Span* span = heap_.pages().first_used(); span != nullptr; span = span->next_in_heap) {
      if (span->use != SpanUse::kSlab) continue;
      const arithmetic::ClassInfo& info = arithmetic::kClassInfo.of[span->size_class];
      for (std::uint64_t index = 0; index < info.blocks; ++index) {
        void* const block = reinterpret_cast<void*>(span->start + index * info.size);
        if (FirstWord(block) == MarkOf(block) && !IsLive(block) && !IsFound(block)) return false;
      }
    }
    return true;
  }

  bool IsFound(void* block) {
    for (std::uint64_t thread = 0; thread <= scenario_.threads; ++thread) {
      ThreadHeap& heap = Thread(thread);
      const bool is_found = DiesOf(allocator::kFreeOfFree, [&] { heap.Free(block); }) &&
                            DiesOf(allocator::kUsableSizeOfFree, [&] { heap.UsableSize(block); }) &&
                            (threads_[thread] == nullptr ||
                             DiesOf(allocator::kReallocOfFree, [&] { allocator::entry::Realloc(heap, block, 20); }));
      if (!is_found) return false;
    }
    return true;
  }

  // What lay in a slab that is gone, or had a span of its own.
  bool GoneBlocksAreNone() {
    for (void* const block : freed_) {
      const bool is_in_slab = heap_.pages().map().Find(reinterpret_cast<std::uintptr_t>(block))->use == SpanUse::kSlab;
      if (is_in_slab || IsLive(block)) continue;
      for (std::uint64_t thread = 0; thread <= scenario_.threads; ++thread) {
        if (!DiesOf(allocator::kFreeOfNoBlock, [&] { Thread(thread).Free(block); })) return false;
      }
    }
    return true;
  }

  template <typename Call>
  bool DiesOf(const char* sentence, const Call& call) {
    ++second_calls_;
    const char* const said = LastWords(call);
    if (said != nullptr && strcmp(said, sentence) == 0) return true;
    complaint_ = said != nullptr ? said : "misuse is not found";
    return false;
  }

  std::vector<const void*> OnTheWay() const {
    std::vector<const void*> blocks;
    for (std::uint64_t id = 1; id <= heap_.thread_count(); ++id) {
      const allocator::FreeBlock* block = heap_.Thread(id)->incoming().Peek();
      for (; block != nullptr; block = block->next) blocks.push_back(block);
      blocks.push_back(nullptr);
    }
    return blocks;
  }

  const Scenario& scenario_;
  Heap& heap_;
  std::array<ThreadHeap*, kMostThreads + 1> threads_{};
  std::array<Slot, kMostSlots> slots_{};
  std::vector<void*> freed_;
  bool has_ended_ = false;  // a thread
  const char* complaint_ = nullptr;
  std::uint64_t second_calls_ = 0;
};

using Sequence = std::vector<Operation>;

std::string ToText(const Scenario& scenario, const Sequence& sequence) {
  std::string text;
  for (const Operation& operation : sequence) {
    const std::string block(1, static_cast<char>('a' + operation.slot));
    const std::string size = std::to_string(scenario.sizes[operation.size]);
    const char* const content = operation.content == Content::kOwnMark      ? "  # has its mark\n"
                                : operation.content == Content::kOthersMark ? "  # has the mark of another\n"
                                                                            : "  # left alone\n";
    text += "  t" + std::to_string(operation.thread) + "  ";
    switch (operation.kind) {
      case Kind::kMalloc: text += block + " = malloc " + size + content; break;
      case Kind::kRealloc: text += block + " = realloc " + block + " " + size + content; break;
      case Kind::kFree: text += "free " + block + "\n"; break;
      case Kind::kFlush: text += "flush\n"; break;
      case Kind::kExit: text += "exit\n"; break;
      case Kind::kFlushIdle: text += "flush idle\n"; break;
    }
  }
  return text;
}

struct Tally {
  std::uint64_t sequences = 0, states = 0, second_calls = 0;
};

enum class Outcome { kHolds, kBroken, kAgain };

// All states that one more call leads to, from each of `frontier`. What was seen before is not gone on from.
class Search {
 public:
  Search(const Scenario& scenario, TinyMachine* machine) : scenario_(scenario), machine_(machine) {}

  Outcome Run(int calls) {
    std::vector<Sequence> frontier = {{}};
    for (int call = 0; call < calls && outcome_ == Outcome::kHolds; ++call) {
      std::vector<Sequence> next;
      for (const Sequence& sequence : frontier) {
        std::vector<Operation> operations;
        {
          Case at(scenario_, *machine_);
          for (const Operation& operation : sequence) at.Perform(operation);
          at.ForEachNext([&](const Operation& operation) { operations.push_back(operation); });
        }
        for (const Operation& operation : operations) {
          Try(sequence, operation, &next);
          if (outcome_ != Outcome::kHolds) return outcome_;
        }
      }
      frontier = std::move(next);
      if (machine_->Learn()) return Outcome::kAgain;
    }
    return outcome_;
  }

  const Tally& tally() const { return tally_; }

 private:
  void Try(const Sequence& sequence, const Operation& last, std::vector<Sequence>* next) {
    Case at(scenario_, *machine_);
    for (const Operation& operation : sequence) at.Perform(operation);
    ++tally_.sequences;
    const bool is_legal = at.Perform(last);
    if (is_legal && !seen_.insert(machine_->Hash()).second) return;
    Sequence extended = sequence;
    extended.push_back(last);
    if (!is_legal || !at.Check()) {
      if (machine_->Learn()) {
        outcome_ = Outcome::kAgain;
        return;
      }
      printf("%s: %s\n%s", scenario_.name, at.complaint(), ToText(scenario_, extended).c_str());
      outcome_ = Outcome::kBroken;
      return;
    }
    ++tally_.states;
    tally_.second_calls += at.second_calls();
    next->push_back(std::move(extended));
  }

  const Scenario& scenario_;
  TinyMachine* machine_;
  std::unordered_set<std::uint64_t> seen_;
  Tally tally_;
  Outcome outcome_ = Outcome::kHolds;
};

const std::vector<Content> kWorst = {Content::kOwnMark};
const std::vector<Content> kAll = {Content::kOwnMark, Content::kOthersMark, Content::kAlone};

// A class whose slab is one block long, so that its pages soon serve others; whole spans below and above the mapping
// threshold; pages, of which a slab has two; units of mixed slabs.
const Scenario kScenarios[] = {
    {"two threads, small and pages", 2, false, 2, {16, 4096}, kWorst, 6},
    {"two threads, mixed slabs", 2, true, 2, {16, 48}, kWorst, 6},
    {"two threads, slabs of one block and spans", 2, false, 2, {32768, 36864}, kAll, 4},
    {"two threads, small and pages, all contents", 2, false, 2, {16, 4096}, kAll, 4},
    {"two threads, mixed slabs, all contents", 2, true, 3, {16, 48}, kAll, 4},
    {"three threads", 3, false, 2, {16}, kWorst, 7},
    {"three threads, mixed slabs", 3, true, 2, {48, 1024}, kWorst, 5},
    {"one thread, slabs and spans", 1, false, 2, {16, 32768, 36864}, kAll, 5},
    {"one thread, slabs and spans, worst contents", 1, false, 2, {16, 32768, 36864}, kWorst, 7},
    {"one thread, mappings", 1, false, 2, {32768, 49152, 57344}, kAll, 5},
};

int Main(int argc, char** argv) {
  const int more = argc > 1 ? atoi(argv[1]) : 0;
  TinyMachine machine;
  printf("%-46s %6s %10s %9s %13s\n", "heap", "calls", "sequences", "states", "second calls");
  Tally all;
  for (const Scenario& scenario : kScenarios) {
    for (;;) {
      Search search(scenario, &machine);
      const Outcome outcome = search.Run(scenario.calls + more);
      if (outcome == Outcome::kBroken) return 10;
      if (outcome == Outcome::kAgain) continue;
      const Tally& tally = search.tally();
      printf("%-46s %6d %10llu %9llu %13llu\n", scenario.name, scenario.calls + more,
             static_cast<unsigned long long>(tally.sequences), static_cast<unsigned long long>(tally.states),
             static_cast<unsigned long long>(tally.second_calls));
      fflush(stdout);
      all.sequences += tally.sequences;
      all.states += tally.states;
      all.second_calls += tally.second_calls;
      break;
    }
  }
  printf("%llu sequences, %llu states: no legal call was called misuse, all of %llu second calls were found\n",
         static_cast<unsigned long long>(all.sequences), static_cast<unsigned long long>(all.states),
         static_cast<unsigned long long>(all.second_calls));
  return 0;
}

}  // namespace
}  // namespace breakproof::tests

int main(int argc, char** argv) {
  CatchSentences();
  return breakproof::tests::Main(argc, argv);
}
