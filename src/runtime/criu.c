/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/criu.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/program.h"

int criu_find(const struct spec *spec, char **ret_path, struct error *err)
{
	if (spec->process && spec->process->terminal)
		return err_set(err, ERR_UNSUPPORTED, "containers with a terminal cannot be checkpointed or restored");
	if (program_find("criu", environ, ret_path, NULL) == 0)
		return 0;
	(void)err_set(err, ERR_UNSUPPORTED, "criu, which does the work, is not installed");
	return err_cause(err, "there is no program criu in $PATH");
}

static void put(char ***argv, const char *flag, const char *value)
{
	strv_append(argv, flag);
	if (value)
		strv_append(argv, value);
}

static void put_flags(char ***argv, const struct criu_options *criu)
{
	const struct {
		bool set;
		const char *flag;
	} flags[] = {
		{ criu->tcp_established, "--tcp-established" },
		{ criu->tcp_skip_in_flight, "--skip-in-flight" },
		{ criu->link_remap, "--link-remap" },
		{ criu->ext_unix_sk, "--ext-unix-sk" },
		{ criu->shell_job, "--shell-job" },
		{ criu->lazy_pages, "--lazy-pages" },
		{ criu->file_locks, "--file-locks" },
		{ criu->auto_dedup, "--auto-dedup" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].set)
			put(argv, flags[i].flag, NULL);
}

void criu_put_common(char ***argv, const struct criu_options *criu, const struct container *container, const char *log)
{
	put(argv, "--images-dir", criu->images);
	if (criu->work)
		put(argv, "--work-dir", criu->work);
	put(argv, "--log-file", log);
	put(argv, "-v4", NULL);
	strv_take(argv, mem_printf("--manage-cgroups=%s", criu->cgroups_mode ? criu->cgroups_mode : "soft"));
	put_flags(argv, criu);
	for (char *const *name = criu->empty_ns; name && *name; name++)
		put(argv, "--empty-ns", streq(*name, "network") ? "net" : *name);
	/* A file of settings for this container, or for all; the one that an annotation empties is none. */
	for (char **pair = container->annotations; pair && pair[0] && pair[1]; pair += 2)
		if (streq(pair[0], "org.criu.config") && *pair[1])
			put(argv, "--config", pair[1]);
}

/* The last of its log's lines that tell of an error: the first of them are often its consequences. free() it. */
static char *last_error(const struct criu_options *criu, const char *log)
{
	enum { LOG_MAX = 64 << 20 };
	_cleanup_free_ char *path = path_join(criu->work ? criu->work : criu->images, log), *text = NULL;
	char *found = NULL;
	if (file_read(AT_FDCWD, path, LOG_MAX, &text, NULL, NULL) < 0)
		return NULL;
	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");
		_cleanup_free_ char *copy = mem_strndup(line, len);
		const char *message = strstr(copy, "Error (");
		if (message) {
			free(found);
			found = mem_strdup(message);
		}
		line += len + (line[len] == '\n');
	}
	return found;
}

int criu_failed(const struct criu_options *criu, const char *log, int wait_status, struct error *err)
{
	_cleanup_free_ char *why = last_error(criu, log);
	(void)err_set(err, ERR_SYSTEM, "criu failed with status %d", process_exit_code(wait_status));
	if (why)
		err_cause(err, "%s", why);
	return err_hint(err, "less %s/%s", criu->work ? criu->work : criu->images, log);
}
