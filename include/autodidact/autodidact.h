/* autodidact.h - every public header: the engine's, and those that the systems stand on.
 *
 * Stability: as each of them says (base.h says what that means). */
#ifndef AUTODIDACT_AUTODIDACT_H
#define AUTODIDACT_AUTODIDACT_H

#include <autodidact/command.h>
#include <autodidact/data.h>
#include <autodidact/engine.h>
#include <autodidact/graph_data.h>
#include <autodidact/json.h>
#include <autodidact/profile.h>
#include <autodidact/run.h>
#include <autodidact/samples.h>
#include <autodidact/system.h>
#include <autodidact/table.h>
#include <autodidact/table_data.h>
#include <autodidact/tokenizer.h>
#include <autodidact/train.h>
#include <autodidact/tuning.h>

#endif
