/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/time.h"
#include "cli/report.h"
#include "cli/targets.h"
#include "monitor/log-record.h"

enum { OUTPUT_SIZE = 256 * 1024 };

struct logs_options {
	struct targets targets;
	bool follow, timestamps, details;
	char *since, *until;
	int64_t tail; /* -1: all */
};

/* --- Output: entries of one stream are collected, and written when the other one has some, or there is time --- */

struct output {
	int fd; /* STDOUT_FILENO or STDERR_FILENO */
	struct str text;
};

static int flush(struct output *output, struct error *err)
{
	int r = fd_write_all(output->fd, output->text.data, output->text.len);
	str_truncate(&output->text, 0);
	return r < 0 ? err_sys(err, -r, "write the log") : 0;
}

/* "label=value,other=value": the "attrs" of an entry. */
static void append_attributes(struct str *text, const struct log_record *entry)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	struct json_iterator iterator = { 0 };
	const char *value, *separator = "";
	if (entry->attributes &&
	    json_parse(entry->attributes, entry->attributes_len, "attrs", ERR_JSON, &document, NULL) >= 0) {
		struct json_node root = json_root(&document);
		for (struct json_node member; json_next(&root, &iterator, &member); separator = ",")
			if (json_as_string(&member, &value, NULL) >= 0)
				str_appendf(text, "%s%s=%s", separator, member.key, value);
	}
	str_append_char(text, ' ');
}

/* Nine digits always, so that lines stand below each other. */
static void append_time(struct str *text, const struct log_record *entry)
{
	char time[TIME_TEXT_MAX];
	str_append(text, time_format_rfc3339(log_record_time(entry), time));
	str_append_char(text, ' ');
}

static int show(struct output *output, const struct logs_options *options, const struct log_record *entry,
		struct error *err)
{
	int fd = entry->stream == LOG_STDERR ? STDERR_FILENO : STDOUT_FILENO;
	bool full = output->text.len > OUTPUT_SIZE;
	int r = fd != output->fd || full ? flush(output, err) : 0;
	output->fd = fd;
	if (options->timestamps)
		append_time(&output->text, entry);
	if (options->details)
		append_attributes(&output->text, entry);
	str_append_len(&output->text, entry->text, entry->len);
	return r;
}

/* --- The command --- */

static int make_request(const struct logs_options *options, struct log_request *ret, struct error *err)
{
	int64_t now = time_now_ns();
	*ret = (struct log_request){ .follow = options->follow, .tail = options->tail };
	if (options->since && time_parse_when(options->since, now, &ret->since_ns, err) < 0)
		return err_wrap(err, "invalid value for \"since\"");
	if (options->until && time_parse_when(options->until, now, &ret->until_ns, err) < 0)
		return err_wrap(err, "invalid value for \"until\"");
	return 0;
}

static int copy(struct container_logs *logs, const struct logs_options *options, struct error *err)
{
	struct output output = { .fd = STDOUT_FILENO };
	struct log_record entry;
	int r;
	while ((r = container_logs_next(logs, &entry, err)) > 0 && (r = show(&output, options, &entry, err)) >= 0)
		if (options->follow && !container_logs_pending(logs) && (r = flush(&output, err)) < 0)
			break;
	if (r >= 0)
		r = flush(&output, err);
	str_done(&output.text);
	return r;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct logs_options *options = data;
	_cleanup_strv_ char **names = NULL;
	_cleanup_logs_ struct container_logs *logs = NULL;
	struct log_request request;
	int r = make_request(options, &request, err);
	if (r >= 0)
		r = targets_resolve(cli, &options->targets, args, TARGETS_ANY, &names, err);
	if (r < 0 || (r = engine_container_logs(cli->engine, names[0], &request, &logs, err)) < 0)
		return r;
	r = copy(logs, options, err);
	if (r >= 0 && container_logs_skipped(logs) > 0)
		report_notice("%llu lines of the log make no sense and were left out",
			      (unsigned long long)container_logs_skipped(logs));
	return r;
}

static int parse_tail(const char *value, void *field, struct error *err)
{
	int64_t tail = -1;
	/* As Docker: what is no number of lines means all of them. */
	if (!streq(value, "all") && parse_i64(value, INT64_MIN, INT64_MAX, &tail, NULL) < 0)
		tail = -1;
	*(int64_t *)field = tail;
	return 0;
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct logs_options, details, 0, "details", "Show the labels and variables that were logged with it"),
	OPT_BOOL(struct logs_options, follow, 'f', "follow", "Go on until the container ends"),
	OPT_TARGETS_LATEST(struct logs_options, 'l'),
	OPT_STRING(struct logs_options, since, 0, "since", "string",
		   "Only what was written after a time (2026-11-22T12:34:56Z), or in the last 10m"),
	OPT_PARSED(struct logs_options, tail, parse_tail, 'n', "tail", "string", "The last so many lines (default \"all\")"),
	OPT_BOOL(struct logs_options, timestamps, 't', "timestamps", "Show when each line was written"),
	OPT_STRING(struct logs_options, until, 0, "until", "string", "Only what was written before that, likewise"),
	OPT_END,
};

const struct command command_logs = {
	.name = "logs",
	.aliases = (const char *const[]){ "container logs", NULL },
	.flags = COMMAND_ENGINE | COMMAND_TARGETS | COMMAND_COMMON,
	.usage = "[OPTIONS] CONTAINER",
	.summary = "Show what a container has printed",
	.description =
		"What went to its standard output goes to ours, likewise its standard error. Of a line that is longer than "
		"16 KiB each part counts as a line.",
	.examples =
		(const struct example[]){
			{ "logs -f -n 20 web", "The last 20 lines, and what follows" },
			{ "logs --since 10m -t web 2>&1 | grep GET", "Of the last ten minutes, with times" },
			{ 0 },
		},
	.max_args = 1,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct logs_options),
	.defaults = &(const struct logs_options){ .tail = -1 },
	.run = run,
};
