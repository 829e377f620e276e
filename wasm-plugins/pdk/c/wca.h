/*
 * A plugin of the Workload Collocation Agent in C, without a C library. Include this one file; README.md
 * shows how. Memory and buffers are static, so a plugin is one translation unit.
 */
#ifndef WCA_H
#define WCA_H

#include "wca-host.h"
#include "wca-memory.h"
#include "wca-json.h"
#include "wca-options.h"
#include "wca-write.h"
#include "wca-binary.h"
#include "wca-names.h"

#endif
