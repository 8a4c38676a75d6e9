/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sys/utsname.h>

#include "cli/command.h"
#include "runtime/cgroup.h"

struct counts {
	int states[STATE_COUNT];
	int containers, images;
};

static int count_containers(struct cli *cli, struct counts *counts, struct error *err)
{
	struct container_record **records;
	size_t count;
	int r = engine_container_list(cli->engine, true, &records, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		counts->states[records[i]->state]++;
		container_record_free(records[i]);
	}
	free(records);
	counts->containers = (int)count;
	return 0;
}

static int count_images(struct cli *cli, struct counts *counts, struct error *err)
{
	struct image **images;
	size_t count;
	int r = engine_image_list(cli->engine, &images, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		image_free(images[i]);
	free(images);
	counts->images = (int)count;
	return 0;
}

static int run(struct cli *cli, void *options, char **args, struct error *err)
{
	struct counts counts = { 0 };
	struct utsname system;
	int r = count_containers(cli, &counts, err);
	if (r >= 0)
		r = count_images(cli, &counts, err);
	if (r < 0)
		return r;
	uname(&system);
	printf("Containers: %d\n Running: %d\n Paused: %d\n Stopped: %d\nImages: %d\n", counts.containers,
	       counts.states[STATE_RUNNING], counts.states[STATE_PAUSED],
	       counts.containers - counts.states[STATE_RUNNING] - counts.states[STATE_PAUSED], counts.images);
	printf("Version: %s\nStorage Driver: overlay\nCgroup Layout: %s\nKernel Version: %s\nArchitecture: %s\n",
	       VERSION, cgroup_layout_name(cgroup_layout()), system.release, system.machine);
	printf("Root Directory: %s\nRun Directory: %s\n", cli->root, cli->runroot);
	return 0;
}

static const struct option OPTIONS[] = {
	OPT_REFUSED('f', "format", "templates are not available yet"),
	OPT_END,
};

const struct command command_info = {
	.name = "info",
	.aliases = (const char *const[]){ "system info", NULL },
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE | COMMAND_COMMON,
	.usage = "",
	.summary = "Show where things are and how many there are",
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.run = run,
};
