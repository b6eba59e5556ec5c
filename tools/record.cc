#include "tools/commands.h"
namespace breakproof::tools {
Command AddRecord(CLI::App&) { return [] { return 11; }; }
}
