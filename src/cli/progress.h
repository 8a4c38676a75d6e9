/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The progress of a transfer. On a terminal a line for each layer, drawn anew as it goes on; elsewhere one plain line
 * for each step of each layer.
 *
 *	progress_init(&progress, &progress_pull, stdout);    1. looks whether that is a terminal
 *	progress.head = mem_printf(...);                     2. or none: a line that comes when it is known what there is to do
 *	engine_pull(..., &progress.callbacks, ...)
 *	progress_say_head(&progress);                        3. after a success without a step
 *	progress_done(&progress);                            4. leaves the cursor below the last line, frees
 */
#pragma once

#include <stdio.h>

#include "base/str.h"
#include "engine/engine.h"

/* What is said of layers that come, and of those that go. */
struct progress_words;
extern const struct progress_words progress_pull, progress_push;

struct progress_layer {
	const struct progress_words *words;
	char name[16]; /* what people tell layers by: 12 digits */
	char *digest;
	char *from; /* of a mounted one: the repository */
	enum layer_state state;
	uint64_t current, total;
	int steps_said; /* of plain lines */
};

struct progress {
	struct transfer_progress callbacks;
	const struct progress_words *words;
	FILE *out;
	char *head; /* not said yet; or NULL */
	struct progress_layer *layers;
	size_t n_layers;
	bool live;	   /* lines are drawn anew */
	int rows, columns; /* of the terminal */
	int64_t drawn_at;  /* of the monotonic clock */
};

void progress_init(struct progress *progress, const struct progress_words *words, FILE *out);
void progress_say_head(struct progress *progress);
void progress_done(struct progress *progress);

/* What progress_init() finds out by itself, for tests. */
void progress_init_live(struct progress *progress, const struct progress_words *words, FILE *out, int rows,
			int columns);

/* One layer's line on a terminal, without its newline, at most @columns wide. */
void progress_format(const struct progress_layer *layer, int columns, struct str *out);
