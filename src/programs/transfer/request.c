/* SPDX-License-Identifier: Apache-2.0 */
#include "programs/transfer/request.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"

enum { TIMEOUT_MAX_MS = 24 * 60 * 60 * 1000 };

static int parse_platform(const struct json_node *root, struct platform *ret, struct error *err)
{
	const char *text;
	int r = json_get_string(root, "platform", &text, err);
	if (r == 0)
		*ret = platform_host();
	return r > 0 ? platform_parse(text, ret, err) : r;
}

static int parse_pull(const struct json_node *root, struct transfer_request *request, struct error *err)
{
	const char *reference;
	uint64_t timeout_ms = 0;
	int r = json_need_string(root, "reference", &reference, err);
	if (r >= 0)
		r = reference_parse(reference, &request->pull.reference, err);
	if (r >= 0)
		r = parse_platform(root, &request->pull.platform, err);
	if (r >= 0)
		r = json_get_u64(root, "timeout_ms", TIMEOUT_MAX_MS, &timeout_ms, err);
	request->pull.timeout_ms = (unsigned)timeout_ms;
	return r;
}

static int parse_check(const struct json_node *root, struct transfer_request *request, struct error *err)
{
	const char *reference;
	uint64_t timeout_ms = 0;
	int r = json_need_string(root, "reference", &reference, err);
	if (r >= 0)
		r = reference_parse(reference, &request->check.reference, err);
	if (r >= 0 && !request->check.reference.tag)
		r = json_error(root, err, "\"reference\" has no tag");
	if (r >= 0)
		r = json_get_strv(root, "known", &request->check.known, err);
	if (r >= 0)
		r = json_get_u64(root, "timeout_ms", TIMEOUT_MAX_MS, &timeout_ms, err);
	request->check.timeout_ms = (unsigned)timeout_ms;
	return r;
}

static int parse_tags(const struct json_node *root, struct transfer_request *request, struct error *err)
{
	const char *reference;
	uint64_t timeout_ms = 0;
	int r = json_need_string(root, "reference", &reference, err);
	if (r >= 0)
		r = reference_parse(reference, &request->tags.reference, err);
	if (r >= 0)
		r = json_get_u64(root, "timeout_ms", TIMEOUT_MAX_MS, &timeout_ms, err);
	request->tags.timeout_ms = (unsigned)timeout_ms;
	return r;
}

static int parse_referrers(const struct json_node *root, struct transfer_request *request, struct error *err)
{
	struct registry_referrers_options *referrers = &request->referrers;
	const char *reference;
	uint64_t timeout_ms = 0;
	int r = json_need_string(root, "reference", &reference, err);
	if (r >= 0)
		r = reference_parse(reference, &referrers->reference, err);
	if (r >= 0)
		r = json_get_text(root, "artifact_type", &referrers->artifact_type, err);
	if (r >= 0)
		r = json_get_u64(root, "timeout_ms", TIMEOUT_MAX_MS, &timeout_ms, err);
	referrers->timeout_ms = (unsigned)timeout_ms;
	return r;
}

static int parse_search(const struct json_node *root, struct transfer_request *request, struct error *err)
{
	struct registry_search_options *search = &request->search;
	const char *registry, *term;
	uint64_t timeout_ms = 0, limit;
	int r = json_need_string(root, "registry", &registry, err);
	if (r >= 0)
		r = json_need_string(root, "term", &term, err);
	if (r >= 0)
		r = json_need_u64(root, "limit", SEARCH_LIMIT_MAX, &limit, err);
	if (r >= 0)
		r = json_get_u64(root, "timeout_ms", TIMEOUT_MAX_MS, &timeout_ms, err);
	if (r < 0)
		return r;
	search->registry = mem_strdup(registry);
	search->term = mem_strdup(term);
	search->limit = (unsigned)limit;
	search->timeout_ms = (unsigned)timeout_ms;
	return 0;
}

/* It will be part of a URL. */
static int check_repository(const struct json_node *node, const char *repository, struct error *err)
{
	_cleanup_free_ char *name = mem_printf("localhost/%s", repository);
	_cleanup_reference_ struct image_reference reference = { 0 };
	if (reference_parse(name, &reference, NULL) >= 0 && streq(reference.repository, repository))
		return 0;
	return json_error(node, err, "\"%.100s\" is not a repository's name", repository);
}

static int parse_source(const struct json_node *node, struct push_source *ret, struct error *err)
{
	const char *digest, *repository;
	int r = json_as_object(node, err);
	if (r >= 0)
		r = json_need_string(node, "digest", &digest, err);
	if (r >= 0)
		r = digest_check(digest, err);
	if (r >= 0)
		r = json_need_string(node, "repository", &repository, err);
	if (r >= 0)
		r = check_repository(node, repository, err);
	if (r < 0)
		return r;
	ret->digest = mem_strdup(digest);
	ret->repository = mem_strdup(repository);
	return 0;
}

static int parse_sources(const struct json_node *root, struct push_options *push, struct error *err)
{
	struct json_node sources;
	int r = json_get_array(root, "sources", &sources, err);
	if (r <= 0)
		return r;
	size_t count = json_array_length(&sources);
	if (count > PUSH_SOURCES_MAX)
		return json_error(&sources, err, "%zu sources are too many", count);
	for (size_t i = 0; r >= 0 && i < count; i++) {
		struct json_node source = json_array_at(&sources, i);
		r = parse_source(&source, ARRAY_APPEND(push->sources, push->n_sources), err);
	}
	return r;
}

static int parse_push(const struct json_node *root, struct transfer_request *request, struct error *err)
{
	struct push_options *push = &request->push;
	const char *reference, *manifest;
	uint64_t timeout_ms = 0;
	int r = json_need_string(root, "reference", &reference, err);
	if (r >= 0)
		r = reference_parse(reference, &push->reference, err);
	if (r >= 0 && !push->reference.tag)
		r = json_error(root, err, "\"reference\" has no tag");
	if (r >= 0)
		r = json_need_string(root, "manifest", &manifest, err);
	if (r >= 0)
		r = digest_check(manifest, err);
	if (r >= 0)
		r = json_get_u64(root, "timeout_ms", TIMEOUT_MAX_MS, &timeout_ms, err);
	if (r < 0)
		return r;
	push->manifest = mem_strdup(manifest);
	push->timeout_ms = (unsigned)timeout_ms;
	return parse_sources(root, push, err);
}

/* The archive was inherited, so it has to be there. */
static int parse_inherited(const struct json_node *root, const char *key, int *ret, struct error *err)
{
	int64_t fd = -1;
	int r = json_get_i64(root, key, STDERR_FILENO + 1, INT32_MAX, &fd, err);
	if (r == 0)
		return json_error(root, err, "\"%s\" is required, but missing", key);
	if (r > 0 && fd_set_cloexec((int)fd, true) < 0)
		return json_error(root, err, "\"%s\" %d is not open", key, (int)fd);
	*ret = (int)fd;
	return r;
}

static int parse_fd(const struct json_node *root, int *ret, struct error *err)
{
	return parse_inherited(root, "fd", ret, err);
}

static int parse_base(const struct json_node *root, struct transfer_request *request, struct error *err)
{
	struct json_node base, config;
	const char *manifest;
	int r = json_get_object(root, "base", &base, err);
	if (r <= 0)
		return r;
	r = json_need_string(&base, "manifest", &manifest, err);
	if (r >= 0)
		r = digest_check(manifest, err);
	if (r >= 0)
		r = json_need_object(&base, "config", &config, err);
	if (r < 0)
		return r;
	request->base =
		(struct import_base){ .manifest = mem_strdup(manifest), .config = json_object_get(config.value) };
	request->import.base = &request->base;
	return 0;
}

static int parse_import(const struct json_node *root, struct transfer_request *request, struct error *err)
{
	const char *message = NULL;
	int r = parse_fd(root, &request->import.fd, err);
	if (r >= 0)
		r = parse_platform(root, &request->import.platform, err);
	if (r >= 0)
		r = json_get_string(root, "message", &message, err);
	if (r >= 0)
		r = json_get_strv(root, "changes", &request->changes, err);
	if (r >= 0)
		r = parse_base(root, request, err);
	request->message = mem_strdup(message);
	request->import.message = request->message;
	request->import.changes = request->changes;
	return r;
}

static int parse_image(const struct json_node *node, struct save_image *ret, struct error *err)
{
	const char *manifest;
	int r = json_as_object(node, err);
	if (r >= 0)
		r = json_need_string(node, "manifest", &manifest, err);
	if (r >= 0)
		r = digest_check(manifest, err);
	if (r < 0)
		return r;
	ret->manifest = mem_strdup(manifest);
	return json_get_strv(node, "names", &ret->names, err);
}

static int parse_save(const struct json_node *root, struct transfer_request *request, struct error *err)
{
	struct save_options *save = &request->save;
	struct json_node images;
	int r = parse_fd(root, &save->fd, err);
	if (r >= 0)
		r = json_need_array(root, "images", &images, err);
	if (r < 0)
		return r;
	size_t count = json_array_length(&images);
	if (count > SAVE_IMAGES_MAX)
		return json_error(&images, err, "%zu images are too many", count);
	save->images = mem_alloc((count + 1) * sizeof *save->images);
	for (size_t i = 0; r >= 0 && i < count; i++) {
		struct json_node image = json_array_at(&images, i);
		r = parse_image(&image, &save->images[save->n_images++], err);
	}
	return r;
}

static int parse_load(const struct json_node *root, struct transfer_request *request, struct error *err)
{
	int r = parse_fd(root, &request->load.fd, err);
	return r < 0 ? r : parse_platform(root, &request->load.platform, err);
}

static int parse_verify(const struct json_node *root, struct transfer_request *request, struct error *err)
{
	int r = json_get_strv(root, "blobs", &request->verify.blobs, err);
	if (r >= 0)
		r = json_get_bool(root, "repair", &request->verify.repair, err);
	if (r >= 0)
		r = json_get_strv(root, "manifests", &request->verify.manifests, err);
	for (char **blob = request->verify.blobs; r >= 0 && blob && *blob; blob++)
		r = digest_check(*blob, err);
	for (char **manifest = request->verify.manifests; r >= 0 && manifest && *manifest; manifest++)
		r = digest_check(*manifest, err);
	return r;
}

/* "CONTAINER:HOST:SIZE", as the engine keeps them. */
static int parse_map(const struct json_node *root, const char *key, struct spec_id_mapping **list, size_t *count,
		     struct error *err)
{
	_cleanup_strv_ char **texts = NULL;
	int r = json_get_strv(root, key, &texts, err);
	for (char **text = texts; r >= 0 && text && *text; text++) {
		struct spec_id_mapping map;
		if (sscanf(*text, "%" SCNu32 ":%" SCNu32 ":%" SCNu32, &map.container_id, &map.host_id, &map.size) != 3)
			return json_error(root, err, "\"%.60s\" is no range of ids", *text);
		*ARRAY_APPEND(*list, *count) = map;
	}
	return r;
}

static int parse_maps(const struct json_node *root, struct transfer_request *request, struct error *err)
{
	struct id_maps *maps = &request->extract.maps;
	int r = parse_map(root, "uidMap", &request->uid_map, &maps->n_uids, err);
	if (r >= 0)
		r = parse_map(root, "gidMap", &request->gid_map, &maps->n_gids, err);
	maps->uids = request->uid_map;
	maps->gids = request->gid_map;
	return r;
}

static int parse_extract(const struct json_node *root, struct transfer_request *request, struct error *err)
{
	const char *path;
	int r = parse_fd(root, &request->extract.fd, err);
	if (r >= 0)
		r = parse_inherited(root, "root", &request->extract.root, err);
	if (r >= 0)
		r = json_need_string(root, "path", &path, err);
	if (r >= 0)
		request->extract.path = mem_strdup(path);
	return r < 0 ? r : parse_maps(root, request, err);
}

static int parse_logout(const struct json_node *root, struct transfer_request *request, struct error *err)
{
	const char *registry;
	int r = json_need_string(root, "registry", &registry, err);
	if (r >= 0)
		request->login.registry = mem_strdup(registry);
	return r;
}

static int parse_login(const struct json_node *root, struct transfer_request *request, struct error *err)
{
	struct login_options *login = &request->login;
	uint64_t timeout_ms = 0;
	int r = parse_logout(root, request, err);
	if (r >= 0)
		r = json_get_text(root, "user", &login->user, err);
	if (r >= 0)
		r = json_get_text(root, "password", &login->password, err);
	if (r >= 0)
		r = json_get_u64(root, "timeout_ms", TIMEOUT_MAX_MS, &timeout_ms, err);
	login->timeout_ms = (unsigned)timeout_ms;
	return r;
}

static const struct {
	const char *name;
	enum transfer_command command;
	int (*parse)(const struct json_node *root, struct transfer_request *request, struct error *err);
} COMMANDS[] = {
	{ "pull", COMMAND_PULL, parse_pull },
	{ "check", COMMAND_CHECK, parse_check },
	{ "tags", COMMAND_TAGS, parse_tags },
	{ "search", COMMAND_SEARCH, parse_search },
	{ "referrers", COMMAND_REFERRERS, parse_referrers },
	{ "push", COMMAND_PUSH, parse_push },
	{ "import", COMMAND_IMPORT, parse_import },
	{ "save", COMMAND_SAVE, parse_save },
	{ "load", COMMAND_LOAD, parse_load },
	{ "verify", COMMAND_VERIFY, parse_verify },
	{ "extract", COMMAND_EXTRACT, parse_extract },
	{ "login", COMMAND_LOGIN, parse_login },
	{ "logout", COMMAND_LOGOUT, parse_logout },
};

static int parse_root(const struct json_node *root, struct transfer_request *request, struct error *err)
{
	const char *command;
	int r = json_as_object(root, err);
	if (r >= 0)
		r = json_need_string(root, "command", &command, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(COMMANDS); i++) {
		if (streq(COMMANDS[i].name, command)) {
			request->command = COMMANDS[i].command;
			return COMMANDS[i].parse(root, request, err);
		}
	}
	return json_error(root, err, "unknown command \"%.60s\"", command);
}

int request_parse(const char *text, size_t len, struct transfer_request *ret, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	int r = json_parse(text, len, "request", ERR_INVALID, &document, err);
	if (r < 0)
		return r;
	_cleanup_request_ struct transfer_request request = { 0 };
	struct json_node root = json_root(&document);
	r = parse_root(&root, &request, err);
	if (r < 0)
		return r;
	*ret = request;
	ret->import.base = request.import.base ? &ret->base : NULL;
	request = (struct transfer_request){ 0 };
	return 0;
}

void request_done(struct transfer_request *request)
{
	reference_done(&request->pull.reference);
	pull_check_options_done(&request->check);
	reference_done(&request->tags.reference);
	registry_search_options_done(&request->search);
	registry_referrers_options_done(&request->referrers);
	push_options_done(&request->push);
	login_options_done(&request->login);
	for (size_t i = 0; i < request->save.n_images; i++) {
		free(request->save.images[i].manifest);
		strv_free(request->save.images[i].names);
	}
	free(request->save.images);
	free(request->extract.path);
	free(request->uid_map);
	free(request->gid_map);
	import_base_done(&request->base);
	free(request->message);
	strv_free(request->changes);
	strv_free(request->verify.blobs);
	strv_free(request->verify.manifests);
	*request = (struct transfer_request){ 0 };
}
