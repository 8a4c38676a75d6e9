/* SPDX-License-Identifier: Apache-2.0 */
/* `mounts add|remove`: change what is mounted in a container that runs, by a file of mounts as in config.json. */
#include <fcntl.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "programs/runtime/runtime.h"
#include "runtime/container.h"

static int load(const char *path, struct spec **ret, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	int r = json_load(AT_FDCWD, path, SPEC_SIZE_MAX, ERR_SPEC, &document, err);
	if (r < 0)
		return r;
	struct json_node root = json_root(&document);
	return spec_mounts_from_json(&root, ret, err);
}

static int change(const struct runtime_globals *globals, char *const *args, struct error *err)
{
	static const struct {
		const char *word;
		int (*act)(struct container *container, const struct spec *mounts, struct error *err);
	} changes[] = { { "add", container_add_mounts }, { "remove", container_remove_mounts } };
	_cleanup_container_ struct container *container = NULL;
	_cleanup_spec_ struct spec *mounts = NULL;
	size_t i = 0;
	while (i < ARRAY_SIZE(changes) && !streq(args[0], changes[i].word))
		i++;
	if (i == ARRAY_SIZE(changes))
		return err_set(err, ERR_USAGE, "\"mounts %s\" is neither \"mounts add\" nor \"mounts remove\"", args[0]);
	int r = container_load(globals->root, args[1], &container, err);
	if (r < 0 || (r = load(args[2], &mounts, err)) < 0)
		return r;
	r = changes[i].act(container, mounts, err);
	return r < 0 ? err_wrap(err, "%s mounts of container '%s'", args[0], args[1]) : 0;
}

static int run(const struct runtime_globals *globals, const struct runtime_verb *verb, char **argv, struct error *err)
{
	_cleanup_free_ char **args = NULL;
	int r = verb_parse(verb, argv, NULL, 3, 3, &args, err);
	return r != 0 ? MIN(r, 0) : change(globals, args, err);
}

const struct runtime_verb verb_mounts = {
	.name = "mounts",
	.arguments = "add|remove ID FILE",
	.summary = "Add mounts to a container that runs, or take them away",
	.flags = VERB_ENTERS,
	.run = run,
};
