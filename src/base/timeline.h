/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of something that several processes do together, each with its time: for `coffer run --trace`.
 *
 * They are kept in memory that the processes share. So a step costs no system call, and can be noted in any namespace and
 * with any root directory; and as long as nobody has asked for a timeline it costs a look at a variable.
 *
 *	timeline_begin()             the process that wants to know makes it;
 *	timeline_fd()                it hands the memory on to a program that it runs, which calls timeline_join();
 *	timeline_as("init")          a process that was forked has it already, and says who it is;
 *	timeline_step("cgroup made") each tells what it has just done;
 *	timeline_take()              the first one reads it, and it ends.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { TIMELINE_STEPS_MAX = 96, TIMELINE_WHO_MAX = 16, TIMELINE_TEXT_MAX = 104 };

struct timeline_step {
	int64_t time_ns; /* of the clock that is the same in all time namespaces: since the epoch; 0: not there yet */
	char who[TIMELINE_WHO_MAX], text[TIMELINE_TEXT_MAX];
};

extern struct timeline *timeline_current; /* NULL: nobody has asked */

int timeline_begin(const char *who, struct error *err);

/* -1 if there is none. It is ours, and O_CLOEXEC. */
int timeline_fd(void);

/* Takes @fd over. One that is no timeline is closed. */
void timeline_join(int fd, const char *who);

void timeline_as(const char *who);

void timeline_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
#define timeline_step(...) (timeline_current ? timeline_note(__VA_ARGS__) : (void)0)

/* We have nothing more to tell. */
void timeline_end(void);

/* The steps in the order of their times, into @ret, and the end of it. Returns their number. */
size_t timeline_take(struct timeline_step ret[static TIMELINE_STEPS_MAX]);
