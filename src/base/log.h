/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: for whoever finds out why something happened, not for the person at the terminal (they read errors).
 * Programs configure it once, at the start; the default is warnings and worse, as text, on standard error.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* "debug", "info", "warn" or "warning", "error" ("fatal" and "panic" count as that). */
int log_level_parse(const char *name, enum log_level *ret, struct error *err);
int log_format_parse(const char *name, enum log_format *ret, struct error *err);

void log_set_level(enum log_level level);
void log_set_format(enum log_format format);

/* Append to @path from now on (made with mode 0600). */
int log_open_file(const char *path, struct error *err);

/*
 * Log to @destination: "PATH" or "file:PATH"; "journald:IDENTIFIER" or "syslog:IDENTIFIER", a datagram for each message
 * to the socket of the one or the other, in its own format. Errors: ERR_UNSUPPORTED where nobody listens.
 * Sources: crun(1), "--log"; systemd.io/JOURNAL_NATIVE_PROTOCOL; RFC 3164, section 4.1.
 */
int log_open(const char *destination, struct error *err);

/* Log to an fd that the log does not own, e.g. an inherited one. */
void log_set_fd(int fd);
int log_fd(void);

bool log_enabled(enum log_level level);
void log_write(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) (log_enabled(LOG_LEVEL_INFO) ? log_write(LOG_LEVEL_INFO, __VA_ARGS__) : (void)0)
#define log_debug(...) (log_enabled(LOG_LEVEL_DEBUG) ? log_write(LOG_LEVEL_DEBUG, __VA_ARGS__) : (void)0)

/* One line for a failure that is not the caller's to return: "<what it is about, or NULL>: message (cause)". */
void log_failure(enum log_level level, const char *about, const struct error *err);
