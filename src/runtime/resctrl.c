/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/resctrl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"

enum { FILE_SIZE_MAX = 1 << 20 };

void resctrl_place_done(struct resctrl_place *place)
{
	free(place->group);
	free(place->monitor);
	*place = (struct resctrl_place){ 0 };
}

/* --- finding it --- */

/* The mount point in a line of mountinfo (proc(5)) that is about a resctrl, or NULL. Ends the line behind it. */
static char *mount_point(char *line)
{
	enum { FIELDS_BEFORE = 4 };
	if (!strstr(line, " - resctrl "))
		return NULL;
	for (int i = 0; line && i < FIELDS_BEFORE; i++)
		line = strchr(line, ' ') ? strchr(line, ' ') + 1 : NULL;
	if (line)
		line[strcspn(line, " ")] = '\0';
	return line;
}

int resctrl_open(int proc, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	int r = file_read(proc, "self/mountinfo", FILE_SIZE_MAX, &text, NULL, err);
	if (r < 0)
		return r;
	_cleanup_strv_ char **lines = strv_split(text, '\n');
	for (char **line = lines; line && *line; line++) {
		const char *path = mount_point(*line);
		int fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
		if (fd >= 0)
			return fd;
	}
	r = err_set(err, ERR_UNSUPPORTED, "intelRdt is wanted, but no resctrl file system is mounted");
	err_hint(err, "mount -t resctrl resctrl /sys/fs/resctrl, on a processor that has it");
	return r;
}

/* --- what stands in "schemata" --- */

/* "fff" and "0FFF" are the same mask, and "20" the same percentage. */
static bool same_value(const char *a, const char *b)
{
	a += strspn(a, "0");
	b += strspn(b, "0");
	return strcasecmp(a, b) == 0;
}

/* Whether the list of "domain=value" in @line, all of its domains, has @wanted among them. */
static bool has_domain(const char *line, const char *wanted)
{
	const char *value = strchr(wanted, '=');
	_cleanup_strv_ char **domains = strv_split(line, ';');
	for (char **domain = domains; value && domain && *domain; domain++) {
		const char *equals = strchr(*domain, '=');
		if (equals && equals - *domain == value - wanted &&
		    memcmp(*domain, wanted, (size_t)(value - wanted)) == 0)
			return same_value(equals + 1, value + 1);
	}
	return false;
}

/* Whether the @schemata of a group say all that the @wanted line, "L3:0=ff;1=f", does. */
static bool has_line(char *const *schemata, const char *wanted)
{
	const char *colon = strchr(wanted, ':');
	for (; colon && schemata && *schemata; schemata++) {
		const char *line = *schemata + strspn(*schemata, " ");
		if (strncmp(line, wanted, (size_t)(colon - wanted) + 1) != 0)
			continue;
		bool all = true;
		_cleanup_strv_ char **domains = strv_split(colon + 1, ';');
		for (char **domain = domains; domain && *domain; domain++)
			all = all && has_domain(line + (colon - wanted) + 1, *domain);
		return all;
	}
	return false;
}

/* In the order in which they are written. */
static char **wanted_lines(const struct spec_intel_rdt *rdt)
{
	char **lines = NULL;
	if (rdt->l3_schema)
		strv_append(&lines, rdt->l3_schema);
	if (rdt->bandwidth_schema)
		strv_append(&lines, rdt->bandwidth_schema);
	for (char **line = rdt->schemata; line && *line; line++)
		strv_append(&lines, *line);
	return lines;
}

/* The kernel explains itself in a file. */
static int write_failed(int root, int error, const char *what, const char *group, struct error *err)
{
	char why[256];
	int r = err_sys(err, error, "%s of resctrl group '%s'", what, group);
	if (file_read_line(root, "info/last_cmd_status", why, sizeof why) > 0 && !streq(why, "ok"))
		err_cause(err, "resctrl says: %s", why);
	return r;
}

static int write_file(int root, const char *group, const char *name, const char *text)
{
	_cleanup_free_ char *path = path_join(group, name);
	return file_write_line(root, path, text);
}

static int write_lines(int root, const char *group, char *const *lines, struct error *err)
{
	for (; lines && *lines; lines++) {
		_cleanup_free_ char *text = mem_printf("%s\n", *lines);
		int r = write_file(root, group, "schemata", text);
		if (r < 0) {
			_cleanup_free_ char *what = mem_printf("write \"%s\" to the schemata", *lines);
			return write_failed(root, -r, what, group, err);
		}
	}
	return 0;
}

static int compare_lines(int root, const char *group, char *const *wanted, struct error *err)
{
	_cleanup_free_ char *path = path_join(group, "schemata"), *text = NULL;
	int r = file_read(root, path, FILE_SIZE_MAX, &text, NULL, err);
	if (r < 0)
		return err_wrap(err, "resctrl group '%s'", group);
	_cleanup_strv_ char **schemata = strv_split(text, '\n');
	for (; *wanted; wanted++)
		if (!has_line(schemata, *wanted))
			return err_set(err, ERR_SPEC, "resctrl group '%s' is there already, and has not \"%s\"", group,
				       *wanted);
	return 0;
}

/* --- groups --- */

static int make_group(int root, const char *path, struct error *err)
{
	if (mkdirat(root, path, 0755) == 0)
		return 0;
	int error = errno;
	if (error == ENOSPC)
		return err_sys(err, error, "make resctrl group '%s': there can be no more groups", path);
	return write_failed(root, error, "make the directory", path, err);
}

static bool is_there(int root, const char *path)
{
	struct stat st;
	return fstatat(root, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* The rules of config-linux.md, "IntelRdt", one by one. */
static int prepare_group(int root, const struct spec_intel_rdt *rdt, struct resctrl_place *place, struct error *err)
{
	_cleanup_strv_ char **lines = wanted_lines(rdt);
	bool there = is_there(root, place->group);
	if (rdt->clos_id && there)
		return lines ? compare_lines(root, place->group, lines, err) : 0;
	if (rdt->clos_id && !lines)
		return err_set(err, ERR_SPEC, "resctrl group '%s' does not exist, and nothing says how it should be",
			       rdt->clos_id);
	if (!there) {
		int r = make_group(root, place->group, err);
		if (r < 0)
			return r;
		place->own_group = !rdt->clos_id;
	}
	int r = write_lines(root, place->group, lines, err);
	if (r < 0 && !there)
		(void)unlinkat(root, place->group, AT_REMOVEDIR);
	return r;
}

int resctrl_prepare(int root, const struct spec_intel_rdt *rdt, const char *id, struct resctrl_place *ret,
		    struct error *err)
{
	struct resctrl_place place = { 0 };
	place.group = mem_strdup(!rdt->clos_id ? id : streq(rdt->clos_id, "/") ? "." : rdt->clos_id);
	int r = prepare_group(root, rdt, &place, err);
	if (r == 0 && rdt->monitoring) {
		char *monitor = mem_printf("%s/mon_groups/%s", place.group, id);
		r = make_group(root, monitor, err);
		if (r < 0)
			free(monitor);
		else
			place.monitor = monitor;
		if (r < 0 && place.own_group)
			(void)unlinkat(root, place.group, AT_REMOVEDIR);
	}
	if (r < 0)
		resctrl_place_done(&place);
	else
		*ret = place;
	return r;
}

int resctrl_join(int root, const struct resctrl_place *place, pid_t pid, struct error *err)
{
	char text[16];
	snprintf(text, sizeof text, "%d", pid);
	int r = write_file(root, place->group, "tasks", text);
	if (r < 0)
		return write_failed(root, -r, "add the process to the tasks", place->group, err);
	r = place->monitor ? write_file(root, place->monitor, "tasks", text) : 0;
	return r < 0 ? write_failed(root, -r, "add the process to the tasks", place->monitor, err) : 0;
}

static int remove_group(int root, const char *path, struct error *err)
{
	if (unlinkat(root, path, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	return err_sys(err, errno, "remove resctrl group '%s'", path);
}

int resctrl_remove(int root, const struct resctrl_place *place, struct error *err)
{
	int r = place->monitor ? remove_group(root, place->monitor, err) : 0;
	int s = place->own_group ? remove_group(root, place->group, r < 0 ? NULL : err) : 0;
	return r < 0 ? r : s;
}
