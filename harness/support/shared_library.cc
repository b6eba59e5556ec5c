#include "harness/support/shared_library.h"

#include <elf.h>

#include <cstring>
#include <string>

#include "harness/support/could_not_run.h"
#include "harness/support/files.h"

namespace breakproof::harness {

void RequireSharedLibrary(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    throw CouldNotRun("there is no library " + path.string() + "; check the path given to --library");
  }
  if (!std::filesystem::is_regular_file(path, error)) {
    throw CouldNotRun(path.string() + " is not a file; --library needs a shared library");
  }
  const std::string bytes = ReadWholeFile(path);
  Elf64_Ehdr header;
  const bool is_library =
      bytes.size() >= sizeof header && std::memcmp(bytes.data(), ELFMAG, SELFMAG) == 0 &&
      (std::memcpy(&header, bytes.data(), sizeof header), header.e_ident[EI_CLASS] == ELFCLASS64) &&
      header.e_type == ET_DYN && header.e_machine == EM_X86_64;
  if (!is_library) {
    throw CouldNotRun(path.string() + " is not a shared library for x86-64 Linux; --library needs one");
  }
  // LD_PRELOAD separates its entries by these, and there is no way to quote them.
  if (path.string().find_first_of(" :") != std::string::npos) {
    throw CouldNotRun("the path " + path.string() +
                      " has a space or colon in it, which LD_PRELOAD cannot express; copy the library elsewhere");
  }
}

}  // namespace breakproof::harness
