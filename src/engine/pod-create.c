/* SPDX-License-Identifier: Apache-2.0 */
/* Making a pod, which is making its infra container. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "engine/engine-internal.h"
#include "engine/image.h"
#include "engine/mounts.h"
#include "engine/name.h"
#include "engine/network.h"
#include "engine/pod.h"

#define PAUSE_IMAGE "localhost/coffer-pause:1" /* it has no files: the program is bound in, as that of --init is */

enum { NAME_ATTEMPTS = 10, SHORT_ID = 12 };

/* --- the image --- */

/* An archive of an empty root, and nothing else. Source: pax(1), "ustar Interchange Format". */
static int make_archive(void)
{
	enum { BLOCK = 512, CHECKSUM = 148, CHECKSUM_LENGTH = 8, BLOCKS = 3 /* two of zeroes are the end */ };
	static const struct {
		int offset;
		const char *text;
	} fields[] = { { 0, "./" },	   { 100, "0000755" },	   { 108, "0000000" },
		       { 116, "0000000" }, { 124, "00000000000" }, { 136, "00000000000" },
		       { 156, "5" },	   { 257, "ustar" },	   { 263, "00" } };
	char block[BLOCKS * BLOCK] = "";
	unsigned sum = 0;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		memcpy(block + fields[i].offset, fields[i].text, strlen(fields[i].text));
	memset(block + CHECKSUM, ' ', CHECKSUM_LENGTH);
	for (size_t i = 0; i < BLOCK; i++)
		sum += (unsigned char)block[i];
	snprintf(block + CHECKSUM, CHECKSUM_LENGTH - 1, "%06o", sum);
	_cleanup_close_ int fd = memfd_create("archive", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : fd_write_all(fd, block, sizeof block);
	if (r < 0)
		return r;
	return lseek(fd, 0, SEEK_SET) < 0 ? -errno : TAKE_FD(fd);
}

static int make_image(struct engine *engine, struct error *err)
{
	struct pull_result result = { 0 };
	_cleanup_close_ int fd = make_archive();
	if (fd < 0)
		return err_sys(err, -fd, "make an archive for the image of infra containers");
	int r = engine_import(engine, fd, PAUSE_IMAGE, "the infra containers of pods", NULL, NULL, &result, err);
	pull_result_done(&result);
	return r < 0 ? err_wrap(err, "make the image of infra containers") : 0;
}

static int ensure_image(struct engine *engine, struct error *err)
{
	_cleanup_free_ char *id = NULL;
	int r = image_resolve(engine, PAUSE_IMAGE, &id, NULL, err);
	if (r != -ERR_IMG_NOT_FOUND)
		return r;
	err_clear(err);
	return make_image(engine, err);
}

/* --- what is shared --- */

static const char *const SHARES[] = { "cgroup", "ipc", "net", "pid", "uts", NULL };
static const char *const DEFAULT_SHARES[] = { "ipc", "net", "uts", NULL };

static int share(const char *word, char ***shares, struct error *err)
{
	if (!strv_contains((char *const *)SHARES, word)) {
		err_set(err, ERR_INVALID, "--share: invalid kernel namespace to share: \"%s\"", word);
		return err_hint(err, "--share ipc,net,pid,uts,cgroup, or none");
	}
	if (!strv_contains(*shares, word))
		strv_append(shares, word);
	return 0;
}

/* Words with a plus come on top of those that are shared without a word. */
static int resolve_shares(char *const *words, char ***ret, struct error *err)
{
	_cleanup_strv_ char **shares = NULL;
	bool more = !words || **words == '+';
	int r = 0;
	if (more)
		shares = strv_copy((char *const *)DEFAULT_SHARES);
	for (; r >= 0 && words && *words; words++)
		if (!streq(*words, "none") && **words)
			r = share(*words + (**words == '+'), &shares, err);
	if (r >= 0)
		*ret = TAKE_PTR(shares);
	return r;
}

/* What is said of a network that nobody would be on. */
static int check_network(const struct pod_request *request, char *const *shares, struct error *err)
{
	const struct container_spec *infra = request->infra;
	bool said = request->networked || infra->ports || infra->extra_hosts || infra->dns || infra->dns_search ||
		    infra->dns_options;
	if (said && !strv_contains(shares, "net"))
		return err_set(
			err, ERR_INVALID,
			"network, ports, hosts and name servers of a pod need that it shares its network: --share net");
	if (infra->hostname && !strv_contains(shares, "uts"))
		return err_set(err, ERR_INVALID, "the host name of a pod needs that it shares this: --share uts");
	return 0;
}

/* --- the infra container --- */

/* On networks with names a pod is found by its own. The rest of @places is borrowed. */
static void name_places(const struct pod *pod, const struct endpoint_request *places, struct container_spec *spec)
{
	spec->endpoints = mem_alloc((spec->n_endpoints + 1) * sizeof *spec->endpoints);
	for (size_t i = 0; i < spec->n_endpoints; i++) {
		spec->endpoints[i] = places[i];
		spec->endpoints[i].aliases = strv_copy(places[i].aliases);
		if (!streq(places[i].network, NETWORK_DEFAULT_NAME))
			strv_append(&spec->endpoints[i].aliases, pod->name);
	}
}

static void free_places(struct container_spec *spec)
{
	for (size_t i = 0; i < spec->n_endpoints; i++)
		strv_free(spec->endpoints[i].aliases);
	free(spec->endpoints);
}

/* Of what it borrows nothing is freed. */
static int create_infra(struct engine *engine, const struct pod_request *request, const struct pod *pod,
			struct container_record **ret, struct error *err)
{
	static char *words[] = { (char *)INIT_PATH, (char *)"--pause", NULL };
	static char *all[] = { (char *)"ALL", NULL };
	struct container_spec spec = *request->infra;
	_cleanup_free_ char *name = mem_printf("%.*s-infra", SHORT_ID, pod->id);
	spec.image = (char *)PAUSE_IMAGE;
	spec.entrypoint = words;
	spec.init = true;
	spec.cap_drop = all;
	spec.infra_of = pod;
	if (!spec.name)
		spec.name = name;
	if (!spec.hostname && spec.network != NETWORK_HOST && strv_contains(pod->shares, "uts") &&
	    strlen(pod->name) < HOST_NAME_MAX)
		spec.hostname = pod->name;
	if (strv_contains(pod->shares, "ipc") && !spec.ipc_mode)
		spec.ipc_mode = (char *)"shareable";
	if (!strv_contains(pod->shares, "net")) {
		spec.network = NETWORK_NONE;
		spec.n_endpoints = 0;
	}
	name_places(pod, request->infra->endpoints, &spec);
	int r = engine_container_create(engine, &spec, ret, err);
	free_places(&spec);
	return r;
}

/* --- all of it --- */

static int resolve(const struct pod_request *request, struct pod *pod, struct error *err)
{
	int r = request->name ? container_name_check(request->name, err) : 0;
	if (r >= 0)
		r = resolve_shares(request->shares, &pod->shares, err);
	if (r >= 0)
		r = check_network(request, pod->shares, err);
	random_id(pod->id);
	pod->name = mem_strdup(request->name);
	pod->labels = strv_copy(request->labels);
	pod->stops = request->stops;
	pod->created_at = time_now_ns();
	return r;
}

/* A generated name may be somebody's already. */
static int create_named(struct engine *engine, const struct pod_request *request, struct pod *pod,
			struct container_record **ret, struct error *err)
{
	int r = -ERR_NAME;
	if (request->name)
		return create_infra(engine, request, pod, ret, err);
	for (int attempt = 0; r == -ERR_NAME && attempt < NAME_ATTEMPTS; attempt++) {
		err_clear(err);
		free(pod->name);
		pod->name = container_name_generate(attempt);
		r = create_infra(engine, request, pod, ret, err);
	}
	return r;
}

int engine_pod_create(struct engine *engine, const struct pod_request *request, struct pod **ret, struct error *err)
{
	_cleanup_pod_ struct pod *pod = NEW(struct pod);
	struct container_record *infra;
	int r = resolve(request, pod, err);
	if (r >= 0)
		r = ensure_image(engine, err);
	if (r >= 0)
		r = create_named(engine, request, pod, &infra, err);
	if (r < 0)
		return r;
	str_copy(pod->infra, sizeof pod->infra, infra->id);
	*ARRAY_APPEND(pod->containers, pod->n_containers) = infra;
	*ret = TAKE_PTR(pod);
	return 0;
}
