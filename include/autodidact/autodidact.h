/* autodidact.h - every public header. */
#ifndef AUTODIDACT_AUTODIDACT_H
#define AUTODIDACT_AUTODIDACT_H

#include <autodidact/base.h>
#include <autodidact/command.h>
#include <autodidact/data.h>
#include <autodidact/draw.h>
#include <autodidact/events.h>
#include <autodidact/graph.h>
#include <autodidact/graph_data.h>
#include <autodidact/image.h>
#include <autodidact/io.h>
#include <autodidact/layout.h>
#include <autodidact/nn.h>
#include <autodidact/ops.h>
#include <autodidact/optim.h>
#include <autodidact/plot.h>
#include <autodidact/program.h>
#include <autodidact/record.h>
#include <autodidact/samples.h>
#include <autodidact/scores.h>
#include <autodidact/table.h>
#include <autodidact/table_data.h>
#include <autodidact/tensor.h>
#include <autodidact/tokenizer.h>
#include <autodidact/train.h>
#include <autodidact/wisdom.h>

#endif
