#include "tests/reference/search.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "tests/reference/judge.h"

namespace breakproof::model::reference {
namespace {

// Scaled down, so that every boundary is a few operations away. The threshold is two pages.
constexpr std::uint64_t kT = 2 * kPageBytes;
constexpr Policy kScaled{.threshold = kT, .max_threshold = 8 * kPageBytes, .top_pad = kPageBytes};
constexpr std::uint64_t kForeignMove = 40;  // leaves the break unaligned
constexpr std::uint64_t kSizes[] = {0, 1, 16, kT - 1, kT, SIZE_MAX};
constexpr std::uint64_t kNoBlock = 0x10;  // below every address
constexpr std::uint64_t kOverflow = (std::uint64_t{1} << 63) + 8;  // times 2 is 16

const Machine& TheMachine() {
  static const Machine machine = [] {
    Machine m;
    m.window = {0x100000, 0x100000 + 256 * kPage};
    m.lowest_break = 0x101000;
    return m;
  }();
  return machine;
}

// A set of 128-bit digests: two states that share one are taken for the same.
class DigestSet {
 public:
  using Digest = unsigned __int128;
  bool Insert(Digest digest) {
    if (2 * ++count_ > slots_.size()) Rehash(std::max<std::size_t>(1024, 4 * slots_.size()));
    const bool is_new = Put(digest | 1);  // 0 marks an empty slot
    count_ -= !is_new;
    return is_new;
  }
  std::uint64_t size() const { return count_; }

 private:
  bool Put(Digest digest) {
    std::size_t i = static_cast<std::size_t>(digest >> 64) & (slots_.size() - 1);
    for (; slots_[i] != 0; i = (i + 1) & (slots_.size() - 1))
      if (slots_[i] == digest) return false;
    slots_[i] = digest;
    return true;
  }
  void Rehash(std::size_t size) {
    std::vector<Digest> old(size);
    old.swap(slots_);
    for (const Digest digest : old)
      if (digest != 0) Put(digest);
  }
  std::vector<Digest> slots_;
  std::uint64_t count_ = 0;
};

class Hash {
 public:
  void Add(std::uint64_t value) {
    high_ = Mix(high_ ^ value);
    low_ = Mix(low_ + value * 0x9e3779b97f4a7c15);
  }
  DigestSet::Digest digest() const { return static_cast<DigestSet::Digest>(high_) << 64 | low_; }

 private:
  static std::uint64_t Mix(std::uint64_t x) {  // the finaliser of MurmurHash3, a bijection
    x = (x ^ x >> 33) * 0xff51afd7ed558ccd;
    x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53;
    return x ^ x >> 33;
  }
  std::uint64_t high_ = 1, low_ = 2;
};

// Everything that decides what can happen from here on.
DigestSet::Digest DigestOf(const Node& node) {
  Hash hash;
  hash.Add(node.heap.end);
  hash.Add(node.heap.mmap_threshold);
  hash.Add(node.heap.trim_threshold);
  hash.Add(node.heap.blocks.size());
  for (const auto& block : node.heap.blocks) hash.Add(block.start), hash.Add(block.length << 1 | block.is_ours);
  std::vector<Mapping<ModelSystem>> mappings = node.heap.mappings;
  std::ranges::sort(mappings, {}, [](const auto& mapping) { return mapping.start; });
  for (const auto& mapping : mappings)
    hash.Add(mapping.start), hash.Add(mapping.length << 1 | mapping.is_live), hash.Add(mapping.block);
  for (const auto& [address, block] : node.model.blocks()) hash.Add(block.payload);
  hash.Add(node.kernel.program_break);
  return hash.digest();
}

HeapCall Aligned(Entry entry, std::uint64_t alignment, std::uint64_t size) {
  return {.entry = entry, .size = size, .alignment = alignment};
}

std::vector<Operation> OperationsWithoutBlock(bool all) {
  std::vector<Operation> result;
  for (const std::uint64_t size : kSizes) result.push_back({{.entry = Entry::kMalloc, .size = size}});
  result.push_back({{.entry = Entry::kCalloc, .size = kT / 2, .count = 2}});
  for (const std::uint64_t size : {std::uint64_t{1}, kT})
    for (const std::uint64_t alignment : {std::uint64_t{64}, 2 * kPageBytes})
      result.push_back({Aligned(Entry::kPosixMemalign, alignment, size)});
  result.push_back({.call = {}, .foreign_move = kForeignMove});
  if (!all) return result;
  result.push_back({{.entry = Entry::kMalloc, .size = INT64_MAX}});
  result.push_back({{.entry = Entry::kCalloc, .size = 16, .count = 1}});
  result.push_back({{.entry = Entry::kCalloc, .size = kOverflow, .count = 2}});
  for (const std::uint64_t alignment : {0, 4, 24}) result.push_back({Aligned(Entry::kPosixMemalign, alignment, 1)});
  result.push_back({Aligned(Entry::kPosixMemalign, 64, SIZE_MAX)});
  for (const std::uint64_t alignment : {1, 3, 64}) result.push_back({Aligned(Entry::kAlignedAlloc, alignment, 16)});
  for (const std::uint64_t alignment : {std::uint64_t{24}, 2 * kPageBytes, std::uint64_t{1} << 63})
    result.push_back({Aligned(Entry::kMemalign, alignment, 16)});
  result.push_back({{.entry = Entry::kValloc, .size = 1}});
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{SIZE_MAX}})
    result.push_back({{.entry = Entry::kPvalloc, .size = size}});
  result.push_back({{.entry = Entry::kRealloc, .size = 1}});
  result.push_back({{.entry = Entry::kRealloc, .size = kT, .address = kNoBlock}, true});
  result.push_back({{.entry = Entry::kFree}});
  result.push_back({{.entry = Entry::kFree, .address = kNoBlock}, true});
  return result;
}

std::vector<Operation> OperationsOn(std::uint64_t block, bool all) {
  std::vector<Operation> result;
  result.push_back({{.entry = Entry::kFree, .address = block}});
  for (const std::uint64_t size : kSizes) result.push_back({{.entry = Entry::kRealloc, .size = size, .address = block}});
  if (!all) return result;
  result.push_back({{.entry = Entry::kRealloc, .size = 3 * kT, .address = block}});
  result.push_back({{.entry = Entry::kReallocarray, .size = kT / 2, .count = 2, .address = block}});
  result.push_back({{.entry = Entry::kReallocarray, .size = kOverflow, .count = 2, .address = block}});
  result.push_back({{.entry = Entry::kFree, .address = block + 8}, true});
  return result;
}

SearchReply Perform(Allocator<ModelSystem>& allocator, const HeapCall& call) {
  switch (call.entry) {
    case Entry::kMalloc: return allocator.Malloc(call.size);
    case Entry::kCalloc: return allocator.Calloc(call.count, call.size);
    case Entry::kRealloc: return allocator.Realloc(call.address, call.size);
    case Entry::kReallocarray: return allocator.Reallocarray(call.address, call.count, call.size);
    case Entry::kFree:
    case Entry::kFreeSized:
    case Entry::kFreeAlignedSized: return allocator.Free(call.address);
    case Entry::kMemalign: return allocator.Memalign(call.alignment, call.size);
    case Entry::kAlignedAlloc: return allocator.AlignedAlloc(call.alignment, call.size);
    case Entry::kPosixMemalign: return allocator.PosixMemalign(call.alignment, call.size);
    case Entry::kValloc: return allocator.Valloc(call.size);
    case Entry::kPvalloc: return allocator.Pvalloc(call.size);
    default: return {};
  }
  return {};
}

struct Transition {
  Node after;
  int calls;
  std::string violation;
};

Transition Take(const Node& before, const Operation& operation, int refuse) {
  Transition result{before, 0, ""};
  ModelSystem system(TheMachine(), before.kernel, refuse);
  SearchReply reply;
  if (operation.foreign_move != 0) {
    if (system.ForeignMove(operation.foreign_move)) result.after.foreign += operation.foreign_move;
  } else {
    Allocator<ModelSystem> allocator(system, kScaled, result.after.heap);
    reply = Perform(allocator, operation.call);
  }
  result.after.kernel = system.After();
  result.calls = system.calls();
  result.violation = Judge(before, result.after, operation, reply, system, kScaled);
  return result;
}

// How a state was reached: an operation from an earlier one.
struct Origin {
  std::uint32_t parent;
  std::uint16_t operation;
  std::uint16_t refuse;
};

class Searcher {
 public:
  explicit Searcher(const SearchSettings& settings)
      : settings_(settings), without_block_(OperationsWithoutBlock(settings.all_operations)) {}

  SearchResult Run() {
    std::vector<std::pair<Node, std::uint32_t>> layer{{Start(), 0}}, next;
    origins_.push_back({0, 0, 0});
    seen_.Insert(DigestOf(layer[0].first));
    for (result_.depth = 0; result_.depth < settings_.depth && result_.violation.empty(); ++result_.depth) {
      is_last_ = result_.depth + 1 == settings_.depth;
      next.clear();
      for (const auto& [node, origin] : layer) {
        Expand(node, origin, next);
        if (!result_.violation.empty()) break;
      }
      layer.swap(next);
    }
    result_.states = seen_.size();
    return result_;
  }

 private:
  using Layer = std::vector<std::pair<Node, std::uint32_t>>;

  static Node Start() {
    const Machine& machine = TheMachine();
    const KernelState kernel{AddressSpace(machine.window), machine.lowest_break, machine.lowest_break};
    ModelSystem system(machine, kernel, 0);
    return {EmptyHeap(system, kScaled), kernel, HeapModel()};
  }

  std::vector<Operation> OperationsAt(const Node& node) const {
    std::vector<Operation> result = without_block_;
    for (const auto& [address, block] : node.model.blocks())
      for (const Operation& operation : OperationsOn(address, settings_.all_operations)) result.push_back(operation);
    return result;
  }

  void Expand(const Node& node, std::uint32_t origin, Layer& next) {
    const std::vector<Operation> operations = OperationsAt(node);
    for (std::size_t i = 0; i < operations.size(); ++i) {
      int calls = 0;
      for (int refuse = 0; refuse <= calls; ++refuse) {
        Transition transition = Take(node, operations[i], refuse);
        if (refuse == 0) calls = transition.calls;
        ++result_.transitions;
        result_.refusals += refuse != 0;
        const Origin step{origin, static_cast<std::uint16_t>(i), static_cast<std::uint16_t>(refuse)};
        if (!transition.violation.empty()) {
          result_.violation = CaseOf(step) + "# " + transition.violation + "\n";
          return;
        }
        if (!seen_.Insert(DigestOf(transition.after)) || is_last_) continue;
        next.emplace_back(std::move(transition.after), static_cast<std::uint32_t>(origins_.size()));
        origins_.push_back(step);
      }
    }
  }

  // Runs the way from the empty heap to here again, in words.
  std::string CaseOf(Origin last) const {
    std::vector<Origin> way{last};
    for (std::uint32_t i = last.parent; i != 0; i = origins_[i].parent) way.push_back(origins_[i]);
    std::reverse(way.begin(), way.end());
    std::string text = "# breakproof case v1\n";
    Node node = Start();
    Names names;
    for (const Origin& step : way) {
      const Operation operation = OperationsAt(node)[step.operation];
      Transition transition = Take(node, operation, step.refuse);
      text += LineFor(operation, node, transition.after, names);
      if (step.refuse != 0) text += "   # the kernel refuses call " + std::to_string(step.refuse);
      text += "\n";
      node = std::move(transition.after);
    }
    return text;
  }

  using Names = std::vector<std::pair<std::uint64_t, std::string>>;  // of live blocks, by address

  static std::string LineFor(const Operation& operation, const Node& before, const Node& after, Names& names) {
    const HeapCall& call = operation.call;
    const auto name_of = [&](std::uint64_t address) -> std::string {
      if (address == 0) return "null";
      for (auto name = names.rbegin(); name != names.rend(); ++name)
        if (name->first == address) return name->second;
      return "no_block";
    };
    if (operation.foreign_move != 0) return "t0  sbrk " + std::to_string(operation.foreign_move);
    if (call.entry == Entry::kFree) return "t0  free " + name_of(call.address);
    std::string arguments;
    if (call.entry == Entry::kRealloc || call.entry == Entry::kReallocarray) arguments += " " + name_of(call.address);
    if (call.entry == Entry::kCalloc || call.entry == Entry::kReallocarray) arguments += " " + std::to_string(call.count);
    if (call.alignment != 0 || call.entry == Entry::kPosixMemalign) arguments += " " + std::to_string(call.alignment);
    arguments += " " + std::to_string(call.size);
    std::string slot;
    for (const auto& [address, block] : after.model.blocks()) {
      const auto was = before.model.blocks().find(address);
      if (was != before.model.blocks().end() && address != call.address) continue;
      slot = std::string(1, static_cast<char>('a' + names.size())) + " = ";
      names.emplace_back(address, slot.substr(0, 1));
    }
    return "t0  " + slot + NameOf(call.entry) + arguments;
  }

  const SearchSettings& settings_;
  const std::vector<Operation> without_block_;
  DigestSet seen_;
  std::vector<Origin> origins_;
  bool is_last_ = false;
  SearchResult result_;
};

}  // namespace

SearchResult Search(const SearchSettings& settings) { return Searcher(settings).Run(); }

std::string Sentence(const SearchResult& result) {
  std::string text = std::to_string(result.transitions) + " transitions (" + std::to_string(result.refusals) +
                     " with a refused call of the kernel), " + std::to_string(result.states) + " distinct states, depth " +
                     std::to_string(result.depth) + ": ";
  return text + (result.violation.empty() ? "no violation" : "VIOLATION\n" + result.violation);
}

}  // namespace breakproof::model::reference
