/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A generator of systemd: reads Quadlet files and writes a service for each, at boot and at `systemctl daemon-reload`.
 *
 * Source: systemd.generator(7).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/util.h"
#include "programs/quadlet/translate.h"

enum { FILE_MAX = 1 << 20 };

#define NAME "coffer-quadlet"

/* A generator's words go to the kernel's log, as others have to be able to read them before anything else runs. */
/* Returns the number of failures that this is. */
static int complain(const struct error *err)
{
	char text[4096];
	err_format(err, NAME, EXIT_FAILURE, text, sizeof text);
	fputs(text, stderr);
	return 1;
}

/* --- reading --- */

static bool is_known(const struct quadlet *quadlet, const char *name)
{
	for (size_t i = 0; i < quadlet->n_files; i++)
		if (streq(quadlet->files[i].name, name))
			return true;
	return false;
}

static int read_file(struct quadlet *quadlet, const char *folder, const char *name, struct error *err)
{
	_cleanup_free_ char *path = path_join(folder, name), *text = NULL;
	_cleanup_unit_file_ struct unit_file unit = { 0 };
	int r = file_read(AT_FDCWD, path, FILE_MAX, &text, NULL, err);
	if (r >= 0)
		r = unit_file_parse(&unit, path, text, err);
	if (r < 0)
		return r;
	*ARRAY_APPEND(quadlet->files, quadlet->n_files) = (struct quadlet_file){
		.folder = mem_strdup(folder),
		.name = mem_strdup(name),
		.kind = quadlet_kind_of(name),
		.unit = unit,
	};
	unit = (struct unit_file){ 0 };
	return 0;
}

/* A name that an earlier folder has is that one's. Returns how many could not be read. */
static int read_folder(struct quadlet *quadlet, const char *folder)
{
	_cleanup_closedir_ DIR *dir = opendir(folder);
	int failures = 0;
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		struct error err = { 0 };
		if (!quadlet_kind_of(entry->d_name) || is_known(quadlet, entry->d_name) ||
		    read_file(quadlet, folder, entry->d_name, &err) >= 0)
			continue;
		failures += complain(&err);
	}
	return failures;
}

/* The folders that Podman reads are Podman's as long as its own generator is there. */
static bool podman_reads(bool user)
{
	return access(user ? "/usr/lib/systemd/user-generators/podman-user-generator"
			   : "/usr/lib/systemd/system-generators/podman-system-generator",
		      F_OK) == 0;
}

static char **folders(bool user)
{
	char **list = NULL;
	const char *given = getenv("QUADLET_UNIT_DIRS"), *home = getenv("HOME"), *config = getenv("XDG_CONFIG_HOME");
	if (!str_is_empty(given))
		return strv_split(given, ':');
	const char *const makers[] = { "coffer", podman_reads(user) ? NULL : "containers" };
	for (size_t i = 0; i < ARRAY_SIZE(makers) && makers[i]; i++) {
		if (user && !str_is_empty(config))
			strv_take(&list, mem_printf("%s/%s/systemd", config, makers[i]));
		else if (user && !str_is_empty(home))
			strv_take(&list, mem_printf("%s/.config/%s/systemd", home, makers[i]));
		if (user)
			strv_take(&list, mem_printf(SYSCONFDIR "/%s/systemd/users/%u", makers[i], geteuid()));
		if (user)
			strv_take(&list, mem_printf(SYSCONFDIR "/%s/systemd/users", makers[i]));
		else
			strv_take(&list, mem_printf(SYSCONFDIR "/%s/systemd", makers[i]));
		if (!user)
			strv_take(&list, mem_printf("/usr/share/%s/systemd", makers[i]));
	}
	return list;
}

/* --- writing --- */

static int link_into(int out, const char *folder, const char *service, struct error *err)
{
	_cleanup_free_ char *link = path_join(folder, service), *target = mem_printf("../%s", service);
	if (mkdirat(out, folder, 0755) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make directory '%s'", folder);
	if (symlinkat(target, out, link) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make link '%s'", link);
	return 0;
}

/* What `systemctl enable` would do, which cannot be done to a generated unit. */
static int enable(int out, const struct unit_file *unit, const char *service, struct error *err)
{
	static const struct {
		const char *key, *suffix;
	} kinds[] = { { "WantedBy", "wants" }, { "RequiredBy", "requires" } };
	for (size_t i = 0; i < unit->n_lines; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
			if (!streq(unit->lines[i].section, "Install") || !streq(unit->lines[i].key, kinds[k].key))
				continue;
			_cleanup_strv_ char **targets = NULL;
			int r = unit_words_split(unit->lines[i].value, &targets, err);
			for (char **target = targets; r >= 0 && target && *target; target++) {
				_cleanup_free_ char *folder = mem_printf("%s.%s", *target, kinds[k].suffix);
				r = strchr(*target, '/')
					    ? err_set(err, ERR_INVALID, "%s=%s is no unit", kinds[k].key, *target)
					    : link_into(out, folder, service, err);
			}
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int translate(const struct quadlet *quadlet, struct quadlet_file *file, struct error *err)
{
	if (!file->kind->translate)
		return err_set(err, ERR_UNSUPPORTED, "'%s': %s", file->unit.path, file->kind->why_not);
	int r = file->kind->translate(quadlet, file, err);
	file->translated = r >= 0;
	return r;
}

/* @out is -1 for a person who wants to see it. */
static int write_service(struct quadlet_file *file, int out, struct error *err)
{
	_cleanup_str_ struct str text = { 0 };
	_cleanup_free_ char *service = quadlet_service_name(file);
	_cleanup_free_ char *hidden = mem_printf("X-%s", file->kind->section);
	unit_file_rename_section(&file->unit, file->kind->section, hidden);
	unit_file_rename_section(&file->unit, "Quadlet", "X-Quadlet");
	unit_file_write(&file->unit, &text);
	if (out < 0) {
		printf("---%s---\n# Generated by " NAME "\n%s\n", service, str_text(&text));
		return 0;
	}
	int r = file_write_atomic(out, service, text.data, text.len, 0644, 0, err);
	return r < 0 ? r : enable(out, &file->unit, service, err);
}

/*
 * One that cannot be is reported, and the others are made. Returns how many could not be. All are translated before the first
 * is written, for they look into each other.
 */
static int generate_all(const struct quadlet *quadlet, int out)
{
	int failures = 0;
	for (size_t i = 0; i < quadlet->n_files; i++) {
		struct error err = { 0 };
		if (translate(quadlet, &quadlet->files[i], &err) < 0)
			failures += complain(&err);
	}
	for (size_t i = 0; i < quadlet->n_files; i++) {
		struct error err = { 0 };
		if (quadlet->files[i].translated && write_service(&quadlet->files[i], out, &err) < 0)
			failures += complain(&err);
	}
	return failures;
}

static void free_files(struct quadlet *quadlet)
{
	for (size_t i = 0; i < quadlet->n_files; i++) {
		unit_file_done(&quadlet->files[i].unit);
		free(quadlet->files[i].folder);
		free(quadlet->files[i].name);
	}
	free(quadlet->files);
}

struct options {
	bool user, dry_run;
	const char *folder; /* the first of the three that systemd gives */
};

static int usage(void)
{
	fputs("usage: " NAME " [--user] [--dryrun | FOLDER [FOLDER FOLDER]]\n"
	      "systemd starts it; --dryrun prints the services that the Quadlet files become.\n",
	      stderr);
	return 2;
}

static bool parse(char **argv, struct options *options)
{
	options->user = strstr(argv[0], "/user-generators/") != NULL;
	for (char **arg = argv + 1; *arg; arg++) {
		if (streq(*arg, "--user") || streq(*arg, "-user"))
			options->user = true;
		else if (streq(*arg, "--dryrun") || streq(*arg, "-dryrun"))
			options->dry_run = true;
		else if (**arg == '-')
			return false;
		else if (!options->folder)
			options->folder = *arg;
	}
	return options->dry_run || options->folder;
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	if (argc < 1 || !parse(argv, &options))
		return usage();
	struct quadlet quadlet = { .coffer = BINDIR "/coffer", .user = options.user };
	_cleanup_strv_ char **list = folders(options.user);
	_cleanup_close_ int out = options.dry_run ? -1 : open(options.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!options.dry_run && out < 0) {
		fprintf(stderr, NAME ": cannot open '%s': %m\n", options.folder);
		return 1;
	}
	int failures = 0;
	for (char **folder = list; folder && *folder; folder++)
		failures += read_folder(&quadlet, *folder);
	failures += generate_all(&quadlet, out);
	free_files(&quadlet);
	return failures > 0;
}
