/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a container has ended, as far as that can be known: State.Death of `inspect`. Docker's OOMKilled says that the kernel
 * has killed something in the container for memory, which need not be why it ended.
 *
 * Rules, the first that fits:
 *  D1  It could not be started: start-failed.
 *  D2  It ended by itself with an exit code: exited; stopped, if it had been asked to.
 *  D3  SIGKILL, and the kernel's log has an OOM kill in its cgroup during the run, and we sent no SIGKILL: oom, at the level
 *      that the log names. Proven.
 *  D4  The same without the log, but the cgroup counts an OOM kill: oom. Likely; the level is the first whose own counters
 *      of running out have moved, the container's, then its parents', then the host's.
 *      One that systemd removed before that was read counts as many as the whole machine has since it was last read; then
 *      it is its own limit if it is no parent's.
 *  D5  A signal that we sent: stopped, for the stop signal; killed, for any other. Proven; what the kernel did for memory
 *      earlier is told, and is not the cause.
 *  D6  Another signal: signal. Linux does not record who sent it, and a program can send itself one.
 *
 * Source: cgroup-v2.rst, "memory.events"; mm/oom_kill.c, dump_oom_summary() (the line "oom-kill:constraint=...").
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"

enum death_cause {
	DEATH_NONE,
	DEATH_EXITED,
	DEATH_STOPPED,
	DEATH_KILLED,
	DEATH_SIGNAL,
	DEATH_OOM,
	DEATH_START_FAILED,
	DEATH_MONITOR_LOST,
};

enum { DEATH_EVIDENCE_MAX = 4 };

struct death {
	enum death_cause cause;
	bool likely; /* else it is proven, or for DEATH_SIGNAL unknown by whom */
	char by[96]; /* "itself", "coffer stop", "its own limit", "host", ... */
	char evidence[DEATH_EVIDENCE_MAX][192];
	int n_evidence;
};

/* Add a line of evidence, as far as there is room. */
void death_add(struct death *death, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* {"cause":"oom","by":"its own limit","confidence":"proven","evidence":["..."]} as member @key of @object, and back. */
void death_to_json(const struct death *death, const char *key, struct json_object *object);
int death_from_json(const struct json_node *object, const char *key, struct death *ret, struct error *err);

/* --- Finding out --- */

enum oom_level { OOM_LEVEL_NONE, OOM_LEVEL_OWN, OOM_LEVEL_PARENT, OOM_LEVEL_HOST };

/* A process that the kernel has killed for memory, by its log. */
struct oom_kill {
	enum oom_level level;
	int64_t pid; /* as the host counts; 0: not known */
	char name[32];
};

struct death_facts {
	bool start_failed;
	int exit_code, signal;	  /* 0: it ended by itself */
	uint64_t oom_kills;	  /* in its cgroup */
	bool as_group;		  /* all processes of the cgroup at once (memory.oom.group) */
	int64_t limit, peak;	  /* of its memory, in bytes; 0 or less: not known */
	uint64_t refaults;	  /* pages of files that it missed after they had been taken away */
	uint64_t missed_kills;	  /* on the machine, if its cgroup was gone before it was read */
	struct oom_kill logged;	  /* the last that the kernel's log has; level NONE: none, or it cannot be read */
	enum oom_level counted;	  /* what the counters say */
	bool asked_to_stop;	  /* its stop signal was sent, by us */
	const char *sent_by;	  /* who had us send the signal that it ended by; NULL: nobody */
	bool sent_is_stop;	  /* ... in order to stop it */
};

void death_classify(const struct death_facts *facts, struct death *ret);

/* What a line of the kernel's log says of an OOM kill in the cgroup @path; of level NONE for any other line. */
struct oom_kill death_parse_kernel_line(const char *line, const char *path);
