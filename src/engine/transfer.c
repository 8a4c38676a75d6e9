/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/engine-internal.h"
#include "image/digest.h"
#include "image/manifest.h"
#include "image/transfer-protocol.h"

enum {
	LINE_MAX_BYTES = 1 << 20, /* 500 layers take a tenth of it */
	READ_SIZE = 16 * 1024,
	FOUND_MAX = 10 * 1000,
};

static const char *const LAYER_STATES[] = {
	[LAYER_WAITING] = "waiting",	 [LAYER_DOWNLOADING] = "downloading",
	[LAYER_VERIFYING] = "verifying", [LAYER_EXTRACTING] = "extracting",
	[LAYER_DONE] = "done",		 [LAYER_EXISTS] = "exists",
	[LAYER_UPLOADING] = "uploading", [LAYER_MOUNTED] = "mounted",
};

/* A helper at work. */
struct transfer {
	const struct transfer_progress *progress;
	struct transfer_result result;
	struct json_object *found; /* the result's, while it is not complete; or NULL */
	bool done;		   /* "done" has come */
	struct str line; /* not complete yet */
};

void transfer_result_done(struct transfer_result *result)
{
	free(result->manifest);
	free(result->config);
	free(result->digest);
	free(result->index);
	free(result->user);
	free(result->stored);
	strv_free(result->tags);
	if (result->found)
		json_object_put(result->found);
	for (size_t i = 0; i < result->n_images; i++) {
		free(result->images[i].manifest);
		free(result->images[i].config);
		free(result->images[i].index);
		strv_free(result->images[i].names);
	}
	free(result->images);
	*result = (struct transfer_result){ 0 };
}

static void transfer_done(struct transfer *transfer)
{
	transfer_result_done(&transfer->result);
	if (transfer->found)
		json_object_put(transfer->found);
	str_done(&transfer->line);
}
#define _cleanup_transfer_ _cleanup_(transfer_done)

/* --- events --- */

static int need_digest(const struct json_node *node, const char *key, const char **ret, struct error *err)
{
	int r = json_need_string(node, key, ret, err);
	if (r < 0)
		return r;
	return digest_is_valid(*ret) ? 0 : json_error(node, err, "\"%s\" is not a digest", key);
}

/* What a manifest says: the layers' digests and sizes, as the progress gets them. */
struct layers {
	char **digests;
	uint64_t *sizes;
};

static void layers_done(struct layers *layers)
{
	strv_free(layers->digests);
	free(layers->sizes);
}
#define _cleanup_layers_ _cleanup_(layers_done)

static int parse_layers(const struct json_node *event, struct layers *ret, struct error *err)
{
	struct json_node array;
	int r = json_need_array(event, "layers", &array, err);
	if (r < 0)
		return r;
	size_t count = json_array_length(&array);
	if (count > MANIFEST_LAYERS_MAX)
		return json_error(&array, err, "%zu layers are too many", count);
	ret->sizes = mem_alloc((count + 1) * sizeof *ret->sizes);
	for (size_t i = 0; i < count; i++) {
		struct json_node layer = json_array_at(&array, i);
		const char *digest;
		if ((r = json_as_object(&layer, err)) < 0 || (r = need_digest(&layer, "digest", &digest, err)) < 0 ||
		    (r = json_get_u64(&layer, "size", INT64_MAX, &ret->sizes[i], err)) < 0)
			return r;
		strv_append(&ret->digests, digest);
	}
	return 0;
}

static int on_manifest(struct transfer *transfer, const struct json_node *event, struct error *err)
{
	_cleanup_layers_ struct layers layers = { 0 };
	const char *digest;
	int r = need_digest(event, "digest", &digest, err);
	if (r >= 0)
		r = parse_layers(event, &layers, err);
	if (r >= 0 && transfer->progress && transfer->progress->manifest)
		transfer->progress->manifest(transfer->progress->context, digest, layers.digests, layers.sizes);
	return r;
}

static int parse_state(const struct json_node *event, enum layer_state *ret, struct error *err)
{
	const char *word;
	int r = json_need_string(event, "state", &word, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(LAYER_STATES); i++) {
		if (streq(LAYER_STATES[i], word)) {
			*ret = (enum layer_state)i;
			return 0;
		}
	}
	return json_error(event, err, "\"%s\" is not a layer's state", word);
}

static int tell_mounted(struct transfer *transfer, const struct json_node *event, const char *digest, struct error *err)
{
	const char *from;
	int r = json_need_string(event, "from", &from, err);
	if (r >= 0 && transfer->progress && transfer->progress->mounted)
		transfer->progress->mounted(transfer->progress->context, digest, from);
	return r;
}

static int on_layer(struct transfer *transfer, const struct json_node *event, struct error *err)
{
	const char *digest;
	enum layer_state state = LAYER_WAITING;
	uint64_t current = 0, total = 0;
	int r;
	if ((r = need_digest(event, "digest", &digest, err)) < 0 || (r = parse_state(event, &state, err)) < 0 ||
	    (r = json_get_u64(event, "current", INT64_MAX, &current, err)) < 0 ||
	    (r = json_get_u64(event, "total", INT64_MAX, &total, err)) < 0)
		return r;
	if (state == LAYER_MOUNTED && (r = tell_mounted(transfer, event, digest, err)) < 0)
		return r;
	if (transfer->progress && transfer->progress->layer)
		transfer->progress->layer(transfer->progress->context, digest, state, current, total);
	return 0;
}

static int on_damage(struct transfer *transfer, const struct json_node *event, struct error *err)
{
	const char *digest, *object, *path = NULL, *why;
	int r;
	if ((r = need_digest(event, "digest", &digest, err)) < 0 ||
	    (r = json_need_string(event, "object", &object, err)) < 0 ||
	    (r = json_get_string(event, "path", &path, err)) < 0 || (r = json_need_string(event, "why", &why, err)) < 0)
		return r;
	if (transfer->progress && transfer->progress->damage)
		transfer->progress->damage(transfer->progress->context, digest, object, path, why);
	return 0;
}

/* As it came: who asked knows what it is. */
static int on_found(struct transfer *transfer, const struct json_node *event, struct error *err)
{
	if (!transfer->found)
		transfer->found = json_object_new_array();
	if (json_object_array_length(transfer->found) >= FOUND_MAX)
		return json_error(event, err, "more than %d of them", FOUND_MAX);
	json_object_array_add(transfer->found, json_object_get(event->value));
	return 0;
}

struct digest_member {
	const char *key;
	char **ret;
	bool required;
};

static int parse_digests(const struct json_node *node, const struct digest_member *members, size_t n, struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		struct json_node ignored;
		const char *digest;
		if (!members[i].required && !json_get(node, members[i].key, &ignored))
			continue;
		int r = need_digest(node, members[i].key, &digest, err);
		if (r < 0)
			return r;
		*members[i].ret = mem_strdup(digest);
	}
	return 0;
}

static int parse_image(const struct json_node *node, struct transfer_image *ret, struct error *err)
{
	const struct digest_member members[] = {
		{ "manifest", &ret->manifest, true },
		{ "config", &ret->config, true },
		{ "index", &ret->index, false },
	};
	int r = json_as_object(node, err);
	if (r >= 0)
		r = parse_digests(node, members, ARRAY_SIZE(members), err);
	return r < 0 ? r : json_get_strv(node, "names", &ret->names, err);
}

static int parse_images(const struct json_node *event, struct transfer_result *result, struct error *err)
{
	struct json_node array;
	int r = json_get_array(event, "images", &array, err);
	if (r <= 0)
		return r;
	size_t count = json_array_length(&array);
	for (size_t i = 0; r >= 0 && i < count; i++) {
		struct json_node node = json_array_at(&array, i);
		r = parse_image(&node, ARRAY_APPEND(result->images, result->n_images), err);
	}
	return r;
}

static int parse_login(const struct json_node *event, struct transfer_result *result, struct error *err)
{
	int r = json_get_text(event, "user", &result->user, err);
	if (r >= 0)
		r = json_get_text(event, "stored", &result->stored, err);
	if (r >= 0)
		r = json_get_bool(event, "plain", &result->plain, err);
	return r < 0 ? r : json_get_bool(event, "removed", &result->removed, err);
}

static int on_done(struct transfer *transfer, const struct json_node *event, struct error *err)
{
	_cleanup_transfer_result_ struct transfer_result result = { 0 };
	const struct digest_member members[] = {
		{ "manifest", &result.manifest, false },
		{ "config", &result.config, false },
		{ "digest", &result.digest, false },
		{ "index", &result.index, false },
	};
	int r = parse_digests(event, members, ARRAY_SIZE(members), err);
	if (r >= 0)
		r = json_get_u64(event, "size", INT64_MAX, &result.size, err);
	if (r >= 0)
		r = parse_login(event, &result, err);
	if (r >= 0)
		r = json_get_strv(event, "tags", &result.tags, err);
	if (r >= 0)
		r = parse_images(event, &result, err);
	if (r < 0)
		return r;
	transfer_result_done(&transfer->result);
	transfer->result = result;
	result = (struct transfer_result){ 0 };
	transfer->result.found = TAKE_PTR(transfer->found);
	transfer->done = true;
	return 0;
}

static int on_error(struct transfer *transfer, const struct json_node *event, struct error *err)
{
	struct json_node node;
	struct error theirs;
	int r = json_need_object(event, "error", &node, err);
	if (r < 0)
		return r;
	json_to_error(&node, &theirs);
	if (err)
		*err = theirs;
	return -theirs.code;
}

static int on_line(struct transfer *transfer, struct error *err)
{
	static const struct {
		const char *name;
		int (*act)(struct transfer *transfer, const struct json_node *event, struct error *err);
	} events[] = { { "manifest", on_manifest }, { "layer", on_layer }, { "damage", on_damage },
		       { "found", on_found },	    { "done", on_done },   { "error", on_error } };
	_cleanup_json_document_ struct json_document document = { 0 };
	const char *name;
	int r = json_parse(str_text(&transfer->line), transfer->line.len, TRANSFER_PROGRAM, ERR_INTERNAL, &document,
			   err);
	if (r < 0)
		return r;
	struct json_node event = json_root(&document);
	if ((r = json_as_object(&event, err)) < 0 || (r = json_need_string(&event, "event", &name, err)) < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		if (streq(events[i].name, name))
			return events[i].act(transfer, &event, err);
	log_debug(TRANSFER_PROGRAM " says \"%s\", which means nothing to us", name);
	return 0;
}

/* --- lines --- */

static int take_bytes(struct transfer *transfer, const char *bytes, size_t len, struct error *err)
{
	while (len > 0) {
		const char *newline = memchr(bytes, '\n', len);
		size_t part = newline ? (size_t)(newline - bytes) : len;
		if (transfer->line.len + part > LINE_MAX_BYTES)
			return err_set(err, ERR_INTERNAL, TRANSFER_PROGRAM " wrote a line of more than %d bytes",
				       LINE_MAX_BYTES);
		str_append_len(&transfer->line, bytes, part);
		if (!newline)
			return 0;
		int r = on_line(transfer, err);
		if (r < 0)
			return r;
		str_truncate(&transfer->line, 0);
		bytes += part + 1;
		len -= part + 1;
	}
	return 0;
}

static int follow(struct transfer *transfer, int output, struct error *err)
{
	char buf[READ_SIZE];
	for (;;) {
		ssize_t n = RETRY_ON_EINTR(read(output, buf, sizeof buf));
		if (n < 0)
			return err_sys(err, errno, "read from " TRANSFER_PROGRAM);
		if (n == 0)
			return 0;
		int r = take_bytes(transfer, buf, (size_t)n, err);
		if (r < 0)
			return r;
	}
}

/* --- the process --- */

/* The request as a file: it can be as large as it likes, and no signal comes of a helper that does not read it. */
static int make_request(struct json_object *request, struct error *err)
{
	const char *text = json_text(request);
	_cleanup_close_ int fd = memfd_create("request", MFD_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "make a file in memory");
	int r = fd_write_all(fd, text, strlen(text));
	if (r < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, r < 0 ? -r : errno, "write a request to " TRANSFER_PROGRAM);
	return TAKE_FD(fd);
}

/* Returns the end of its output that is ours. */
static int start(struct engine *engine, struct json_object *request, const int *fds, size_t n_fds, pid_t *ret_pid,
		 struct error *err)
{
	_cleanup_free_ char *path = process_helper_path(TRANSFER_PROGRAM);
	_cleanup_close_ int input = make_request(request, err);
	int ends[2];
	if (input < 0)
		return input;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	_cleanup_close_ int output = ends[0];
	_cleanup_close_ int theirs = ends[1];
	char *argv[] = { (char *)TRANSFER_PROGRAM, engine->root, NULL };
	const struct process_spawn spawn = {
		.path = path,
		.argv = argv,
		.stdio = { input, theirs, log_fd() },
		.pass_fds = fds,
		.n_pass_fds = n_fds,
	};
	static_assert(TRANSFER_ARCHIVE_FD == (int)PASS_FD_FIRST, "the first that is passed");
	int r = process_spawn(&spawn, ret_pid, err);
	return r < 0 ? r : TAKE_FD(output);
}

static int died(int status, struct error *err)
{
	err_set(err, ERR_INTERNAL, TRANSFER_PROGRAM " ended without a result");
	if (WIFSIGNALED(status))
		return err_cause(err, "it was killed by signal %d", WTERMSIG(status));
	return err_cause(err, "its exit status is %d", process_exit_code(status));
}

int transfer_run(struct engine *engine, struct json_object *request, int fd, const struct transfer_progress *progress,
		 struct transfer_result *ret, struct error *err)
{
	return transfer_run_with(engine, request, &fd, fd >= 0, progress, ret, err);
}

int transfer_run_with(struct engine *engine, struct json_object *request, const int *fds, size_t n_fds,
		      const struct transfer_progress *progress, struct transfer_result *ret, struct error *err)
{
	_cleanup_transfer_ struct transfer transfer = { .progress = progress };
	pid_t pid = 0;
	_cleanup_close_ int output = start(engine, request, fds, n_fds, &pid, err);
	if (output < 0)
		return output;
	int r = follow(&transfer, output, err), status = 0;
	/* One that has reported an error is ending; one that talks nonsense has to. */
	if (r < 0)
		(void)kill(pid, SIGTERM);
	int waited = process_wait(pid, &status, r < 0 ? NULL : err);
	if (r < 0 || waited < 0)
		return r < 0 ? r : waited;
	if (!transfer.done || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return died(status, err);
	*ret = transfer.result;
	transfer.result = (struct transfer_result){ 0 };
	return 0;
}
