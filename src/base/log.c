/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"

enum { FACILITY_DAEMON = 3 << 3 };

static const char *const LEVEL_NAMES[] = { "error", "warning", "info", "debug" };

/* syslog(3): LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG. */
static const int SEVERITIES[] = { 3, 4, 6, 7 };

enum sink_kind { SINK_FILE, SINK_JOURNAL, SINK_SYSLOG };

static struct {
	enum log_level level;
	enum log_format format;
	int fd;
	bool owned;
	enum sink_kind kind;
	char identifier[64]; /* of our messages in the journal */
} sink = { .level = LOG_LEVEL_WARN, .fd = STDERR_FILENO };

int log_level_parse(const char *name, enum log_level *ret, struct error *err)
{
	static const struct {
		const char *name;
		enum log_level level;
	} names[] = {
		{ "debug", LOG_LEVEL_DEBUG }, { "trace", LOG_LEVEL_DEBUG }, { "info", LOG_LEVEL_INFO },
		{ "warn", LOG_LEVEL_WARN },   { "warning", LOG_LEVEL_WARN }, { "error", LOG_LEVEL_ERROR },
		{ "fatal", LOG_LEVEL_ERROR }, { "panic", LOG_LEVEL_ERROR },
	};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcasecmp(name, names[i].name) == 0) {
			*ret = names[i].level;
			return 0;
		}
	}
	return err_set(err, ERR_USAGE, "unknown log level \"%s\": it is debug, info, warn or error", name);
}

int log_format_parse(const char *name, enum log_format *ret, struct error *err)
{
	if (!streq(name, "text") && !streq(name, "json"))
		return err_set(err, ERR_USAGE, "unknown log format \"%s\": it is text or json", name);
	*ret = streq(name, "json") ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT;
	return 0;
}

void log_set_level(enum log_level level)
{
	sink.level = level;
}

void log_set_format(enum log_format format)
{
	sink.format = format;
}

void log_set_fd(int fd)
{
	if (sink.owned)
		fd_close(sink.fd);
	sink.fd = fd;
	sink.owned = false;
	sink.kind = SINK_FILE;
}

int log_fd(void)
{
	return sink.fd;
}

int log_open_file(const char *path, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
	if (fd < 0)
		return err_sys(err, errno, "open log file '%s'", path);
	log_set_fd(fd_move_above(fd, STDERR_FILENO + 1));
	sink.owned = true;
	return 0;
}

/* The daemon behind the socket at @path, which @name is for people. */
static int open_daemon(enum sink_kind kind, const char *name, const char *path, const char *identifier,
		       struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	str_copy(address.sun_path, sizeof address.sun_path, path);
	if (!*identifier || strlen(identifier) >= sizeof sink.identifier || strpbrk(identifier, "\n\r"))
		return err_set(err, ERR_USAGE, "\"%s\" is no identifier for the log", identifier);
	_cleanup_close_ int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0 || connect(sock, (struct sockaddr *)&address, sizeof address) < 0)
		return err_sys_code(err, ERR_UNSUPPORTED, errno, "log to %s at '%s'", name, path);
	log_set_fd(fd_move_above(TAKE_FD(sock), STDERR_FILENO + 1));
	sink.owned = true;
	sink.kind = kind;
	str_copy(sink.identifier, sizeof sink.identifier, identifier);
	return 0;
}

int log_open(const char *destination, struct error *err)
{
	const char *rest;
	if ((rest = str_after(destination, "journald:")))
		return open_daemon(SINK_JOURNAL, "journald", "/run/systemd/journal/socket", rest, err);
	if ((rest = str_after(destination, "syslog:")))
		return open_daemon(SINK_SYSLOG, "syslog", "/dev/log", rest, err);
	rest = str_after(destination, "file:");
	const char *path = rest ? rest : destination;
	/* The one link that people name; of another we would not know who has placed it. */
	if (streq(path, "/dev/stderr")) {
		log_set_fd(STDERR_FILENO);
		return 0;
	}
	return log_open_file(path, err);
}

bool log_enabled(enum log_level level)
{
	return level <= sink.level;
}

static void append_json_string(struct str *line, const char *text)
{
	str_append_char(line, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			str_append_char(line, '\\');
		str_append_char(line, *text);
	}
	str_append_char(line, '"');
}

/* For a file: one line in the format that was asked for. */
static void append_line(struct str *line, enum log_level level, const char *text)
{
	char when[TIME_TEXT_MAX];
	time_format_rfc3339(time_now_ns(), when);
	if (sink.format == LOG_FORMAT_JSON) {
		str_appendf(line, "{\"level\":\"%s\",\"msg\":", LEVEL_NAMES[level]);
		append_json_string(line, text);
		str_appendf(line, ",\"time\":\"%s\"}\n", when);
		return;
	}
	str_appendf(line, "time=\"%s\" level=%s msg=", when, LEVEL_NAMES[level]);
	append_json_string(line, text);
	str_append_char(line, '\n');
}

void log_write(enum log_level level, const char *fmt, ...)
{
	if (!log_enabled(level))
		return;
	char raw[2048], safe[2048];
	va_list args;
	va_start(args, fmt);
	vsnprintf(raw, sizeof raw, fmt, args);
	va_end(args);
	str_escape_control(raw, safe, sizeof safe);

	_cleanup_str_ struct str line = { 0 };
	if (sink.kind == SINK_JOURNAL)
		str_appendf(&line, "MESSAGE=%s\nPRIORITY=%d\nSYSLOG_IDENTIFIER=%s\n", safe, SEVERITIES[level],
			    sink.identifier);
	else if (sink.kind == SINK_SYSLOG)
		str_appendf(&line, "<%d>%s[%d]: %s", FACILITY_DAEMON + SEVERITIES[level], sink.identifier, getpid(), safe);
	else
		append_line(&line, level, safe);
	(void)fd_write_all(sink.fd, line.data, line.len);
}

void log_failure(enum log_level level, const char *about, const struct error *err)
{
	bool cause = err->cause[0];
	log_write(level, "%s%s%s%s%s%s", about ? about : "", about ? ": " : "", err->message, cause ? " (" : "", err->cause,
		  cause ? ")" : "");
}
