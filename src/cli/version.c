/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/document.h"
#include "image/platform.h"

struct version_options {
	char *format;
};

/* Docker's document has two sides. Here they are one program, and both say so. */
static void add_common(struct json_object *side, const struct platform *host)
{
	json_add_string(side, "Version", VERSION);
	json_add_string(side, "ApiVersion", "");
	json_add_string(side, "GitCommit", "");
	json_add_string(side, "GoVersion", "");
	json_add_string(side, "Os", host->os);
	json_add_string(side, "Arch", host->architecture);
	json_add_string(side, "BuildTime", "");
}

static struct json_object *version_document(const struct platform *host, const char *kernel)
{
	struct json_object *document = json_object_new_object();
	struct json_object *client = json_add_object(document, "Client"), *server = json_add_object(document, "Server");
	add_common(client, host);
	json_add_string(client, "Context", "default");
	json_add_string(json_add_object(server, "Platform"), "Name", "coffer");
	struct json_object *engine = json_object_new_object();
	json_add_string(engine, "Name", "Engine");
	json_add_string(engine, "Version", VERSION);
	json_add_object(engine, "Details");
	json_object_array_add(json_add_array(server, "Components"), engine);
	add_common(server, host);
	json_add_string(server, "KernelVersion", kernel);
	return document;
}

static void print_version(const char *platform, const char *kernel)
{
	printf("Client:\n Version:           %s\n OS/Arch:           %s\n\n", VERSION, platform);
	printf("Server: coffer\n Engine:\n  Version:          %s\n  OS/Arch:          %s\n", VERSION, platform);
	printf("  Kernel Version:   %s\n", kernel);
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct version_options *options = data;
	const struct platform host = platform_host();
	struct utsname system;
	char platform[64];
	uname(&system);
	_cleanup_json_ struct json_object *document = version_document(&host, system.release);
	int r = document_print(document, "version", options->format, err);
	if (r == 0)
		print_version(platform_format(&host, platform), system.release);
	return r < 0 ? r : 0;
}

static const struct option OPTIONS[] = {
	OPT_DOCUMENT_FORMAT(struct version_options, format),
	OPT_END,
};

const struct command command_version = {
	.name = "version",
	.flags = COMMAND_COMMON | COMMAND_DOCUMENTS,
	.usage = "[OPTIONS]",
	.summary = "Show the version of coffer and what it runs on",
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct version_options),
	.run = run,
};
