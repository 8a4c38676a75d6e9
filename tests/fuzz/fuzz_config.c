/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json, from its bytes to a spec. What comes out must be what everybody behind it relies on; what is refused says
 * so with a place in the file.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "runtime/mount-idmap.h"
#include "runtime/mount-options.h"
#include "runtime/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_scheduler(const struct spec_scheduler *scheduler)
{
	require(scheduler->nice >= -20 && scheduler->nice <= 19 && scheduler->priority <= 99);
	require(scheduler->runtime_ns <= scheduler->deadline_ns);
}

static void check_process(const struct spec_process *process)
{
	require(process->cwd && process->cwd[0] == '/');
	require(process->args && process->args[0]);
	require(process->user.uid != (uid_t)-1 && process->user.gid != (gid_t)-1);
	for (char **variable = process->env; variable && *variable; variable++)
		require(strchr(*variable, '='));
	for (size_t i = 0; i < process->n_rlimits; i++)
		require(process->rlimits[i].soft <= process->rlimits[i].hard);
	if (process->scheduler)
		check_scheduler(process->scheduler);
	require(!process->io_priority || (process->io_priority->level >= 0 && process->io_priority->level <= 7));
}

/* What becomes a path, or a part of a request to the kernel. */
static void check_linux(const struct spec *spec)
{
	for (size_t i = 0; i < spec->n_net_devices; i++)
		require(strlen(spec->net_devices[i].name) < 16 && !strchr(spec->net_devices[i].name, '/'));
	const char *group = spec->intel_rdt ? spec->intel_rdt->clos_id : NULL;
	require(!group || !strchr(group, '/') || streq(group, "/"));
	require(!group || !streq(group, ".."));
	if (spec->seccomp)
		require(spec->seccomp->default_action && (!spec->seccomp->bpf || spec->seccomp->bpf_size > 0));
}

static void check_mount_options(const struct spec *spec, char *const *words)
{
	struct mount_options options;
	struct mount_idmap map;
	if (mount_options_parse(words, &options, NULL) < 0)
		return;
	if (options.id_mapping && mount_idmap_parse(options.id_mapping, spec, &map, NULL) == 0) {
		require(map.n_uids + map.n_gids > 0);
		mount_idmap_done(&map);
	}
	mount_options_done(&options);
}

static void check_spec(const struct spec *spec)
{
	require(spec->namespaces[NAMESPACE_MOUNT].listed);
	require(!str_is_empty(spec->root.path));
	require(strv_count(spec->annotations) % 2 == 0 && strv_count(spec->sysctl) % 2 == 0);
	if (spec->process)
		check_process(spec->process);
	check_linux(spec);
	for (size_t i = 0; i < spec->n_mounts; i++) {
		require(!str_is_empty(spec->mounts[i].destination));
		check_mount_options(spec, spec->mounts[i].options);
	}
	for (size_t i = 0; i < spec->n_devices; i++)
		require(spec->devices[i].path[0] == '/' && strchr("cbup", spec->devices[i].type));
	for (char **pair = spec->sysctl; pair && *pair; pair += 2)
		require(!strstr(pair[0], "..") && !strpbrk(pair[0], "=+\n") && !strchr(pair[1], '\n'));
}

static void check_error(const struct error *err)
{
	require(err->code == ERR_SPEC && str_starts_with(err->message, "config.json"));
	for (const char *c = err->message; *c; c++)
		require((unsigned char)*c >= 0x20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_document document;
	struct spec *spec;
	struct error err = { 0 };
	log_set_level(LOG_LEVEL_ERROR);
	if (json_parse((const char *)data, size, "config.json", ERR_SPEC, &document, &err) < 0) {
		check_error(&err);
		return 0;
	}
	if (spec_from_json(&document, &spec, &err) < 0) {
		check_error(&err);
	} else {
		check_spec(spec);
		spec_free(spec);
	}
	json_document_done(&document);
	return 0;
}
