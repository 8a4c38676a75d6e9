/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/utsname.h>

#include "cli/command.h"
#include "image/platform.h"

static int run(struct cli *cli, void *options, char **args, struct error *err)
{
	const struct platform host = platform_host();
	struct utsname system;
	char platform[64];
	uname(&system);
	printf("Version:   %s\nPlatform:  %s\nKernel:    %s\n", VERSION, platform_format(&host, platform),
	       system.release);
	return 0;
}

static const struct option OPTIONS[] = {
	OPT_REFUSED('f', "format", "templates are not available yet"),
	OPT_END,
};

const struct command command_version = {
	.name = "version",
	.flags = COMMAND_COMMON,
	.usage = "",
	.summary = "Show the version of coffer and what it runs on",
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.run = run,
};
