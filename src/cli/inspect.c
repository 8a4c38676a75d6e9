/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/json-output.h"
#include "cli/report.h"

enum object_type { TYPE_CONTAINER, TYPE_IMAGE, TYPE_ANY };

static const char *const TYPES[] = { "container", "image", NULL };

struct inspect_options {
	enum object_type type;
};

struct inspection {
	enum object_type type;
	struct json_object *found; /* an array */
};

static int find_any(struct cli *cli, const char *name, struct json_object **ret, struct error *err)
{
	int r = engine_container_inspect(cli->engine, name, ret, err);
	if (r != -ERR_NO_CONTAINER)
		return r;
	err_clear(err);
	r = engine_image_inspect(cli->engine, name, ret, err);
	if (r != -ERR_IMG_NOT_FOUND)
		return r;
	err_clear(err);
	return err_set(err, ERR_NOT_FOUND, "No such object: %s", name);
}

static int inspect_one(struct cli *cli, enum object_type type, const char *name, struct json_object **ret,
		       struct error *err)
{
	switch (type) {
	case TYPE_CONTAINER:
		return engine_container_inspect(cli->engine, name, ret, err);
	case TYPE_IMAGE:
		return engine_image_inspect(cli->engine, name, ret, err);
	case TYPE_ANY:
		break;
	}
	return find_any(cli, name, ret, err);
}

static int append_one(struct cli *cli, const void *data, const char *name, struct error *err)
{
	const struct inspection *inspection = data;
	struct json_object *object;
	int r = inspect_one(cli, inspection->type, name, &object, err);
	if (r >= 0)
		json_object_array_add(inspection->found, object);
	return r;
}

static int inspect_all(struct cli *cli, char **args, enum object_type type)
{
	_cleanup_json_ struct json_object *found = json_object_new_array();
	const struct inspection inspection = { type, found };
	int status = report_each(cli, &inspection, args, append_one);
	json_print_pretty(found);
	return status;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct inspect_options *options = data;
	return inspect_all(cli, args, options->type);
}

static int run_container(struct cli *cli, void *options, char **args, struct error *err)
{
	return inspect_all(cli, args, TYPE_CONTAINER);
}

static int run_image(struct cli *cli, void *options, char **args, struct error *err)
{
	return inspect_all(cli, args, TYPE_IMAGE);
}

#define NO_FORMAT OPT_REFUSED('f', "format", "templates are not available yet")
#define NO_SIZE OPT_REFUSED('s', "size", "it is not available yet")

static const struct option OPTIONS[] = {
	OPT_CHOICE(struct inspect_options, type, 0, "type", TYPES, "Look for a \"container\" or an \"image\" only"),
	NO_FORMAT,
	NO_SIZE,
	OPT_END,
};

static const struct option TYPED_OPTIONS[] = { NO_FORMAT, NO_SIZE, OPT_END };

const struct command command_inspect = {
	.name = "inspect",
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS] NAME|ID [NAME|ID...]",
	.summary = "Show all that is known of containers and images",
	.description = "Prints a JSON array with an object for each argument, in Docker's field names.",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct inspect_options),
	.defaults = &(const struct inspect_options){ .type = TYPE_ANY },
	.run = run,
};

const struct command command_container_inspect = {
	.name = "container inspect",
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "CONTAINER [CONTAINER...]",
	.summary = "Show all that is known of containers",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_CONTAINERS,
	.options = (const struct option *const[]){ TYPED_OPTIONS, NULL },
	.run = run_container,
};

const struct command command_image_inspect = {
	.name = "image inspect",
	.flags = COMMAND_ENGINE,
	.usage = "IMAGE [IMAGE...]",
	.summary = "Show all that is known of images",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.completes = COMPLETE_IMAGES,
	.options = (const struct option *const[]){ TYPED_OPTIONS, NULL },
	.run = run_image,
};
