/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/environment-options.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "cli/container-options.h"
#include "cli/env-file.h"

#define LOCAL_TIME "/etc/localtime"
#define TIME_ZONES "/usr/share/zoneinfo"

typedef struct container_options self; /* which the rows fill */

const struct option ENVIRONMENT_OPTIONS[] = {
	OPT_LIST(self, environment.env, 'e', "env", "Set environment variables"),
	OPT_LIST(self, environment.env_files, 0, "env-file", "Read environment variables from a file",
		 .completes = COMPLETE_FILES),
	OPT_BOOL(self, environment.host, 0, "env-host", "Set all variables of coffer's own environment"),
	OPT_BOOL(self, environment.proxy, 0, "http-proxy", "Set the variables of coffer's that name proxies"),
	OPT_STRING(self, environment.time_zone, 0, "tz", "zone", "Time zone: \"Europe/Berlin\", or \"local\" for the host's"),
	OPT_LIST(self, spec.unset_env, 0, "unsetenv", "Variables of the image to leave out"),
	OPT_BOOL(self, spec.unset_env_all, 0, "unsetenv-all", "Leave all variables of the image out"),
	OPT_END,
};

static const char *const PROXY_VARIABLES[] = { "http_proxy", "https_proxy", "ftp_proxy", "no_proxy",
					       "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY" };

/* Who has asked for what was appended last. */
static void add_sources(struct container_spec *spec, const char *source)
{
	for (size_t known = strv_count(spec->env_sources), all = strv_count(spec->env); known < all; known++)
		strv_append(&spec->env_sources, source);
}

static int add_file(const char *path, struct container_spec *spec, struct error *err)
{
	_cleanup_free_ char *source = mem_printf("--env-file %s", path);
	int r = env_file_read(path, &spec->env, err);
	if (r < 0)
		return err_wrap(err, "--env-file");
	add_sources(spec, source);
	return 0;
}

/* The more somebody has thought of a variable, the more it counts: ours, those of files, those given by themselves. */
static int finish_env(const struct environment_options *options, struct container_spec *spec, struct error *err)
{
	for (char **variable = environ; options->host && *variable; variable++)
		strv_append(&spec->env, *variable);
	add_sources(spec, "--env-host");
	for (size_t i = 0; options->proxy && i < ARRAY_SIZE(PROXY_VARIABLES); i++)
		if (getenv(PROXY_VARIABLES[i]))
			strv_append(&spec->env, PROXY_VARIABLES[i]);
	add_sources(spec, "--http-proxy");
	for (char **name = spec->unset_env; name && *name; name++)
		if (!**name || strchr(*name, '='))
			return err_set(err, ERR_USAGE, "--unsetenv: invalid name of a variable: \"%s\"", *name);
	for (char **path = options->env_files; path && *path; path++) {
		int r = add_file(*path, spec, err);
		if (r < 0)
			return r;
	}
	for (char **variable = options->env; variable && *variable; variable++) {
		int r = env_check(*variable, err);
		if (r < 0)
			return r;
		strv_append(&spec->env, *variable);
	}
	add_sources(spec, "--env");
	return 0;
}

/* The file of a zone's rules: a name that leads out of their directory is none. */
static char *find_zone(const char *zone)
{
	char resolved[PATH_MAX];
	struct stat st;
	bool local = streq(zone, "local");
	_cleanup_free_ char *path = local ? mem_strdup(LOCAL_TIME) : mem_printf(TIME_ZONES "/%s", zone);
	if (!*zone || !realpath(path, resolved) || stat(resolved, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (!local && !str_starts_with(resolved, TIME_ZONES "/")))
		return NULL;
	return mem_strdup(resolved);
}

static int finish_time_zone(const char *zone, struct container_spec *spec, struct error *err)
{
	if (!zone)
		return 0;
	char *file = find_zone(zone);
	if (!file) {
		err_set(err, ERR_INVALID, "--tz: unknown time zone \"%s\"", zone);
		return err_cause(err, "there is no such file of rules below " TIME_ZONES " of this machine");
	}
	*ARRAY_APPEND(spec->mounts, spec->n_mounts) = (struct mount_request){
		.kind = MOUNT_BIND,
		.source = file,
		.target = mem_strdup(LOCAL_TIME),
		.readonly = true,
	};
	return 0;
}

int environment_options_finish(const struct environment_options *options, struct container_spec *spec,
			       struct error *err)
{
	int r = finish_env(options, spec, err);
	return r < 0 ? r : finish_time_zone(options->time_zone, spec, err);
}
