/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <time.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/rows.h"

enum { CREATED_BY_WIDTH = 45 };

struct history_options {
	bool human, no_trunc, quiet;
	char *format;
};

static const struct rows_kind HISTORY_ROWS = {
	.what = "step of a history",
	.fields =
		(const struct rows_field[]){
			{ "ID", "IMAGE" },
			{ "CreatedSince", "CREATED" },
			{ "CreatedAt", "CREATED AT" },
			{ "CreatedBy", "CREATED BY" },
			{ "Size", "SIZE" },
			{ "Comment", "COMMENT" },
			{ 0 },
		},
};

struct history {
	struct image_step *steps;
	size_t count;
};

static void history_done(struct history *history)
{
	image_steps_free(history->steps, history->count);
}
#define _cleanup_history_ _cleanup_(history_done)

/* Only the image itself has an id: the steps to it do not exist any more. */
static void format_step_id(struct str *out, const struct image *image, bool is_newest, bool no_trunc)
{
	if (is_newest)
		format_image_id(out, image->id, no_trunc);
	else
		str_append(out, "<missing>");
}

/* Many of them are scripts with tabs. */
static void format_created_by(struct str *out, const char *text, bool no_trunc)
{
	_cleanup_str_ struct str spaced = { 0 };
	for (; *text; text++)
		str_append_char(&spaced, *text == '\t' ? ' ' : *text);
	format_ellipsis(out, str_text(&spaced), no_trunc ? SIZE_MAX : (size_t)CREATED_BY_WIDTH);
}

static void add_times(struct json_object *fields, const struct image_step *step)
{
	_cleanup_str_ struct str since = { 0 };
	char at[TIME_TEXT_MAX];
	time_t seconds = step->created_at / NSEC_PER_SEC;
	struct tm tm;
	strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &tm));
	format_ago(&since, step->created_at, time_now_ns());
	json_add_string(fields, "CreatedSince", str_text(&since));
	json_add_string(fields, "CreatedAt", step->created_at ? at : "N/A");
}

static struct json_object *step_fields(const struct history_options *options, const struct image *image,
				       const struct image_step *step, bool is_newest)
{
	struct json_object *fields = json_object_new_object();
	_cleanup_str_ struct str id = { 0 }, created_by = { 0 }, bytes = { 0 };
	char size[SIZE_TEXT_MAX];
	format_step_id(&id, image, is_newest, options->no_trunc);
	format_created_by(&created_by, step->created_by, options->no_trunc);
	str_appendf(&bytes, "%jd", (intmax_t)step->size);
	json_add_string(fields, "ID", str_text(&id));
	add_times(fields, step);
	json_add_string(fields, "CreatedBy", str_text(&created_by));
	json_add_string(fields, "Size", options->human ? format_size((uint64_t)step->size, size) : str_text(&bytes));
	json_add_string(fields, "Comment", step->comment);
	return fields;
}

static int show(const struct history_options *options, const struct image *image, const struct history *history,
		struct rows *rows, struct error *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < history->count; i++) {
		_cleanup_str_ struct str id = { 0 };
		format_step_id(&id, image, i == 0, options->no_trunc);
		if (options->quiet)
			puts(str_text(&id));
		else
			r = rows_add(rows, step_fields(options, image, &history->steps[i], i == 0), NULL, err);
	}
	if (r >= 0 && !options->quiet)
		rows_print(rows);
	return r;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	static const char *const human[] = { "ID", "CreatedSince", "CreatedBy", "Size", "Comment", NULL };
	static const char *const exact[] = { "ID", "CreatedAt", "CreatedBy", "Size", "Comment", NULL };
	const struct history_options *options = data;
	_cleanup_image_ struct image *image = NULL;
	_cleanup_history_ struct history history = { 0 };
	_cleanup_rows_ struct rows rows = { 0 };
	int r = rows_begin(&rows, &HISTORY_ROWS, options->quiet ? NULL : options->format,
			   options->human ? human : exact, err);
	if (r >= 0)
		r = engine_image_find(cli->engine, args[0], &image, err);
	if (r >= 0)
		r = engine_image_history(cli->engine, image, &history.steps, &history.count, err);
	return r < 0 ? r : show(options, image, &history, &rows, err);
}

static const struct option OPTIONS[] = {
	OPT_FORMAT(struct history_options, format, 0),
	OPT_BOOL(struct history_options, human, 'H', "human", "Print sizes and dates for people (default true)"),
	OPT_BOOL(struct history_options, no_trunc, 0, "no-trunc", "Do not shorten anything"),
	OPT_BOOL(struct history_options, quiet, 'q', "quiet", "Print IDs only"),
	OPT_REFUSED(0, "platform", "an image here is of one platform"),
	OPT_END,
};

const struct command command_history = {
	.name = "history",
	.aliases = (const char *const[]){ "image history", NULL },
	.flags = COMMAND_ENGINE,
	.usage = "[OPTIONS] IMAGE",
	.summary = "Show how an image was made",
	.description = "Fields of templates: .ID .CreatedSince .CreatedAt .CreatedBy .Size .Comment.",
	.min_args = 1,
	.max_args = 1,
	.completes = COMPLETE_IMAGES,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct history_options),
	.defaults = &(const struct history_options){ .human = true },
	.run = run,
};
