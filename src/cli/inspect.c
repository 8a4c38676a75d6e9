/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/inspect-security.h"
#include "cli/inspect-template.h"
#include "cli/json-output.h"
#include "cli/print.h"
#include "cli/report.h"
#include "cli/targets.h"
#include "engine/network.h"
#include "engine/pod.h"
#include "engine/secret.h"
#include "engine/volume.h"

enum object_type {
	OBJECT_CONTAINER,
	OBJECT_IMAGE,
	OBJECT_NETWORK,
	OBJECT_POD,
	OBJECT_SECRET,
	OBJECT_VOLUME,
	OBJECT_ANY
};

static const char *const TYPES[] = { "container", "image", "network", "pod", "secret", "volume", NULL };

struct inspect_options {
	bool latest;
	enum object_type type;
	bool size, verbose, removed, security;
	char *format;
};

struct inspection {
	const struct inspect_options *options;
	const struct template *template; /* NULL: JSON */
	struct json_object *found;	 /* an array, for JSON */
};

static int inspect_volume(struct cli *cli, const char *name, struct json_object **ret, struct error *err)
{
	_cleanup_volume_ struct volume *volume = NULL;
	int r = engine_volume_find(cli->engine, name, &volume, err);
	if (r >= 0)
		*ret = volume_describe(volume);
	return r;
}

static int inspect_secret(struct cli *cli, const char *name, struct json_object **ret, struct error *err)
{
	_cleanup_secret_ struct secret *secret = NULL;
	int r = engine_secret_find(cli->engine, name, &secret, err);
	if (r >= 0)
		*ret = secret_describe(secret);
	return r;
}

static int find_any(struct cli *cli, const char *name, struct json_object **ret, struct error *err)
{
	int r = engine_container_inspect(cli->engine, name, ret, err);
	if (r != -ERR_NO_CONTAINER)
		return r;
	err_clear(err);
	r = engine_image_inspect(cli->engine, name, ret, err);
	if (r != -ERR_IMG_NOT_FOUND && r != -ERR_IMG_REF)
		return r;
	err_clear(err);
	r = engine_network_inspect(cli->engine, name, ret, err);
	if (r != -ERR_NET)
		return r;
	err_clear(err);
	r = inspect_volume(cli, name, ret, err);
	if (r != -ERR_NO_VOLUME)
		return r;
	err_clear(err);
	return err_set(err, ERR_NOT_FOUND, "No such object: %s", name);
}

static int inspect_one(struct cli *cli, const struct inspect_options *options, const char *name,
		       struct json_object **ret, struct error *err)
{
	if (options->security)
		return engine_container_protection(cli->engine, name, ret, err);
	if (options->removed)
		return engine_removed_inspect(cli->engine, name, ret, err);
	switch (options->type) {
	case OBJECT_CONTAINER:
		return engine_container_inspect(cli->engine, name, ret, err);
	case OBJECT_IMAGE:
		return engine_image_inspect(cli->engine, name, ret, err);
	case OBJECT_NETWORK:
		return engine_network_inspect(cli->engine, name, ret, err);
	case OBJECT_POD:
		return engine_pod_inspect(cli->engine, name, ret, err);
	case OBJECT_SECRET:
		return inspect_secret(cli, name, ret, err);
	case OBJECT_VOLUME:
		return inspect_volume(cli, name, ret, err);
	case OBJECT_ANY:
		break;
	}
	return find_any(cli, name, ret, err);
}

/* Only containers have sizes of their own; of anything else it is not asked for. */
static int add_sizes(struct cli *cli, struct json_object *object, struct error *err)
{
	_cleanup_record_ struct container_record *record = NULL;
	int64_t own, whole;
	if (!json_object_object_get_ex(object, "HostConfig", NULL))
		return 0;
	const char *id = json_object_get_string(json_object_object_get(object, "Id"));
	int r = engine_container_find(cli->engine, id, &record, err);
	if (r >= 0)
		r = engine_container_size(cli->engine, record, &own, &whole, err);
	if (r < 0)
		return r;
	json_add_i64(object, "SizeRw", own);
	json_add_i64(object, "SizeRootFs", whole);
	return 0;
}

static int print_by_template(const struct template *template, struct json_object *object, struct error *err)
{
	_cleanup_str_ struct str text = { 0 };
	int r = inspect_execute(template, object, &text, err);
	if (r < 0)
		return r;
	str_append_char(&text, '\n');
	print_text(str_text(&text));
	return 0;
}

static int show_one(struct cli *cli, const void *data, const char *name, struct error *err)
{
	const struct inspection *inspection = data;
	_cleanup_json_ struct json_object *object = NULL;
	int r = inspect_one(cli, inspection->options, name, &object, err);
	if (r == -ERR_NO_CONTAINER || r == -ERR_NOT_FOUND)
		engine_removed_explain(cli->engine, name, err);
	if (r >= 0 && inspection->options->size)
		r = add_sizes(cli, object, err);
	if (r < 0)
		return r;
	if (inspection->template)
		return print_by_template(inspection->template, object, err);
	if (inspection->options->security && !inspection->options->format) {
		inspect_print_security(object);
		return 0;
	}
	json_object_array_add(inspection->found, TAKE_PTR(object));
	return 0;
}

static int check(const struct inspect_options *options, struct error *err)
{
	bool of_containers = options->type == OBJECT_ANY || options->type == OBJECT_CONTAINER;
	if (options->removed && (options->latest || options->size || !of_containers))
		return err_set(err, ERR_USAGE, "--removed is about containers that are gone, and have no files");
	if (options->security && (options->removed || options->size || !of_containers))
		return err_set(err, ERR_USAGE, "--security is about what confines containers that are there");
	return 0;
}

static int show_all(struct cli *cli, const struct inspect_options *options, char **args, struct error *err)
{
	bool is_json = options->format && streq(options->format, "json");
	_cleanup_template_ struct template *template = NULL;
	_cleanup_json_ struct json_object *found = json_object_new_array();
	if (!str_is_empty(options->format) && !is_json) {
		int r = template_parse(options->format, &template, err);
		if (r < 0)
			return r;
	}
	const struct inspection inspection = { options, template, found };
	int status = report_each(cli, &inspection, args, show_one);
	if (is_json)
		json_print_line(found);
	else if (!template && !options->security)
		json_print_pretty(found);
	return status;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	int r = check(data, err);
	return r < 0 ? r : show_all(cli, data, args, err);
}

#define FORMAT                                                                                       \
	OPT_STRING(struct inspect_options, format, 'f', "format", "string",                          \
		   "Print with a Go template, such as '{{.State.Pid}}', or as \"json\" on one line", \
		   .choices = (const char *const[]){ "json", NULL })
#define SIZE                                                \
	OPT_BOOL(struct inspect_options, size, 's', "size", \
		 "Say what the files of containers take, too: SizeRw, SizeRootFs")

#define REMOVED                                                 \
	OPT_BOOL(struct inspect_options, removed, 0, "removed", \
		 "Show a container that was removed in the last week: what it was, and how it ended")

#define SECURITY                                                  \
	OPT_BOOL(struct inspect_options, security, 0, "security", \
		 "Show what stands between containers and the host, and whether it is in force")

static const struct option OPTIONS[] = {
	OPT_CHOICE(
		struct inspect_options, type, 0, "type", TYPES,
		"Look for a \"container\", an \"image\", a \"network\", a \"pod\", a \"secret\" or a \"volume\" only"),
	FORMAT,
	OPT_LATEST(struct inspect_options),
	REMOVED,
	SECURITY,
	SIZE,
	OPT_END,
};

static const struct option CONTAINER_OPTIONS[] = { FORMAT, OPT_LATEST(struct inspect_options), REMOVED, SECURITY, SIZE,
						   OPT_END };
static const struct option FORMAT_OPTIONS[] = { FORMAT, OPT_END };
static const struct option IMAGE_OPTIONS[] = {
	FORMAT,
	OPT_REFUSED(0, "platform", "an image here is of one platform"),
	OPT_END,
};
static const struct option SECRET_OPTIONS[] = {
	FORMAT,
	OPT_REFUSED(0, "showsecret", "no command shows what a secret is; a container can read it"),
	OPT_REFUSED(0, "pretty", "--format prints as a template says"),
	OPT_END,
};
static const struct option NETWORK_OPTIONS[] = {
	FORMAT,
	OPT_BOOL(struct inspect_options, verbose, 'v', "verbose", "As without it: there is no swarm to tell of"),
	OPT_END,
};

const struct command command_inspect = {
	.name = "inspect",
	.flags = COMMAND_ENGINE | COMMAND_DOCUMENTS | COMMAND_LATEST | COMMAND_RECONCILE,
	.usage = "[OPTIONS] NAME|ID [NAME|ID...]",
	.summary = "Show all that is known of containers, images, networks and volumes",
	.description =
		"Prints a JSON array with an object for each argument, in Docker's field names, or a line for each as a Go "
		"template says: *{{.State.Pid}}*, *{{json .Mounts}}*, *{{range .Config.Env}}{{println .}}{{end}}*. Functions are "
		"those of Go's text/template, and json, join, split, lower, upper, title, pad, truncate.\n\n"
		"Of containers, *State* has more than Docker's: why they ended in *Death*, and of those that could not be started "
		"*ErrorCode* (*coffer help CODE*) and *ErrorStage* beside *Error*: create, exec, network.\n\n"
		"*GraphDriver.Data* has the directories of its files. Their overlay is in no mount table but the container's own: "
		"_nsenter -t PID -m mount_ shows it, and while it runs, *MergedDir* leads there.\n\n"
		"With *--security*, of a container that runs, the namespaces, capabilities, filters and the rest are told as the "
		"kernel has them for its first process, whatever was asked for; of any other, as its configuration asks for them.",
	.examples =
		(const struct example[]){
			{ "inspect -f '{{.State.Status}} {{.State.ExitCode}}' web", "How it is" },
			{ "inspect -f '{{range .Mounts}}{{.Source}} {{end}}' web", "What is mounted" },
			{ "inspect --security web", "What stands between it and the host" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct inspect_options),
	.defaults = &(const struct inspect_options){ .type = OBJECT_ANY },
	.run = run,
};

const struct command command_container_inspect = {
	.name = "container inspect",
	.flags = COMMAND_ENGINE | COMMAND_DOCUMENTS | COMMAND_LATEST | COMMAND_RECONCILE,
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Show all that is known of containers",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ CONTAINER_OPTIONS, NULL },
	.options_size = sizeof(struct inspect_options),
	.defaults = &(const struct inspect_options){ .type = OBJECT_CONTAINER },
	.run = run,
};

const struct command command_image_inspect = {
	.name = "image inspect",
	.flags = COMMAND_ENGINE | COMMAND_DOCUMENTS,
	.usage = "[OPTIONS] IMAGE [IMAGE...]",
	.summary = "Show all that is known of images",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_IMAGES,
	.options = (const struct option *const[]){ IMAGE_OPTIONS, NULL },
	.options_size = sizeof(struct inspect_options),
	.defaults = &(const struct inspect_options){ .type = OBJECT_IMAGE },
	.run = run,
};

const struct command command_network_inspect = {
	.name = "network inspect",
	.flags = COMMAND_ENGINE | COMMAND_DOCUMENTS | COMMAND_RECONCILE,
	.usage = "[OPTIONS] NETWORK [NETWORK...]",
	.summary = "Show all that is known of networks",
	.examples =
		(const struct example[]){
			{ "network inspect -f '{{range .Containers}}{{.Name}} {{end}}' front", "Who is on it" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_NETWORKS,
	.options = (const struct option *const[]){ NETWORK_OPTIONS, NULL },
	.options_size = sizeof(struct inspect_options),
	.defaults = &(const struct inspect_options){ .type = OBJECT_NETWORK },
	.run = run,
};

const struct command command_pod_inspect = {
	.name = "pod inspect",
	.flags = COMMAND_ENGINE | COMMAND_DOCUMENTS | COMMAND_RECONCILE,
	.usage = "[OPTIONS] POD [POD...]",
	.summary = "Show all that is known of pods",
	.description = "In Podman's field names.",
	.examples =
		(const struct example[]){
			{ "pod inspect -f '{{.State}}' web", "How it is" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_PODS,
	.options = (const struct option *const[]){ FORMAT_OPTIONS, NULL },
	.options_size = sizeof(struct inspect_options),
	.defaults = &(const struct inspect_options){ .type = OBJECT_POD },
	.run = run,
};

const struct command command_secret_inspect = {
	.name = "secret inspect",
	.flags = COMMAND_ENGINE | COMMAND_DOCUMENTS,
	.usage = "[OPTIONS] SECRET [SECRET...]",
	.summary = "Show all that is known of secrets, but what they are",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_SECRETS,
	.options = (const struct option *const[]){ SECRET_OPTIONS, NULL },
	.options_size = sizeof(struct inspect_options),
	.defaults = &(const struct inspect_options){ .type = OBJECT_SECRET },
	.run = run,
};

const struct command command_volume_inspect = {
	.name = "volume inspect",
	.flags = COMMAND_ENGINE | COMMAND_DOCUMENTS | COMMAND_RECONCILE,
	.usage = "[OPTIONS] VOLUME [VOLUME...]",
	.summary = "Show all that is known of volumes",
	.examples =
		(const struct example[]){
			{ "volume inspect -f '{{.Mountpoint}}' data", "Where its files are" },
			{ 0 },
		},
	.min_args = 1,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_VOLUMES,
	.options = (const struct option *const[]){ FORMAT_OPTIONS, NULL },
	.options_size = sizeof(struct inspect_options),
	.defaults = &(const struct inspect_options){ .type = OBJECT_VOLUME },
	.run = run,
};
