/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sharing.h"

#include "base/str.h"
#include "base/util.h"
#include "engine/userns-mode.h"

/* What a mode can be, beside "private" and "host". */
enum { JOINS_CONTAINERS = 1 << 0, JOINS_PATHS = 1 << 1, HAS_IPC_WORDS = 1 << 2 };

static const struct mode {
	enum namespace_type type;
	int words;
	const char *flag, *name;
	size_t offset; /* in struct container_spec: NULL, "private", "host", ... */
} MODES[] = {
	{ NAMESPACE_PID, JOINS_CONTAINERS | JOINS_PATHS, "pid", "PID", offsetof(struct container_spec, pid_mode) },
	{ NAMESPACE_IPC, JOINS_CONTAINERS | JOINS_PATHS | HAS_IPC_WORDS, "ipc", "IPC",
	  offsetof(struct container_spec, ipc_mode) },
	{ NAMESPACE_UTS, JOINS_CONTAINERS | JOINS_PATHS, "uts", "UTS", offsetof(struct container_spec, uts_mode) },
	{ NAMESPACE_CGROUP, JOINS_CONTAINERS | JOINS_PATHS, "cgroupns", "CGROUP",
	  offsetof(struct container_spec, cgroupns_mode) },
	{ NAMESPACE_USER, JOINS_CONTAINERS | JOINS_PATHS, "userns", "USER",
	  offsetof(struct container_spec, userns_mode) },
};

static const struct mode *mode_of(enum namespace_type type)
{
	for (size_t i = 0; i < ARRAY_SIZE(MODES); i++)
		if (MODES[i].type == type)
			return &MODES[i];
	return NULL;
}

static const char *word_of(const struct container_spec *spec, const struct mode *mode)
{
	const char *word = *(char *const *)((const char *)spec + mode->offset);
	return word ? word : "";
}

static int invalid_mode(const struct mode *mode, const char *word, struct error *err)
{
	return err_set(err, ERR_INVALID, "--%s: invalid %s mode: \"%s\"", mode->flag, mode->name, word);
}

/* Of the host, or of its own: what may be joined by others and what may not is the same kind of namespace. */
static bool is_plain(const struct mode *mode, const char *word)
{
	return streq(word, "") || streq(word, "host") || streq(word, "private") ||
	       ((mode->words & HAS_IPC_WORDS) && (streq(word, "shareable") || streq(word, "none")));
}

static int check_mode(const struct mode *mode, const char *word, struct error *err)
{
	const char *container = str_after(word, "container:"), *path = str_after(word, "ns:");
	if (is_plain(mode, word))
		return 0;
	if (path && *path != '/')
		return err_set(err, ERR_INVALID, "--%s %s: the path of a namespace is absolute", mode->flag, word);
	return (container && *container) || path ? 0 : invalid_mode(mode, word, err);
}

int sharing_check(const struct container_spec *spec, struct error *err)
{
	_cleanup_userns_mode_ struct userns_mode userns = { 0 };
	if (userns_mode_parse(spec, &userns, err) < 0)
		return -ERR_INVALID;
	for (size_t i = 0; i < ARRAY_SIZE(MODES); i++) {
		int r = MODES[i].type == NAMESPACE_USER ? 0 : check_mode(&MODES[i], word_of(spec, &MODES[i]), err);
		if (r < 0)
			return r;
	}
	bool named = !str_is_empty(spec->hostname) || !str_is_empty(spec->domainname);
	if (named && !has_own(spec, NAMESPACE_UTS))
		return err_set(err, ERR_INVALID, "conflicting options: hostname and the UTS mode");
	return 0;
}

bool is_shared(const struct container_spec *spec, enum namespace_type type)
{
	const struct mode *mode = mode_of(type);
	if (type == NAMESPACE_NETWORK)
		return spec->network == NETWORK_HOST;
	return mode && streq(word_of(spec, mode), "host");
}

const char *joined_path(const struct container_spec *spec, enum namespace_type type)
{
	const struct mode *mode = mode_of(type);
	return mode ? str_after(word_of(spec, mode), "ns:") : NULL;
}

const char *joined_container(const struct container_spec *spec, enum namespace_type type)
{
	const struct mode *mode = mode_of(type);
	return mode ? str_after(word_of(spec, mode), "container:") : NULL;
}

bool has_own(const struct container_spec *spec, enum namespace_type type)
{
	return !is_shared(spec, type) && !joined_path(spec, type) && !joined_container(spec, type);
}
