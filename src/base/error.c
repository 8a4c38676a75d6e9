/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"

static const struct error_info INFO[ERR_CODE_END] = {
	[ERR_NONE] = { "E-NONE", 0, 200, "no error" },
#define X(name, id, exit, http, summary) [name] = { id, exit, http, summary },
	ERROR_CODES(X)
#undef X
};

static const char *const STAGE_NAMES[STAGE_END] = {
	[STAGE_NONE] = "none",	   [STAGE_PULL] = "pull",     [STAGE_UNPACK] = "unpack", [STAGE_CREATE] = "create",
	[STAGE_EXEC] = "exec",	   [STAGE_HEALTH] = "health", [STAGE_APP] = "app",	 [STAGE_NETWORK] = "network",
};

/* Of the error that was set last: what those say to whom nobody gave a place to keep it. */
static _Thread_local int last_code = ERR_INTERNAL;

const struct error_info *err_info(int code)
{
	if (code <= -ERR_CODE_END || code >= ERR_CODE_END)
		code = ERR_INTERNAL;
	return &INFO[abs(code)];
}

enum error_code err_code_from_id(const char *id)
{
	for (int code = 1; code < ERR_CODE_END; code++)
		if (streq(INFO[code].id, id))
			return code;
	return ERR_NONE;
}

const char *err_stage_name(int stage)
{
	return STAGE_NAMES[stage >= 0 && stage < STAGE_END ? stage : STAGE_NONE];
}

enum error_stage err_stage_from_name(const char *name)
{
	for (int stage = 0; stage < STAGE_END; stage++)
		if (streq(STAGE_NAMES[stage], name))
			return stage;
	return STAGE_NONE;
}

/* What people read may hold names out of images and from registries: no terminal sequence gets through. */
static void __attribute__((format(printf, 3, 0)))
format_escaped(char *buf, size_t size, const char *fmt, va_list args)
{
	char raw[sizeof(((struct error *)0)->message)];
	vsnprintf(raw, sizeof raw, fmt, args);
	str_escape_control(raw, buf, size);
}

static enum error_code code_of_errno(int sys_errno)
{
	switch (sys_errno) {
	case EPERM:
	case EACCES:
		return ERR_PERMISSION;
	case ENOENT:
		return ERR_NOT_FOUND;
	case ENOSPC:
	case EDQUOT:
		return ERR_NOSPC;
	case ETIMEDOUT:
		return ERR_TIMEOUT;
	case EBUSY:
		return ERR_BUSY;
	case EEXIST:
		return ERR_EXISTS;
	case ENOSYS:
	case EOPNOTSUPP:
		return ERR_UNSUPPORTED;
	default:
		return ERR_SYSTEM;
	}
}

int err_set(struct error *err, enum error_code code, const char *fmt, ...)
{
	last_code = (int)code;
	if (!err)
		return -(int)code;
	err_clear(err);
	err->code = code;
	va_list args;
	va_start(args, fmt);
	format_escaped(err->message, sizeof err->message, fmt, args);
	va_end(args);
	return -(int)code;
}

static int __attribute__((format(printf, 4, 0)))
set_from_errno(struct error *err, enum error_code code, int sys_errno, const char *fmt, va_list args)
{
	last_code = (int)code;
	if (!err)
		return -(int)code;
	err_clear(err);
	err->code = code;
	err->sys_errno = sys_errno;
	format_escaped(err->message, sizeof err->message, fmt, args);
	size_t len = strlen(err->message);
	char text[128];
	snprintf(err->message + len, sizeof err->message - len, ": %s", str_errno(sys_errno, text, sizeof text));
	return -(int)code;
}

int err_sys(struct error *err, int sys_errno, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	int r = set_from_errno(err, code_of_errno(sys_errno), sys_errno, fmt, args);
	va_end(args);
	return r;
}

int err_sys_code(struct error *err, enum error_code code, int sys_errno, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	int r = set_from_errno(err, code, sys_errno, fmt, args);
	va_end(args);
	return r;
}

int err_wrap(struct error *err, const char *fmt, ...)
{
	if (!err)
		return -last_code;
	char text[sizeof err->message], before[sizeof err->message];
	memcpy(before, err->message, sizeof before);
	va_list args;
	va_start(args, fmt);
	format_escaped(text, sizeof text, fmt, args);
	va_end(args);
	/* Where both do not fit, what was said first stays whole, for it is the cause. */
	size_t kept = strlen(before) + strlen(": "), room = sizeof err->message - MIN(kept, sizeof err->message / 2);
	size_t len = str_copy(err->message, room, text);
	len += str_copy(err->message + len, sizeof err->message - len, ": ");
	str_copy(err->message + len, sizeof err->message - len, before);
	return -err->code;
}

int err_cause(struct error *err, const char *fmt, ...)
{
	if (!err)
		return -last_code;
	if (err->cause[0])
		return -err->code;
	va_list args;
	va_start(args, fmt);
	format_escaped(err->cause, sizeof err->cause, fmt, args);
	va_end(args);
	return -err->code;
}

int err_hint(struct error *err, const char *fmt, ...)
{
	if (!err)
		return -last_code;
	if (err->hint[0])
		return -err->code;
	va_list args;
	va_start(args, fmt);
	format_escaped(err->hint, sizeof err->hint, fmt, args);
	va_end(args);
	return -err->code;
}

int err_stage(struct error *err, enum error_stage stage)
{
	if (!err)
		return -last_code;
	if (err->stage == STAGE_NONE)
		err->stage = stage;
	return -err->code;
}

void err_clear(struct error *err)
{
	if (err)
		*err = (struct error){ 0 };
}

int err_check_received(struct error *err)
{
	err->message[sizeof err->message - 1] = '\0';
	err->cause[sizeof err->cause - 1] = '\0';
	err->hint[sizeof err->hint - 1] = '\0';
	if (err->stage < 0 || err->stage >= STAGE_END)
		err->stage = STAGE_NONE;
	if (err->code <= ERR_NONE || err->code >= ERR_CODE_END)
		err->code = ERR_INTERNAL;
	return -err->code;
}

int err_format(const struct error *err, const char *program, int exit_status, char *buf, size_t size)
{
	return snprintf(buf, size, "%s: %s\n%s%s%s%s%s%s  [%s%s%s, exit %d]\n", program, err->message,
			err->cause[0] ? "  cause: " : "", err->cause, err->cause[0] ? "\n" : "",
			err->hint[0] ? "  hint:  " : "", err->hint, err->hint[0] ? "\n" : "", err_info(err->code)->id,
			err->stage == STAGE_NONE ? "" : ", stage ",
			err->stage == STAGE_NONE ? "" : err_stage_name(err->stage), exit_status);
}
