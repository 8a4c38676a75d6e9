/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events: what `coffer events` shows. They are kept in a journal (monitor/journal.h), in Docker's words.
 *
 * Who records what:
 *
 *	the monitor           start, start-failed (again), die, kill, stop, oom, health_status: x, exec_create: x,
 *	                      exec_start: x, exec_detach, exec_die
 *	the engine's calls    create, start-failed, destroy, and die where a monitor could not any more; pause, unpause, top,
 *	                      rename, attach, detach, restart, prune, commit, export, archive-path, extract-to-dir; pull,
 *	                      pull-failed, import, tag, untag, delete
 *
 * Whoever adds a call to the engine that Docker has an event for records it with
 * event_container() or event_record() when it is done. Recording never fails the call: a journal that cannot be written
 * is a warning in the log.
 *
 * Reading:
 *
 *	_cleanup_event_reader_ struct event_reader *reader = NULL;
 *	int r = event_reader_open(engine, since_ns, &reader, err);
 *	while (r >= 0 && (r = event_reader_next(reader, &event, err)) > 0)
 *		...;			r is 0 when there is no further one now:
 *	poll() event_reader_fd() for POLLIN, and go on with event_reader_next().
 */
#pragma once

#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "engine/engine.h"
#include "monitor/journal.h"

struct container_row;

/* --- Recording --- */

void event_record(struct engine *engine, const struct journal_event *event);

/* One of a container's, with its image, name and labels for attributes; @more is a strv of "key=value", or NULL. */
void event_container(struct engine *engine, const struct container_row *row, const char *action, char *const *more);

/* Of what only a command knows: that it was left alone (detach), or stopped to be started (restart). */
void event_container_named(struct engine *engine, const char *name, const char *action);

/* It could not be started. */
void event_start_failed(struct engine *engine, const char *id, const struct error *why);

/* All of @type ("container", ...) that could go have gone, @bytes with them. */
void event_prune(struct engine *engine, const char *type, int64_t bytes);

/* One of an image's: @id is the actor, @name the attribute "name", as Docker has them. */
void event_image(struct engine *engine, const char *action, const char *id, const char *name);
void event_pull_failed(struct engine *engine, const char *id, const char *name, const struct error *why);

/* The attributes of each of a container's events. strv_free() it. */
char **event_container_attributes(const struct container_row *row);

/* ROOT/events. free() it. */
char *engine_events_path(const struct engine *engine);

/* --- Reading --- */

/* One event. The texts are the reader's, until its next one; all of it is in `object`, in Docker's form. */
struct event {
	int64_t time_ns;
	const char *type, *action, *actor;
	struct json_object *object;
	struct json_object *attributes; /* of texts */
};

struct event_reader;

/* From the first event at or after @since_ns (0: from the first that is kept; INT64_MAX: only what is still to come). */
int event_reader_open(struct engine *engine, int64_t since_ns, struct event_reader **ret, struct error *err);

/* The next event: 1; 0 if there is none yet. */
int event_reader_next(struct event_reader *reader, struct event *ret, struct error *err);

/* Becomes readable when there may be more. event_reader_next() makes it unreadable again. */
int event_reader_fd(const struct event_reader *reader);

void event_reader_free(struct event_reader *reader);
DEFINE_CLEANUP(struct event_reader *, event_reader_free);
#define _cleanup_event_reader_ _cleanup_(event_reader_freep)
