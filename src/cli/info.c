/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/str.h"
#include "base/util.h"
#include "cli/command.h"
#include "cli/document.h"
#include "cli/format.h"
#include "cli/info-cgroups.h"
#include "cli/print.h"

struct info_options {
	char *format;
	bool cgroups, rootless;
};

/* What stands in front of a member of the document, line by line. */
struct line {
	const char *label, *key;
};

static const struct line COUNTS[] = {
	{ " Containers: ", "Containers" },
	{ "  Running: ", "ContainersRunning" },
	{ "  Paused: ", "ContainersPaused" },
	{ "  Stopped: ", "ContainersStopped" },
	{ " Images: ", "Images" },
	{ " Server Version: ", "ServerVersion" },
	{ " Storage Driver: ", "Driver" },
};

static const struct line DRIVERS[] = {
	{ " Logging Driver: ", "LoggingDriver" },
	{ " Cgroup Driver: ", "CgroupDriver" },
	{ " Cgroup Version: ", "CgroupVersion" },
	{ " Cgroup Layout: ", "CgroupLayout" },
};

static const struct line MACHINE[] = {
	{ " Default Runtime: ", "DefaultRuntime" },
	{ " Init Binary: ", "InitBinary" },
	{ " Kernel Version: ", "KernelVersion" },
	{ " Operating System: ", "OperatingSystem" },
	{ " OSType: ", "OSType" },
	{ " Architecture: ", "Architecture" },
	{ " CPUs: ", "NCPU" },
};

static const struct line PLACES[] = {
	{ " Name: ", "Name" },
	{ " Docker Root Dir: ", "DockerRootDir" },
	{ " Run Directory: ", "RunDir" },
};

static const char *text_of(struct json_object *info, const char *key)
{
	return json_object_get_string(json_object_object_get(info, key));
}

static void append_lines(struct str *out, struct json_object *info, const struct line *lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		str_appendf(out, "%s%s\n", lines[i].label, text_of(info, lines[i].key));
}

static void append_pairs(struct str *out, struct json_object *pairs)
{
	for (size_t i = 0; i < json_object_array_length(pairs); i++) {
		struct json_object *pair = json_object_array_get_idx(pairs, i);
		str_appendf(out, "  %s: %s\n", json_object_get_string(json_object_array_get_idx(pair, 0)),
			    json_object_get_string(json_object_array_get_idx(pair, 1)));
	}
}

static void append_words(struct str *out, const char *label, struct json_object *words)
{
	str_append(out, label);
	for (size_t i = 0; i < json_object_array_length(words); i++)
		str_appendf(out, " %s", json_object_get_string(json_object_array_get_idx(words, i)));
	str_append_char(out, '\n');
}

static void append_controllers(struct str *out, struct json_object *controllers)
{
	str_append(out, " Cgroup Controllers:\n");
	json_object_object_foreach(controllers, version, names)
	{
		if (json_object_array_length(names) == 0)
			continue;
		str_appendf(out, "  %s:", version);
		append_words(out, "", names);
	}
}

/* "name=seccomp,profile=builtin" is two lines. */
static void append_security(struct str *out, struct json_object *options)
{
	str_append(out, " Security Options:\n");
	for (size_t i = 0; i < json_object_array_length(options); i++) {
		const char *option = json_object_get_string(json_object_array_get_idx(options, i));
		const char *behind = str_after(option, "name="), *name = behind ? behind : option;
		const char *profile = strstr(name, ",profile=");
		size_t len = profile ? (size_t)(profile - name) : strlen(name);
		str_appendf(out, "  %.*s\n", (int)len, name);
		if (profile)
			str_appendf(out, "   Profile: %s\n", profile + strlen(",profile="));
	}
}

static void append_mappings(struct str *out, const char *kind, struct json_object *list)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *mapping = json_object_array_get_idx(list, i);
		int64_t inside = json_object_get_int64(json_object_object_get(mapping, "container_id"));
		int64_t outside = json_object_get_int64(json_object_object_get(mapping, "host_id"));
		int64_t size = json_object_get_int64(json_object_object_get(mapping, "size"));
		if (size == 1)
			str_appendf(out, "  %s %" PRId64 " is %" PRId64 " here\n", kind, inside, outside);
		else
			str_appendf(out, "  %ss %" PRId64 "-%" PRId64 " are %" PRId64 "-%" PRId64 " here\n", kind,
				    inside, inside + size - 1, outside, outside + size - 1);
	}
}

/* Of a coffer without root. */
static void append_ids(struct str *out, struct json_object *mappings)
{
	if (!mappings)
		return;
	str_append(out, " ID Mappings:\n");
	append_mappings(out, "user", json_object_object_get(mappings, "uidmap"));
	append_mappings(out, "group", json_object_object_get(mappings, "gidmap"));
}

static void append_rootless(struct str *out, struct json_object *rootless)
{
	if (!rootless)
		return;
	str_append(out, " Rootless:\n");
	json_object_object_foreach(rootless, name, state)
		str_appendf(out, "  %s: %s\n", name, json_object_get_string(state));
}

/* What coffer has changed for containers' sake, and leaves so; NULL if that is nothing. */
static void append_settings(struct str *out, struct json_object *settings)
{
	size_t count = settings ? json_object_array_length(settings) : 0;
	if (count > 0)
		str_append(out, " Host Settings:\n");
	for (size_t i = 0; i < count; i++)
		str_appendf(out, "  %s\n", json_object_get_string(json_object_array_get_idx(settings, i)));
}

static void append_memory(struct str *out, struct json_object *info)
{
	char size[SIZE_TEXT_MAX];
	int64_t bytes = json_object_get_int64(json_object_object_get(info, "MemTotal"));
	str_appendf(out, " Total Memory: %s\n", format_binary_size((uint64_t)bytes, size));
}

static void print_info(struct json_object *info)
{
	_cleanup_str_ struct str out = { 0 };
	struct json_object *plugins = json_object_object_get(info, "Plugins");
	struct json_object *warnings = json_object_object_get(info, "Warnings");
	str_append(&out, "Client:\n Version: " VERSION "\n\nServer:\n");
	append_lines(&out, info, COUNTS, ARRAY_SIZE(COUNTS));
	append_pairs(&out, json_object_object_get(info, "DriverStatus"));
	append_lines(&out, info, DRIVERS, ARRAY_SIZE(DRIVERS));
	append_controllers(&out, json_object_object_get(info, "CgroupControllers"));
	str_append(&out, " Plugins:\n");
	append_words(&out, "  Network:", json_object_object_get(plugins, "Network"));
	append_words(&out, "  Log:", json_object_object_get(plugins, "Log"));
	append_security(&out, json_object_object_get(info, "SecurityOptions"));
	append_ids(&out, json_object_object_get(info, "IDMappings"));
	append_rootless(&out, json_object_object_get(info, "Rootless"));
	append_settings(&out, json_object_object_get(info, "HostSettings"));
	append_lines(&out, info, MACHINE, ARRAY_SIZE(MACHINE));
	append_memory(&out, info);
	append_lines(&out, info, PLACES, ARRAY_SIZE(PLACES));
	for (size_t i = 0; i < json_object_array_length(warnings); i++)
		str_appendf(&out, "%s%s\n", i == 0 ? "\n" : "",
			    json_object_get_string(json_object_array_get_idx(warnings, i)));
	print_text(str_text(&out));
}

/* What an ordinary user can do with containers here, and what would let him do the rest. */
static int print_rootless(struct json_object *info, struct error *err)
{
	_cleanup_str_ struct str out = { 0 };
	struct json_object *rootless = json_object_object_get(info, "Rootless");
	struct json_object *warnings = json_object_object_get(info, "Warnings");
	if (!rootless)
		return err_set(err, ERR_UNSUPPORTED, "info --rootless is for users who are not root");
	str_appendf(&out, "Storage: %s\n", json_object_get_string(json_object_object_get(info, "Driver")));
	json_object_object_foreach(rootless, name, state)
		str_appendf(&out, "%s: %s\n", name, json_object_get_string(state));
	for (size_t i = 0; i < json_object_array_length(warnings); i++)
		str_appendf(&out, "%s%s\n", i == 0 ? "\n" : "",
			    json_object_get_string(json_object_array_get_idx(warnings, i)));
	print_text(str_text(&out));
	return 0;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct info_options *options = data;
	_cleanup_json_ struct json_object *info = options->cgroups ? engine_cgroup_info(cli->engine) : NULL;
	int r = info ? 0 : engine_info(cli->engine, &info, err);
	if (r >= 0 && options->rootless)
		return print_rootless(info, err);
	if (r >= 0)
		r = document_print(info, "info", options->format, err);
	if (r == 0)
		(options->cgroups ? info_cgroups_print : print_info)(info);
	return r < 0 ? r : 0;
}

static const struct option OPTIONS[] = {
	OPT_BOOL(struct info_options, cgroups, 0, "cgroups",
		 "Show which controllers of cgroups there are, and what the version of each means"),
	OPT_DOCUMENT_FORMAT(struct info_options, format),
	OPT_BOOL(struct info_options, rootless, 0, "rootless",
		 "What you can do without root on this machine, and what would let you do the rest; nothing else"),
	OPT_END,
};

const struct command command_info = {
	.name = "info",
	.aliases = (const char *const[]){ "system info", NULL },
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE | COMMAND_COMMON | COMMAND_DOCUMENTS,
	.usage = "[OPTIONS]",
	.summary = "Show where things are and how many there are",
	.description =
		"Also what this machine lacks: each warning is something that cannot be asked for, and without root, what "
		"can be done about it; or another program's packet filter that would hold containers up.",
	.examples =
		(const struct example[]){
			{ "info --format '{{.Driver}} {{.CgroupVersion}}'", "Two of its fields; json shows them all" },
			{ 0 },
		},
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct info_options),
	.run = run,
};
