/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sharing.h"

#include "base/str.h"
#include "base/util.h"

static const struct mode {
	enum namespace_type type;
	const char *flag, *name;
	size_t offset; /* in struct container_spec: NULL, "private" or "host" */
} MODES[] = {
	{ NAMESPACE_PID, "pid", "PID", offsetof(struct container_spec, pid_mode) },
	{ NAMESPACE_IPC, "ipc", "IPC", offsetof(struct container_spec, ipc_mode) },
	{ NAMESPACE_UTS, "uts", "UTS", offsetof(struct container_spec, uts_mode) },
	{ NAMESPACE_CGROUP, "cgroupns", "CGROUP", offsetof(struct container_spec, cgroupns_mode) },
	{ NAMESPACE_USER, "userns", "USER", offsetof(struct container_spec, userns_mode) },
};

static const char *word_of(const struct container_spec *spec, const struct mode *mode)
{
	const char *word = *(char *const *)((const char *)spec + mode->offset);
	return word ? word : "";
}

static int check_mode(const struct mode *mode, const char *word, struct error *err)
{
	if (str_starts_with(word, "container:") || str_starts_with(word, "ns:"))
		return err_set(err, ERR_UNSUPPORTED, "--%s %s: namespaces of others cannot be joined yet", mode->flag, word);
	if (streq(word, "") || streq(word, "host"))
		return 0;
	if (mode->type == NAMESPACE_USER)
		return err_set(err, ERR_UNSUPPORTED, "--userns %s: user namespaces are not available yet", word);
	/* What may be joined by others and what may not is the same as long as nobody can. */
	bool own = streq(word, "private") || (mode->type == NAMESPACE_IPC && streq(word, "shareable"));
	return own ? 0 : err_set(err, ERR_INVALID, "--%s: invalid %s mode: \"%s\"", mode->flag, mode->name, word);
}

int sharing_check(const struct container_spec *spec, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(MODES); i++) {
		int r = check_mode(&MODES[i], word_of(spec, &MODES[i]), err);
		if (r < 0)
			return r;
	}
	bool named = !str_is_empty(spec->hostname) || !str_is_empty(spec->domainname);
	if (named && is_shared(spec, NAMESPACE_UTS))
		return err_set(err, ERR_INVALID, "conflicting options: hostname and the UTS mode");
	return 0;
}

bool is_shared(const struct container_spec *spec, enum namespace_type type)
{
	if (type == NAMESPACE_NETWORK)
		return spec->network == NETWORK_HOST;
	for (size_t i = 0; i < ARRAY_SIZE(MODES); i++)
		if (MODES[i].type == type)
			return streq(word_of(spec, &MODES[i]), "host");
	return false;
}
