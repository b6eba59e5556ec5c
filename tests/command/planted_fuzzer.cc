// A fuzz target with a crash that libFuzzer reaches within seconds: for the test that findings survive.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 3 && data[0] == 'H' && data[1] == '5' && data[2] == data[3] + 1) std::abort();
  return 0;
}
