/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/time.h"
#include "base/util.h"
#include "cli/format.h"
#include "cli/terminal.h"

enum { BAR_MIN = 10, BAR_MAX = 50 };
static const int64_t REDRAW_NS = 100 * NSEC_PER_MSEC;

struct progress_words {
	/* In the order in which it happens, and behind which state all of it up to there is true. */
	const char *const *steps;
	int steps_done[LAYER_MOUNTED + 1];
	int n_steps;
	int before_exists; /* steps that are said of a layer that turns out to be there */
	const char *states[LAYER_MOUNTED + 1];
};

const struct progress_words progress_pull = {
	.steps = (const char *const[]){ "Pulling fs layer", "Download complete", "Pull complete" },
	.steps_done = { [LAYER_WAITING] = 1,
			[LAYER_DOWNLOADING] = 1,
			[LAYER_VERIFYING] = 1,
			[LAYER_EXTRACTING] = 2,
			[LAYER_DONE] = 3 },
	.n_steps = 3,
	.states = { [LAYER_WAITING] = "Pulling fs layer",
		    [LAYER_DOWNLOADING] = "Downloading",
		    [LAYER_VERIFYING] = "Verifying Checksum",
		    [LAYER_EXTRACTING] = "Extracting",
		    [LAYER_DONE] = "Pull complete",
		    [LAYER_EXISTS] = "Already exists" },
};

const struct progress_words progress_push = {
	.steps = (const char *const[]){ "Preparing", "Pushed" },
	.steps_done = { [LAYER_WAITING] = 1, [LAYER_UPLOADING] = 1, [LAYER_DONE] = 2 },
	.n_steps = 2,
	.before_exists = 1,
	.states = { [LAYER_WAITING] = "Preparing",
		    [LAYER_UPLOADING] = "Pushing",
		    [LAYER_DONE] = "Pushed",
		    [LAYER_EXISTS] = "Layer already exists",
		    [LAYER_MOUNTED] = "Mounted from" },
};

/* What a transfer of the other direction would say is said by nobody. */
static const char *state_words(const struct progress_layer *layer)
{
	const char *words = layer->words->states[layer->state];
	return words ? words : "";
}

/* --- Layers --- */

static struct progress_layer *find_layer(struct progress *progress, const char *digest)
{
	for (size_t i = 0; i < progress->n_layers; i++)
		if (streq(progress->layers[i].digest, digest))
			return &progress->layers[i];
	return NULL;
}

static struct progress_layer *add_layer(struct progress *progress, const char *digest)
{
	const char *colon = strchr(digest, ':');
	struct progress_layer *layer = ARRAY_APPEND(progress->layers, progress->n_layers);
	layer->words = progress->words;
	layer->digest = mem_strdup(digest);
	snprintf(layer->name, sizeof layer->name, "%.*s", SHORT_ID_LENGTH, colon ? colon + 1 : digest);
	/* More lines than the terminal shows cannot be drawn anew: those above have left it. */
	if (progress->n_layers >= (size_t)progress->rows)
		progress->live = false;
	return layer;
}

/* --- On a terminal --- */

static void append_bar(struct str *out, uint64_t current, uint64_t total, int width)
{
	int filled = (int)((double)MIN(current, total) / (double)total * width);
	str_append_char(out, '[');
	for (int i = 0; i < width; i++)
		str_append_char(out, i < filled ? '=' : i == filled ? '>' : ' ');
	str_append(out, "] ");
}

void progress_format(const struct progress_layer *layer, int columns, struct str *out)
{
	char current[SIZE_TEXT_MAX], total[SIZE_TEXT_MAX];
	size_t start = out->len;
	str_appendf(out, "%s: %s %s", layer->name, state_words(layer), layer->from ? layer->from : "");
	if (layer->state == LAYER_DOWNLOADING || layer->state == LAYER_EXTRACTING || layer->state == LAYER_UPLOADING) {
		_cleanup_str_ struct str numbers = { 0 };
		str_append(&numbers, format_size(layer->current, current));
		if (layer->total > 0)
			str_appendf(&numbers, "/%s", format_size(layer->total, total));
		int room = columns - (int)(out->len - start) - (int)numbers.len - (int)strlen("[] ");
		if (layer->total > 0 && room >= BAR_MIN)
			append_bar(out, layer->current, layer->total, MIN(room, (int)BAR_MAX));
		str_append(out, str_text(&numbers));
	}
	str_truncate(out, start + (size_t)columns);
}

/* All lines, from the first one on, which is n_layers above the cursor if they stand there already. */
static void draw(struct progress *progress, size_t lines_above)
{
	_cleanup_str_ struct str text = { 0 };
	if (lines_above > 0)
		str_appendf(&text, "\033[%zuA", lines_above);
	for (size_t i = 0; i < progress->n_layers; i++) {
		str_append(&text, "\r\033[K");
		progress_format(&progress->layers[i], progress->columns - 1, &text);
		str_append_char(&text, '\n');
	}
	fwrite(str_text(&text), 1, text.len, progress->out);
	fflush(progress->out);
	progress->drawn_at = time_monotonic_ns();
}

/* --- Elsewhere --- */

static void say_steps(struct progress *progress, struct progress_layer *layer)
{
	const struct progress_words *words = progress->words;
	bool exists = layer->state == LAYER_EXISTS || layer->state == LAYER_MOUNTED;
	if (exists && layer->steps_said <= words->before_exists) {
		fprintf(progress->out, "%s: %s%s%s\n", layer->name, state_words(layer), layer->from ? " " : "",
			layer->from ? layer->from : "");
		layer->steps_said = words->n_steps;
	}
	while (!exists && layer->steps_said < words->steps_done[layer->state])
		fprintf(progress->out, "%s: %s\n", layer->name, words->steps[layer->steps_said++]);
	fflush(progress->out);
}

/* --- What the engine tells --- */

void progress_say_head(struct progress *progress)
{
	_cleanup_free_ char *head = TAKE_PTR(progress->head);
	if (head)
		fprintf(progress->out, "%s\n", head);
}

static void on_manifest(void *context, const char *digest, char *const *layer_digests, const uint64_t *sizes)
{
	struct progress *progress = context;
	size_t before = progress->n_layers;
	progress_say_head(progress);
	for (size_t i = 0; layer_digests && layer_digests[i]; i++)
		if (!find_layer(progress, layer_digests[i]))
			add_layer(progress, layer_digests[i])->total = sizes ? sizes[i] : 0;
	if (progress->live)
		draw(progress, before);
}

static void on_layer(void *context, const char *digest, enum layer_state state, uint64_t current, uint64_t total)
{
	struct progress *progress = context;
	size_t before = progress->n_layers;
	struct progress_layer *layer = find_layer(progress, digest);
	bool changed = !layer || layer->state != state;
	if (!layer)
		layer = add_layer(progress, digest);
	layer->state = state;
	layer->current = current;
	layer->total = total;
	if (!progress->live)
		say_steps(progress, layer);
	else if (changed || time_monotonic_ns() - progress->drawn_at >= REDRAW_NS)
		draw(progress, before);
}

/* The state comes right after it. */
static void on_mounted(void *context, const char *digest, const char *from)
{
	struct progress_layer *layer = find_layer(context, digest);
	if (layer && !layer->from)
		layer->from = mem_strdup(from);
}

void progress_init_live(struct progress *progress, const struct progress_words *words, FILE *out, int rows, int columns)
{
	*progress = (struct progress){
		.callbacks = { .context = progress, .manifest = on_manifest, .layer = on_layer, .mounted = on_mounted },
		.words = words,
		.out = out,
		.live = rows > 0,
		.rows = rows,
		.columns = columns,
	};
}

void progress_init(struct progress *progress, const struct progress_words *words, FILE *out)
{
	struct terminal_size size = { 0 };
	const char *term = getenv("TERM");
	if (!term || streq(term, "dumb") || !terminal_size(fileno(out), &size))
		size = (struct terminal_size){ 0 };
	progress_init_live(progress, words, out, size.rows, size.columns);
}

void progress_done(struct progress *progress)
{
	if (progress->live && progress->n_layers > 0)
		draw(progress, progress->n_layers);
	for (size_t i = 0; i < progress->n_layers; i++) {
		free(progress->layers[i].digest);
		free(progress->layers[i].from);
	}
	free(progress->layers);
	free(progress->head);
	*progress = (struct progress){ 0 };
}
