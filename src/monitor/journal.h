/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of events, ROOT/events/: what happened to containers, images and the rest, for `events`. Monitors and
 * commands append to it; engine/event.h reads it.
 *
 *	journal      one JSON object a line, each as Docker's API sends it
 *	journal.1    the one before, for the journal is set aside when it has JOURNAL_MAX bytes
 *
 *	{"status":"die","id":"ID","from":"box:1","Type":"container","Action":"die",
 *	 "Actor":{"ID":"ID","Attributes":{"exitCode":"0","image":"box:1","name":"web"}},
 *	 "scope":"local","time":1732000000,"timeNano":1732000000123456789}
 *
 * Times never decrease from line to line. A line is whole, or it does not count: what a crash left of one is ended by the
 * next writer, and a reader passes over it. Nothing is synced: a power cut may take the last events.
 *
 * Source: Docker Engine API, "Monitor events".
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

#define JOURNAL_FILE "journal"
#define JOURNAL_OLD_FILE "journal.1"

enum {
	JOURNAL_MAX = 8 << 20,
	JOURNAL_LINE_MAX = 1 << 20, /* more is not an event */
};

struct journal_event {
	const char *type;	 /* "container", "image", "network", "volume" */
	const char *action;	 /* "start", "health_status: healthy", ... */
	const char *actor;	 /* id, or name where there is no id */
	char *const *attributes; /* "key=value"; of equal keys the last counts */
};

/*
 * What an event says of @err, appended to *attributes: errorCode, errorStage (if there is one) and error, the words.
 */
void journal_add_error(char ***attributes, const struct error *err);

/* Append to the journal in the directory @path, which is made if it is missing. Returns 0 or -errno. */
int journal_append(const char *path, const struct journal_event *event);
