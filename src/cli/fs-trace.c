/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fs-trace.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/rows.h"

enum { CREATED_BY_WIDTH = 45 };

struct trace_options {
	bool no_trunc;
	char *format;
};

static const struct rows_kind TRACE_ROWS = {
	.what = "trace",
	.fields =
		(const struct rows_field[]){
			{ "Path", "PATH" },
			{ "Layer", "LAYER" },
			{ "State", "STATE" },
			{ "Type", "TYPE" },
			{ "Size", "SIZE" },
			{ "CopyUp", "COPY-UP" },
			{ "Hides", "HIDES" },
			{ "CreatedBy", "CREATED BY" },
			{ 0 },
		},
};

static const char *type_name(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "link";
	case S_IFCHR:
	case S_IFBLK:
		return "device";
	case S_IFIFO:
		return "pipe";
	case S_IFSOCK:
		return "socket";
	default:
		return "-";
	}
}

static void append_layer(struct str *out, const char *layer, bool no_trunc)
{
	if (str_starts_with(layer, "sha256:"))
		format_image_id(out, layer, no_trunc);
	else
		str_append(out, layer);
}

static struct json_object *fields_of(const struct file_trace *trace, bool no_trunc)
{
	struct json_object *fields = json_object_new_object();
	_cleanup_str_ struct str layer = { 0 }, created_by = { 0 }, hides = { 0 };
	char size[SIZE_TEXT_MAX], copy_up[SIZE_TEXT_MAX];
	append_layer(&layer, trace->layer, no_trunc);
	format_ellipsis(&created_by, trace->created_by, no_trunc ? SIZE_MAX : (size_t)CREATED_BY_WIDTH);
	str_appendf(&hides, "%zu", trace->hides);
	json_add_string(fields, "Path", trace->path);
	json_add_string(fields, "Layer", str_text(&layer));
	json_add_string(fields, "State", trace_state_name(trace->state));
	json_add_string(fields, "Type", type_name(trace->mode));
	json_add_string(fields, "Size", S_ISREG(trace->mode) ? format_size(trace->size, size) : "-");
	json_add_string(fields, "CopyUp", format_size(trace->copy_up, copy_up));
	json_add_string(fields, "Hides", str_text(&hides));
	json_add_string(fields, "CreatedBy", str_text(&created_by));
	return fields;
}

static bool is_tree(const struct file_trace *traces, size_t count)
{
	return count > 0 && S_ISDIR(traces[0].mode) && traces[0].state == TRACE_SERVES;
}

static int show(const struct trace_options *options, const struct file_trace *traces, size_t count, struct error *err)
{
	/* The longest path of thousands makes its column wide: last, that is no matter. */
	static const char *const of_tree[] = { "Layer", "Type", "Size", "CopyUp", "Hides", "Path", NULL };
	static const char *const of_file[] = { "Layer", "State", "Type", "Size", "CopyUp", "CreatedBy", NULL };
	_cleanup_rows_ struct rows rows = { 0 };
	int r = rows_begin(&rows, &TRACE_ROWS, options->format, is_tree(traces, count) ? of_tree : of_file, err);
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = rows_add(&rows, fields_of(&traces[i], options->no_trunc), NULL, err);
	if (r >= 0)
		rows_print(&rows);
	return r;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	struct file_trace *traces = NULL;
	size_t count = 0;
	int r = engine_fs_trace(cli->engine, args[0], args[1], &traces, &count, err);
	if (r >= 0)
		r = show(data, traces, count, err);
	file_traces_free(traces, count);
	return r;
}

static const struct option OPTIONS[] = {
	OPT_FORMAT(struct trace_options, format, 0),
	OPT_BOOL(struct trace_options, no_trunc, 0, "no-trunc", "Do not shorten anything"),
	OPT_END,
};

const struct command command_fs_trace = {
	.name = "fs trace",
	.flags = COMMAND_ENGINE,
	.usage = "[OPTIONS] CONTAINER PATH",
	.summary = "Show which layer a file of a container comes from",
	.description =
		"Of a file, every layer that has it, the topmost first: the one that *serves* it, those in which it is *hidden* "
		"by one above, and one that *deletes* it. CREATED BY is the step of the image's history that made the layer. "
		"COPY-UP says how many bytes the first write to it would copy into the container's own layer: the whole file, "
		"also for a change of its mode or owner alone.\n\n"
		"Of a directory, all that is in it, each with the layer that serves it, and HIDES, in how many layers something "
		"lies hidden under the same name.\n\n"
		"The layer *container* is what the container has written itself; *mount* is what is mounted there and no "
		"layer. Fields of templates: .Path .Layer .State .Type .Size .CopyUp .Hides .CreatedBy.",
	.examples =
		(const struct example[]){
			{ "fs trace web /etc/nginx/nginx.conf", "Who put this file there" },
			{ "fs trace --format '{{.Layer}} {{.Path}}' web /usr | grep ^container",
			  "What it has written below /usr" },
			{ 0 },
		},
	.min_args = 2,
	.max_args = 2,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct trace_options),
	.run = run,
};
