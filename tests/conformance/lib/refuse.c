/* SPDX-License-Identifier: Apache-2.0 */
/* refuse ERRNO CALL,CALL... PROGRAM ARGUMENT...: run it as on a kernel, or in a sandbox, that has none of these calls. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "refuse-syscall.h"

/* Calls that the headers need not have yet: since 424 they have the same numbers everywhere. */
#define NEWER(number) number

static const struct {
	const char *name;
	unsigned number;
} CALLS[] = {
	{ "clone3", SYS_clone3 },
	{ "close_range", SYS_close_range },
	{ "epoll_pwait2", NEWER(441) },
	{ "fchmodat2", NEWER(452) },
	{ "fsconfig", SYS_fsconfig },
	{ "fsmount", SYS_fsmount },
	{ "fsopen", SYS_fsopen },
	{ "fspick", SYS_fspick },
	{ "landlock_create_ruleset", NEWER(444) },
	{ "listmount", NEWER(458) },
	{ "mount_setattr", SYS_mount_setattr },
	{ "move_mount", SYS_move_mount },
	{ "open_tree", SYS_open_tree },
	{ "openat2", SYS_openat2 },
	{ "statmount", NEWER(457) },
};

static void refuse(const char *name, unsigned error)
{
	for (size_t i = 0; i < ARRAY_SIZE(CALLS); i++) {
		if (strcmp(CALLS[i].name, name) != 0)
			continue;
		if (!refuse_syscall(CALLS[i].number, error)) {
			perror("refuse");
			exit(1);
		}
		return;
	}
	fprintf(stderr, "refuse: unknown call %s\n", name);
	exit(2);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	unsigned error = strcmp(argv[1], "EPERM") == 0 ? EPERM : ENOSYS;
	for (char *save, *name = strtok_r(argv[2], ",", &save); name; name = strtok_r(NULL, ",", &save))
		refuse(name, error);
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return 127;
}
