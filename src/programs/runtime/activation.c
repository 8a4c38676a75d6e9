/* SPDX-License-Identifier: Apache-2.0 */
#include "programs/runtime/activation.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"

void environment_set(char ***environment, const char *name, const char *value)
{
	char *entry = mem_printf("%s=%s", name, value);
	size_t len = strlen(name) + 1;
	for (char **at = *environment; at && *at; at++) {
		if (strncmp(*at, entry, len) != 0)
			continue;
		free(*at);
		*at = entry;
		return;
	}
	strv_take(environment, entry);
}

int activation_count(struct error *err)
{
	enum { MOST = 1024 };
	const char *whose = getenv("LISTEN_PID"), *how_many = getenv("LISTEN_FDS");
	uint64_t pid, count;
	if (str_is_empty(whose) || str_is_empty(how_many) || parse_u64(whose, INT32_MAX, &pid, NULL) < 0 ||
	    (pid_t)pid != getpid())
		return 0;
	int r = parse_u64(how_many, MOST, &count, err);
	return r < 0 ? err_wrap(err, "LISTEN_FDS") : (int)count;
}

int activation_check(int sockets, uint64_t preserved, struct error *err)
{
	int first = STDERR_FILENO + 1, between = first + sockets, end = between + (int)preserved;
	for (int fd = first; fd < end; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		return fd < between
			       ? err_set(err, ERR_USAGE, "LISTEN_FDS=%d: file descriptor %d is not open", sockets, fd)
			       : err_set(err, ERR_USAGE, "--preserve-fds %d: file descriptor %d is not open",
					 (int)preserved, fd);
	}
	return end - first;
}

void activation_announce(struct spec_process *process, int sockets)
{
	char count[16];
	if (sockets == 0)
		return;
	snprintf(count, sizeof count, "%d", sockets);
	environment_set(&process->env, "LISTEN_FDS", count);
	environment_set(&process->env, "LISTEN_PID", "1");
}
