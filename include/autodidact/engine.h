/* engine.h - the public headers of the engine: graphs, programs, variables, optimizers, weights
 * files and pictures in memory. All that a library built with ENGINE_ONLY=1 has (tools/components).
 *
 * Stability: stable (base.h says what that means), but for wisdom.h and events.h. */
#ifndef AUTODIDACT_ENGINE_H
#define AUTODIDACT_ENGINE_H

#include <autodidact/base.h>
#include <autodidact/draw.h>
#include <autodidact/events.h>
#include <autodidact/film.h>
#include <autodidact/flow.h>
#include <autodidact/gguf.h>
#include <autodidact/graph.h>
#include <autodidact/image.h>
#include <autodidact/io.h>
#include <autodidact/layout.h>
#include <autodidact/metrics.h>
#include <autodidact/nn.h>
#include <autodidact/onnx.h>
#include <autodidact/ops.h>
#include <autodidact/optim.h>
#include <autodidact/plot.h>
#include <autodidact/program.h>
#include <autodidact/record.h>
#include <autodidact/scores.h>
#include <autodidact/tensor.h>
#include <autodidact/watch.h>
#include <autodidact/wisdom.h>

#endif
