// Environments are part of cases.
#pragma once

#include "harness/case/environment.h"
