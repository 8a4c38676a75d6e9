/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "cli/command.h"
#include "cli/json-output.h"
#include "cli/print.h"
#include "cli/template.h"
#include "engine/event-filter.h"

struct events_options {
	char *since, *until, *format;
	char **filters;
};

/* What is asked for, parsed. */
struct watch {
	int64_t since_ns, until_ns; /* until INT64_MAX: for ever */
	struct event_filter filter;
	struct template *template; /* NULL: lines, or JSON */
	bool json;
};

static void watch_done(struct watch *watch)
{
	event_filter_done(&watch->filter);
	template_free(watch->template);
}
#define _cleanup_watch_ _cleanup_(watch_done)

/* --- One event --- */

/* In local time, with nine digits: "2026-11-21T12:34:56.123456789+01:00". */
static void append_time(struct str *out, int64_t ns)
{
	enum { MINUTE = 60, HOUR = 3600 };
	char text[TIME_TEXT_MAX];
	time_t seconds = ns / NSEC_PER_SEC;
	struct tm tm;
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", localtime_r(&seconds, &tm));
	str_appendf(out, "%s.%09jd", text, (intmax_t)(ns % NSEC_PER_SEC));
	long offset = labs(tm.tm_gmtoff);
	if (offset == 0)
		str_append_char(out, 'Z');
	else
		str_appendf(out, "%c%02ld:%02ld", tm.tm_gmtoff < 0 ? '-' : '+', offset / HOUR, offset % HOUR / MINUTE);
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* " (image=box:1, name=web)" */
static void append_attributes(struct str *out, struct json_object *attributes)
{
	_cleanup_strv_ char **texts = NULL;
	json_object_object_foreach(attributes, key, value)
		strv_take(&texts, mem_printf("%s=%s", key, json_object_get_string(value)));
	if (!texts)
		return;
	qsort(texts, strv_count(texts), sizeof *texts, compare_texts);
	_cleanup_free_ char *joined = strv_join(texts, ", ");
	str_appendf(out, " (%s)", joined);
}

static void show_line(const struct event *event)
{
	_cleanup_str_ struct str line = { 0 };
	append_time(&line, event->time_ns);
	str_appendf(&line, " %s %s %s", event->type, event->action, event->actor);
	append_attributes(&line, event->attributes);
	str_append_char(&line, '\n');
	print_text(str_text(&line));
}

static int show_by_template(const struct template *template, const struct event *event, struct error *err)
{
	static const struct template_member members[] = {
		{ "", "Status", "status", TYPE_STRING },   { "", "ID", "id", TYPE_STRING },
		{ "", "From", "from", TYPE_STRING },	   { "", "Type", NULL, TYPE_STRING },
		{ "", "Action", NULL, TYPE_STRING },	   { "", "Actor", NULL, TYPE_STRUCT },
		{ "", "Scope", "scope", TYPE_STRING },	   { "", "Time", "time", TYPE_INT },
		{ "", "TimeNano", "timeNano", TYPE_INT },  { "Actor", "ID", NULL, TYPE_STRING },
		{ "Actor", "Attributes", NULL, TYPE_MAP }, { 0 },
	};
	const struct template_data data = { .root = event->object, .what = "event", .members = members };
	_cleanup_str_ struct str line = { 0 };
	int r = template_execute(template, &data, &line, err);
	if (r < 0)
		return err_hint(err, "the fields are .Time .TimeNano .Type .Action .Actor.ID .Actor.Attributes .Scope");
	str_append_char(&line, '\n');
	print_text(str_text(&line));
	return 0;
}

static int show(const struct watch *watch, const struct event *event, struct error *err)
{
	int r = 0;
	if (watch->template)
		r = show_by_template(watch->template, event, err);
	else if (watch->json)
		json_print_line(event->object);
	else
		show_line(event);
	return r;
}

/* --- One after the other --- */

/* 1 if there may be more now, 0 when the time is over. */
static int wait_for_more(const struct event_reader *reader, int64_t until_ns, struct error *err)
{
	struct pollfd wait = { .fd = event_reader_fd(reader), .events = POLLIN };
	int64_t now = time_now_ns();
	if (now >= until_ns)
		return 0;
	int64_t left_ms = (until_ns - now) / NSEC_PER_MSEC + 1;
	if (fflush(stdout) != 0)
		return err_sys(err, errno, "write the events");
	int n = RETRY_ON_EINTR(poll(&wait, 1, until_ns == INT64_MAX ? -1 : (int)MIN(left_ms, INT_MAX)));
	return n < 0 ? err_sys(err, errno, "wait for events") : 1;
}

/* 1, or 0 for one behind the end: times never decrease, so there are no further ones. */
static int take(const struct watch *watch, const struct event *event, struct error *err)
{
	if (event->time_ns > watch->until_ns)
		return 0;
	int r = event_filter_matches(&watch->filter, event) ? show(watch, event, err) : 0;
	return r < 0 ? r : 1;
}

static int follow(const struct watch *watch, struct event_reader *reader, struct error *err)
{
	struct event event;
	int r;
	do {
		r = event_reader_next(reader, &event, err);
		if (r == 0)
			r = wait_for_more(reader, watch->until_ns, err);
		else if (r > 0)
			r = take(watch, &event, err);
	} while (r > 0);
	return r;
}

/* --- The command --- */

static int parse_times(const struct events_options *options, struct watch *watch, struct error *err)
{
	int64_t now = time_now_ns();
	watch->since_ns = options->until ? 0 : INT64_MAX;
	watch->until_ns = INT64_MAX;
	if (options->since && time_parse_when(options->since, now, &watch->since_ns, err) < 0)
		return err_wrap(err, "invalid value for \"since\"");
	if (options->until && time_parse_when(options->until, now, &watch->until_ns, err) < 0)
		return err_wrap(err, "invalid value for \"until\"");
	if (options->since && watch->until_ns < watch->since_ns)
		return err_set(err, ERR_USAGE, "`since` time (%s) cannot be after `until` time (%s)", options->since,
			       options->until);
	return 0;
}

static int parse(const struct events_options *options, struct watch *watch, struct error *err)
{
	int r = parse_times(options, watch, err);
	if (r >= 0)
		r = event_filter_parse(options->filters, &watch->filter, err);
	if (r < 0 || str_is_empty(options->format))
		return r;
	watch->json = streq(options->format, "json");
	return watch->json ? 0 : template_parse(options->format, &watch->template, err);
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	_cleanup_watch_ struct watch watch = { 0 };
	_cleanup_event_reader_ struct event_reader *reader = NULL;
	int r = parse(data, &watch, err);
	if (r >= 0)
		r = event_reader_open(cli->engine, watch.since_ns, &reader, err);
	return r < 0 ? r : follow(&watch, reader, err);
}

static const struct option OPTIONS[] = {
	OPT_LIST(struct events_options, filters, 'f', "filter",
		 "Show those for which KEY=VALUE is true: event, type, container, image, label and more"),
	OPT_STRING(struct events_options, format, 0, "format", "string", "Print with a Go template, or \"json\"",
		   .choices = (const char *const[]){ "json", NULL }),
	OPT_STRING(struct events_options, since, 0, "since", "string",
		   "Begin with those at this time, or so long ago (\"10m\"); default: those to come"),
	OPT_STRING(struct events_options, until, 0, "until", "string", "End at this time"),
	OPT_END,
};

const struct command command_events = {
	.name = "events",
	.aliases = (const char *const[]){ "system events", NULL },
	.flags = COMMAND_ENGINE | COMMAND_DOCUMENTS,
	.usage = "[OPTIONS]",
	.summary = "Show what happens, and has happened, to containers and images",
	.description =
		"Events are kept, up to some tens of thousands of them: nobody has to have watched when a container died "
		"to find out with *--since* why. With *--until* and a time that is over the command ends at once."
		"\n\n"
		"Filters: *event* is the action, *type* is container, image or network, *container*, *network* and *volume* are the "
		"beginning of an id or name, *image* is a name, with or without its tag, *label* is KEY or KEY=VALUE. "
		"Of several filters with one key any may be true, of labels and of different keys all have to."
		"\n\n"
		"What has failed is told, too: *start-failed* of containers, *pull-failed* of images, with the attributes *error*, "
		"*errorCode* (*coffer help CODE*) and *errorStage*: pull, unpack, create, exec, network."
		"\n\n"
		"Fields of templates: .Time .TimeNano .Type .Action .Actor.ID .Actor.Attributes .Scope.",
	.examples =
		(const struct example[]){
			{ "events --since 1h --until 0s --filter event=die", "What has died in the last hour" },
			{ "events --format '{{.Action}} {{.Actor.Attributes.name}}'", "Lines of one's own" },
			{ 0 },
		},
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct events_options),
	.run = run,
};
