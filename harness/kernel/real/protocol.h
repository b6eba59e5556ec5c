// What the parent and the child that runs real calls write into shared memory. Plain data, fixed size.
#pragma once

#include <cstdint>

#include "model/kernel/kernel.h"

namespace breakproof::harness {

inline constexpr model::Word kWindowPages = 40;  // whose contents are observed; the window may go on behind
inline constexpr model::Word kBreakPage = 8;     // S, counted from the window's start, when it can be relocated
inline constexpr int kMaxCalls = 64;             // per sequence
inline constexpr int kMaxAreas = 160;            // a window of 64 calls can not have more
inline constexpr int kFiles = 2;
inline constexpr model::Word kMaxFileBytes = 16 * model::kPage;

// Descriptors that exist in the child, and what they are.
inline constexpr int kFileA = 100, kFileAReadOnly = 101, kFileAWriteOnly = 102, kFileB = 103, kDirectory = 104,
                     kPathOnly = 105, kClosed = 106;

// The initial files: two pages and a bit, and half a page.
inline constexpr model::Word kFileSize[kFiles] = {2 * model::kPage + 1234, 2048};
constexpr std::uint8_t InitialByte(int file, model::Word offset) {
  return static_cast<std::uint8_t>(1 + (offset / 8 + 101 * static_cast<model::Word>(file)) % 251);
}

// 64-bit digest of a page, order-sensitive. Zero pages give kZeroPageDigest.
inline constexpr std::uint64_t kZeroPageDigest = 0;
inline std::uint64_t PageDigest(const void* page) {
  const auto* words = static_cast<const std::uint64_t*>(page);
  std::uint64_t sum[4] = {}, weighted[4] = {};
  for (int i = 0; i < 512; i += 4)
    for (int lane = 0; lane < 4; ++lane) weighted[lane] += sum[lane] += words[i + lane];
  std::uint64_t digest = 0;
  for (int lane = 0; lane < 4; ++lane) {
    digest = (digest ^ sum[lane]) * 0x9e3779b97f4a7c15u;
    digest = (digest ^ weighted[lane]) * 0xc2b2ae3d27d4eb4fu;
    digest ^= digest >> 29;
  }
  return digest;
}

struct AreaView {
  model::Word start, end;
  model::Word offset;   // in the file or object
  std::uint64_t inode;  // 0: private anonymous
  std::uint8_t protection;
  bool shared;
};

struct PageView {
  enum State : std::int8_t {
    kReadable = 1,  // digest is valid
    kNotTried = 0,
    kFaulted = -1,  // fault is valid
  };
  State state;
  std::int8_t fault;  // model::kFault...
  std::uint64_t digest;
};

struct Observation {
  model::Word value;  // as in model::Result
  int error;
  int area_count;
  model::Word program_break;
  model::Word libc_break;
  AreaView areas[kMaxAreas];  // of the window, in order, clipped to it
  PageView pages[kWindowPages];
};

struct FileView {
  model::Word size;
  std::uint8_t bytes[kMaxFileBytes];
};

struct Channel {
  // Set by the parent before the child starts.
  model::Word window_start;
  model::Word window_size;
  bool relocate_break;     // false: the process's own break, window starting at S
  bool query_maps;         // PROCMAP_QUERY may be used if it works
  model::Word data_start;  // for the relocation; data_end - data_start counts for L4
  model::Word data_end;
  model::Word lowest_break;
  std::uint8_t file_bytes[kFiles][kMaxFileBytes];

  // A sequence: written by the parent, then run by the child.
  int count;
  model::Call calls[kMaxCalls];  // limits are absolute

  // The child's answers.
  int setup_error;         // errno of the first set-up step that failed
  const char* setup_step;  // its name, in memory common to both
  bool maps_queried;       // PROCMAP_QUERY is in use
  volatile int progress;   // calls begun
  Observation observations[kMaxCalls];
  FileView files[kFiles];  // after the last call
};

}  // namespace breakproof::harness
