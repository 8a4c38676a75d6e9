/* SPDX-License-Identifier: Apache-2.0 */
#include "image/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/blob.h"
#include "image/config.h"
#include "image/content.h"
#include "image/hash.h"
#include "image/manifest.h"
#include "image/verify-tree.h"
#include "storage/layer.h"

enum { OBJECT_MAX = 80 };

struct verification {
	struct store *store;
	const struct transfer *transfer;
	struct unpack_worker *worker;
	bool repair;
	char **damaged; /* blobs; digests */
	char **layers;	/* compared already; DiffIDs */
};

/* The object is "blobs/sha256/HEX" or "layers/HEX", the path what in it is damaged, or NULL. */
static int tell_damage(const struct verification *verification, const char *object, const char *digest,
		       const char *path, const char *why, struct error *err)
{
	char safe[PATH_MAX];
	struct json_object *event = json_object_new_object();
	json_add_string(event, "event", "damage");
	json_add_string(event, "digest", digest);
	json_add_string(event, "object", object);
	if (path)
		str_escape_control(path, safe, sizeof safe);
	json_add_string(event, "path", path ? safe : NULL);
	json_add_string(event, "why", why);
	return transfer_send(verification->transfer, event, err);
}

/* --- blobs --- */

static int tell_blob(struct verification *verification, const char *digest, const char *why, struct error *err)
{
	char object[OBJECT_MAX + 16];
	snprintf(object, sizeof object, "blobs/sha256/%s", digest_hex(digest));
	strv_append(&verification->damaged, digest);
	int r = verification->repair ? blob_remove(verification->store, digest, err) : 0;
	return r < 0 ? r : tell_damage(verification, object, digest, NULL, why, err);
}

/* No other failure to read, such as for want of memory or descriptors, says anything about the blob. */
static bool is_damage(int sys_errno)
{
	return sys_errno == EIO || sys_errno == ELOOP;
}

static int tell_unreadable(struct verification *verification, const char *digest, int sys_errno, struct error *err)
{
	char why[160], words[128];
	if (verification->repair && !is_damage(sys_errno))
		return err_sys(err, sys_errno, "read blob '%s'", digest);
	snprintf(why, sizeof why, "it cannot be read: %s", str_errno(sys_errno, words, sizeof words));
	return tell_blob(verification, digest, why, err);
}

static int verify_blob(struct verification *verification, const char *digest, struct error *err)
{
	char got[DIGEST_TEXT_LENGTH + 1], why[128 + DIGEST_TEXT_LENGTH];
	struct error failure = { 0 };
	int sys_errno = 0;
	_cleanup_close_ int fd = blob_open(verification->store, digest, &failure);
	int r = fd < 0 ? 0 : hash_file(fd, verification->transfer, got, &sys_errno, err);
	if (r < 0)
		return r;
	if (fd < 0 && failure.sys_errno == ENOENT)
		return tell_blob(verification, digest, "it is missing", err);
	if (r == 0)
		return tell_unreadable(verification, digest, fd < 0 ? failure.sys_errno : sys_errno, err);
	if (streq(got, digest))
		return 0;
	snprintf(why, sizeof why, "its content has the digest %s", got);
	return tell_blob(verification, digest, why, err);
}

static bool is_sound(const struct verification *verification, const char *digest)
{
	return !strv_contains(verification->damaged, digest);
}

/* --- layers --- */

struct layer_check {
	struct verification *verification;
	const char *diff_id;
	char object[OBJECT_MAX];
	uint64_t differences;
};

static int on_difference(void *context, const char *path, const char *why, struct error *err)
{
	struct layer_check *check = context;
	if (check->differences++ >= VERIFY_DIFFERENCES_MAX)
		return 0;
	return tell_damage(check->verification, check->object, check->diff_id, path, why, err);
}

static int on_pause(void *context, struct error *err)
{
	struct layer_check *check = context;
	return transfer_wait(check->verification->transfer, -1, 0, 0, err);
}

static int tell_layer(struct layer_check *check, const char *why, struct error *err)
{
	check->differences++;
	return tell_damage(check->verification, check->object, check->diff_id, NULL, why, err);
}

static int compare(struct layer_check *check, const struct staging *staging, struct error *err)
{
	struct store *store = check->verification->store;
	_cleanup_close_ int layer =
		openat(store->layers, digest_hex(check->diff_id), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (layer < 0 && errno == ENOENT)
		return tell_layer(check, "it is missing", err);
	if (layer < 0)
		return err_sys(err, errno, "open layer '%s'", check->diff_id);
	const struct verify_tree tree = {
		.wanted = staging->fd, .got = layer, .differ = on_difference, .pause = on_pause, .context = check
	};
	int r = verify_tree(&tree, err);
	if (r < 0 || check->differences <= VERIFY_DIFFERENCES_MAX)
		return r;
	char why[64];
	snprintf(why, sizeof why, "%ju more differences", (uintmax_t)(check->differences - VERIFY_DIFFERENCES_MAX));
	return tell_layer(check, why, err);
}

static int unpack(struct verification *verification, const struct descriptor *descriptor, int dir,
		  struct unpack_result *ret, struct error *err)
{
	struct stat st;
	struct unpack_worker *worker = verification->worker;
	_cleanup_close_ int blob = blob_open(verification->store, descriptor->digest, err);
	if (blob < 0)
		return blob;
	if (fstat(blob, &st) < 0)
		return err_sys(err, errno, "examine blob '%s'", descriptor->digest);
	uint64_t size = (uint64_t)st.st_size;
	int r = unpack_worker_begin(worker, blob, size, dir, descriptor->compression, NULL, err);
	if (r >= 0)
		r = unpack_worker_feed(worker, size, true, err);
	if (r >= 0)
		r = transfer_wait(verification->transfer, unpack_worker_fd(worker), POLLIN, -1, err);
	return r < 0 ? r : unpack_worker_finish(worker, ret, err);
}

static int verify_layer(struct verification *verification, const struct descriptor *descriptor, const char *diff_id,
			struct error *err)
{
	struct layer_check check = { .verification = verification, .diff_id = diff_id };
	_cleanup_staging_ struct staging staging = { .fd = -1 };
	struct unpack_result result;
	snprintf(check.object, sizeof check.object, "layers/%s", digest_hex(diff_id));
	strv_append(&verification->layers, diff_id);
	int r = staging_open(verification->store, &staging, err);
	if (r >= 0)
		r = unpack(verification, descriptor, staging.fd, &result, err);
	if (r < 0)
		return err_wrap(err, "layer '%s'", diff_id);
	if (!streq(result.diff_id, diff_id)) /* an image whose config says something else than its layers */
		return tell_damage(verification, check.object, diff_id, NULL, "its blob unpacks to another DiffID",
				   err);
	r = compare(&check, &staging, err);
	if (r >= 0 && check.differences > 0 && verification->repair)
		r = layer_replace(verification->store, staging.name, diff_id, err);
	return r;
}

/* --- images --- */

static int read_config(struct verification *verification, const struct manifest *manifest, struct image_config *ret,
		       struct error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = blob_read(verification->store, manifest->config.digest, IMAGE_CONFIG_SIZE_MAX, &text, &len, err);
	return r < 0 ? r : image_config_parse(text, len, ret, err);
}

static int verify_layers(struct verification *verification, const struct manifest *manifest, struct error *err)
{
	_cleanup_image_config_ struct image_config config = { 0 };
	int r = read_config(verification, manifest, &config, err);
	if (r >= 0 && strv_count(config.diff_ids) != manifest->n_layers)
		r = err_set(err, ERR_IMG_MANIFEST, "the manifest has other layers than the image config '%s'",
			    manifest->config.digest);
	for (size_t i = 0; r >= 0 && i < manifest->n_layers; i++)
		if (is_sound(verification, manifest->layers[i].digest) &&
		    !strv_contains(verification->layers, config.diff_ids[i]))
			r = verify_layer(verification, &manifest->layers[i], config.diff_ids[i], err);
	return r;
}

static int verify_image(struct verification *verification, const char *digest, struct error *err)
{
	_cleanup_manifest_ struct manifest manifest = { 0 };
	_cleanup_free_ char *text = NULL;
	size_t len;
	if (!is_sound(verification, digest))
		return 0;
	int r = blob_read(verification->store, digest, MANIFEST_SIZE_MAX, &text, &len, err);
	if (r >= 0)
		r = manifest_parse(text, len, NULL, &manifest, err);
	if (r < 0 || manifest.is_index || !is_sound(verification, manifest.config.digest))
		return r;
	return verify_layers(verification, &manifest, err);
}

int verify_images(struct store *store, const struct transfer *transfer, struct pull_workers *workers,
		  const struct verify_options *options, struct error *err)
{
	struct verification verification = {
		.store = store,
		.transfer = transfer,
		.worker = workers->workers[0],
		.repair = options->repair,
	};
	int r = 0;
	for (char **blob = options->blobs; r >= 0 && blob && *blob; blob++)
		r = verify_blob(&verification, *blob, err);
	for (char **manifest = options->manifests; r >= 0 && manifest && *manifest; manifest++)
		r = verify_image(&verification, *manifest, err);
	strv_free(verification.damaged);
	strv_free(verification.layers);
	return r;
}
