#include "harness/support/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "harness/support/could_not_run.h"

namespace breakproof::harness {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

bool WriteAll(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

std::string ExplainErrno(int error) {
  const std::string reason = std::strerror(error);
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return reason + "; free some space or name another folder with --out";
    case EFBIG:
      return reason + "; raise the file size limit (ulimit -f) or name another folder with --out";
    case EACCES:
    case EROFS:
      return reason + "; name a folder you can write to with --out";
    default:
      return reason;
  }
}

std::string ReadWholeFile(const std::filesystem::path& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string content;
  char buffer[65536];
  ssize_t got = file.get() < 0 ? -1 : 0;
  while (file.get() >= 0 && (got = read(file.get(), buffer, sizeof buffer)) > 0) {
    content.append(buffer, static_cast<std::size_t>(got));
  }
  if (got < 0) throw CouldNotRun("cannot read " + path.string() + ": " + std::strerror(errno));
  return content;
}

void WriteDurably(const std::filesystem::path& path, std::string_view content) {
  const std::string temporary = path.string() + ".part";
  int error = 0;
  {
    const Descriptor file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (file.get() < 0 || !WriteAll(file.get(), content) || fsync(file.get()) != 0) error = errno;
  }
  if (error == 0 && std::rename(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) {
    unlink(temporary.c_str());
    throw CouldNotRun("cannot write " + path.string() + ": " + ExplainErrno(error));
  }
  // Without this a crash of the machine could lose the new name, though not the content.
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const Descriptor opened(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() >= 0) fsync(opened.get());
}

void MakeFolder(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    throw CouldNotRun("cannot make the folder " + path.string() + ": " + ExplainErrno(error.value()));
  }
}

}  // namespace breakproof::harness
