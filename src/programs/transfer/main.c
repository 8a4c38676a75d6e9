/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coffer-transfer: the one program of ours that speaks HTTP and TLS and reads archives of others. The engine starts it
 * for a pull, a push, an import, a save, a load or a verification; see image/transfer-protocol.h.
 */
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "image/registry-credentials.h"
#include "image/transfer-protocol.h"
#include "programs/transfer/request.h"

enum { REQUEST_SIZE_MAX = 16 << 20 };

/* How many unpackers each command needs, and can use. */
static const struct {
	size_t min, max;
} WORKERS[] = {
	[COMMAND_PULL] = { 1, PULL_WORKERS_MAX },
	[COMMAND_IMPORT] = { 1, 1 },
	[COMMAND_LOAD] = { LOAD_WORKERS_MIN, LOAD_WORKERS_MAX },
	[COMMAND_VERIFY] = { 1, 1 },
	[COMMAND_LOGOUT] = { 0, 0 }, /* as all others */
};

static int read_request(struct transfer_request *ret, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = fd_read_text(STDIN_FILENO, REQUEST_SIZE_MAX, "the request", &text, &len, err);
	return r < 0 ? r : request_parse(text, len, ret, err);
}

/* What a crash left behind goes; that this fails is no reason not to do what was asked for. */
static void sweep(struct store *store)
{
	struct error err = { 0 };
	if (store_sweep(store, &err) < 0)
		log_failure(LOG_LEVEL_WARN, "clean up the store", &err);
}

static void add_digest(struct json_object *event, const char *key, const char *digest)
{
	json_add_string(event, key, *digest ? digest : NULL);
}

static int login(const struct transfer *transfer, const struct login_options *options, struct error *err)
{
	_cleanup_login_result_ struct login_result result = { 0 };
	int r = login_registry(transfer, options, &result, err);
	if (r < 0)
		return r;
	struct json_object *event = json_object_new_object();
	json_add_string(event, "event", "done");
	json_add_string(event, "user", result.user);
	json_add_string(event, "stored", result.stored);
	json_add_bool(event, "plain", result.plain);
	return transfer_send(transfer, event, err);
}

static int check(const struct transfer *transfer, const struct pull_check_options *options, struct error *err)
{
	_cleanup_free_ char *digest = NULL;
	int r = pull_check(transfer, options, &digest, err);
	if (r < 0)
		return r;
	struct json_object *event = json_object_new_object();
	json_add_string(event, "event", "done");
	json_add_string(event, "digest", digest);
	return transfer_send(transfer, event, err);
}

static int tags(const struct transfer *transfer, const struct registry_tags_options *options, struct error *err)
{
	_cleanup_strv_ char **found = NULL;
	int r = registry_tags(transfer, options, &found, err);
	if (r < 0)
		return r;
	struct json_object *event = json_object_new_object();
	json_add_string(event, "event", "done");
	json_add_strv(event, "tags", found);
	return transfer_send(transfer, event, err);
}

static int logout(const struct transfer *transfer, const char *registry, struct error *err)
{
	bool any = false;
	int r = credentials_erase(registry, &any, err);
	if (r < 0)
		return r;
	struct json_object *event = json_object_new_object();
	json_add_string(event, "event", "done");
	json_add_bool(event, "removed", any);
	return transfer_send(transfer, event, err);
}

/* Takes over @images, which may be NULL. */
static int send_done(const struct transfer *transfer, const struct transfer_result *result, struct json_object *images,
		     struct error *err)
{
	struct json_object *event = json_object_new_object();
	json_add_string(event, "event", "done");
	add_digest(event, "manifest", result->manifest);
	add_digest(event, "index", result->index);
	add_digest(event, "config", result->config);
	add_digest(event, "digest", result->digest);
	json_add_i64(event, "size", (int64_t)result->size);
	if (images)
		json_object_object_add(event, "images", images);
	return transfer_send(transfer, event, err);
}

static int work(struct store *store, const struct transfer_request *request, const struct transfer *transfer,
		struct pull_workers *workers, struct error *err)
{
	struct transfer_result result = { 0 };
	struct json_object *images = NULL;
	int r = 0;
	switch (request->command) {
	case COMMAND_PULL:
		r = pull_image(store, transfer, workers, &request->pull, &result, err);
		break;
	case COMMAND_CHECK:
		return check(transfer, &request->check, err);
	case COMMAND_TAGS:
		return tags(transfer, &request->tags, err);
	case COMMAND_SEARCH:
		r = registry_search(transfer, &request->search, err);
		break;
	case COMMAND_REFERRERS:
		r = registry_referrers(transfer, &request->referrers, err);
		break;
	case COMMAND_PUSH:
		r = push_image(store, transfer, &request->push, err);
		break;
	case COMMAND_IMPORT:
		r = import_image(store, transfer, workers, &request->import, &result, err);
		break;
	case COMMAND_SAVE:
		r = save_images(store, transfer, &request->save, err);
		break;
	case COMMAND_LOAD:
		r = load_images(store, transfer, workers, &request->load, &images, err);
		break;
	case COMMAND_VERIFY:
		r = verify_images(store, transfer, workers, &request->verify, err);
		break;
	case COMMAND_EXTRACT:
		r = copy_extract(transfer, &request->extract, &result.size, err);
		break;
	case COMMAND_LOGIN:
		return login(transfer, &request->login, err);
	case COMMAND_LOGOUT:
		return logout(transfer, request->login.registry, err);
	}
	return r < 0 ? r : send_done(transfer, &result, images, err);
}

/* Workers first, before there is anything that they should not inherit; then the signals; then the network. */
static int run(const char *store_path, struct error *err)
{
	_cleanup_request_ struct transfer_request request = { 0 };
	_cleanup_store_ struct store *store = NULL;
	_cleanup_pull_workers_ struct pull_workers workers = { 0 };
	_cleanup_transfer_ struct transfer transfer = { .stop_fd = -1 };
	int r = read_request(&request, err);
	if (r >= 0)
		r = pull_workers_start(&workers, WORKERS[request.command].min, WORKERS[request.command].max, err);
	if (r >= 0)
		r = store_open(store_path, &store, err);
	if (r < 0)
		return r;
	_cleanup_close_ int lock = store_lock(store, false, err);
	if (lock < 0)
		return lock;
	sweep(store);
	r = transfer_open(STDOUT_FILENO, &transfer, err);
	return r < 0 ? r : work(store, &request, &transfer, &workers, err);
}

/* On whatever standard output is; somebody who has gone does not miss it. */
static void tell_error(const struct error *err)
{
	_cleanup_json_ struct json_object *event = json_object_new_object();
	json_add_string(event, "event", "error");
	json_object_object_add(event, "error", json_from_error(err));
	_cleanup_free_ char *line = mem_printf("%s\n", json_text(event));
	(void)fd_write_all(STDOUT_FILENO, line, strlen(line));
}

int main(int argc, char **argv)
{
	struct error err = { 0 };
	if (fd_fill_standard() < 0)
		return 1;
	if (argc != 2) {
		fputs("usage: " TRANSFER_PROGRAM " STORE <REQUEST\n", stderr);
		return 1;
	}
	umask(077);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); /* the only programs that are executed keep passwords */
	if (run(argv[1], &err) >= 0)
		return 0;
	tell_error(&err);
	return 1;
}
