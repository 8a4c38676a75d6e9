/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One explicit error value, the last argument of every function that can fail.
 *
 * - A function returns 0 or more on success and the negative error code on failure.
 * - The value is set once, near the cause; err_wrap() adds what the caller was doing, and to what.
 * - It is untouched on success, and a NULL error pointer means "the code is enough for me"; err_wrap() and its kin
 *   return the code that was set last then.
 * - The first cause, hint and stage win: they stand nearest to the fact.
 * - It is flat, so that it crosses sockets and process borders as it is (see err_check_received()).
 *
 * The words follow one shape everywhere: what could not be done, to which object, why, in one line, lower case,
 * no full stop. `cause` holds only what was checked just now; `hint` is something to type.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error-codes.h"

enum error_code {
	ERR_NONE = 0,
#define X(name, id, exit, http, summary) name,
	ERROR_CODES(X)
#undef X
	ERR_CODE_END,
};

/* Where in a container's way to its process something failed; also in events and JSON. */
enum error_stage {
	STAGE_NONE,
	STAGE_PULL,
	STAGE_UNPACK,
	STAGE_CREATE,
	STAGE_EXEC,
	STAGE_HEALTH,
	STAGE_APP,
	STAGE_NETWORK,
	STAGE_END,
};

struct error {
	int code;      /* enum error_code */
	int sys_errno; /* the system call's errno, or 0 */
	int stage;     /* enum error_stage */
	char message[1024];
	char cause[768];
	char hint[512];
};

/* Everything that is known about a code: its stable name for scripts, and the two statuses derived from it. */
struct error_info {
	const char *id;      /* "E-EXEC-NOTFOUND" */
	int exit_status;     /* of `run`, `create` and `exec`; other verbs exit 1 */
	int http_status;
	const char *summary; /* one line for `coffer help E-...` */
};

const struct error_info *err_info(int code);

/* The code that @id ("E-NAME") names, or ERR_NONE. */
enum error_code err_code_from_id(const char *id);

const char *err_stage_name(int stage);
enum error_stage err_stage_from_name(const char *name);

/* Set the error and return -code. Control characters in the formatted text are escaped. */
int err_set(struct error *err, enum error_code code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Set the error from @sys_errno; the text gets ": <strerror>" and the code follows the errno. */
int err_sys(struct error *err, int sys_errno, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same with a code of the caller's choice. */
int err_sys_code(struct error *err, enum error_code code, int sys_errno, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Put "<text>: " in front of the message. Returns -code, so that `return err_wrap(...)` reads well. */
int err_wrap(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Add a checked fact, something to type, the stage; each only where none is set yet. They return -code. */
int err_cause(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int err_hint(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int err_stage(struct error *err, enum error_stage stage);

void err_clear(struct error *err);

/*
 * Make an error that another process sent safe to use: terminate its strings, bound its numbers.
 * Returns -code; an error whose code makes no sense becomes ERR_INTERNAL.
 */
int err_check_received(struct error *err);

/*
 * The text that a person reads, in the shape
 *
 *	<program>: <message>
 *	  cause: <cause>
 *	  hint:  <hint>
 *	  [E-CODE, stage <stage>, exit <exit_status>]
 *
 * ending in a newline. Returns the length, as snprintf() does.
 */
int err_format(const struct error *err, const char *program, int exit_status, char *buf, size_t size);
