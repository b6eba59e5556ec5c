// The real kernel as an oracle: sequences of calls run in a child process, observed after every call.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/kernel/real/protocol.h"

namespace breakproof::harness {

struct RealKernelOptions {
  bool relocate_break = true;  // else, and where the kernel refuses (B29), the process's own break is used
  bool query_maps = true;      // else, and where the kernel lacks it, the maps file is parsed
  bool roomy = false;          // a window larger than the memory of the machine, to show overcommit (L9)
};

// Linux x86-64. Not thread-safe; the parent must not use SIGCHLD handlers that reap.
class RealKernel {
 public:
  // Null with a message in `error` if the child can not be set up.
  static std::unique_ptr<RealKernel> Start(const RealKernelOptions& options, std::string& error);
  ~RealKernel();
  RealKernel(const RealKernel&) = delete;
  RealKernel& operator=(const RealKernel&) = delete;

  // What the model needs to know: read from the child and probed by calls.
  const model::Machine& machine() const { return machine_; }
  bool break_relocated() const { return channel_->relocate_break; }
  bool maps_queried() const { return channel_->maps_queried; }

  // Runs up to kMaxCalls calls from a fresh window. Returns the number of calls that were run; fewer than
  // asked means that the child died (or hung for 20 s) in the following call. It is then replaced.
  int Run(std::span<const model::Call> calls);
  const Observation& observation(int index) const { return channel_->observations[index]; }
  const FileView& file(int index) const { return channel_->files[index]; }
  // How the child died, after a short Run.
  const std::string& death() const { return death_; }

 private:
  RealKernel() = default;
  bool StartChild(const RealKernelOptions& options, std::string& error);
  void PrepareChannel(const RealKernelOptions& options);
  void PlaceData(const RealKernelOptions& options);
  bool Exchange(char request);
  bool AwaitAnswer();
  void StopChild();
  void ReadMachine();
  void ProbeFeatures();
  // Runs the calls and returns the last one's errno or fault, 0 for success.
  int LastError(const std::vector<model::Call>& calls);

  RealKernelOptions options_;
  Channel* channel_ = nullptr;
  model::Machine machine_;
  pid_t child_ = -1;
  int requests_ = -1;
  int answers_ = -1;
  std::string death_;
};

// The initial contents of the files, as model objects 0 and 1.
void AddInitialFiles(model::Kernel& kernel);

}  // namespace breakproof::harness
