/* SPDX-License-Identifier: Apache-2.0 */
#include "image/save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "image/annotation.h"
#include "image/blob.h"
#include "image/hash.h"
#include "image/manifest.h"
#include "image/reference.h"
#include "image/tar-write.h"

enum { COPY_SIZE = 64 * 1024 };

struct save {
	struct store *store;
	const struct transfer *transfer;
	int fd;	       /* what is written to: of the archive, or ... */
	int directory; /* ... of a file here; -1 for an archive */
	struct hash *hash;
	char **written;		       /* digests */
	struct json_object *index;     /* index.json */
	struct json_object *manifests; /* ... its array */
	struct json_object *archive;   /* manifest.json */
	struct manifest *images;       /* as options->images */
	size_t n_images;
	char *buf;
};

/* --- bytes --- */

static int put(struct save *save, const void *data, size_t len, struct error *err)
{
	int r = transfer_wait(save->transfer, save->fd, POLLOUT, -1, err);
	if (r < 0)
		return r;
	r = fd_write_all(save->fd, data, len);
	return r < 0 ? err_sys(err, -r, "write the archive") : 0;
}

static int put_zeros(struct save *save, uint64_t len, struct error *err)
{
	static const char zeros[2 * TAR_BLOCK];
	return save->directory < 0 ? put(save, zeros, len, err) : 0;
}

/* The next file, or a directory, whose name ends with "/". */
static int make_file(struct save *save, const char *name, bool directory, struct error *err)
{
	enum { DIRECTORY_MODE = 0755, FILE_MODE = 0644 };
	fd_close(save->fd);
	save->fd = -1;
	int r = 0;
	if (directory)
		r = mkdirat(save->directory, name, DIRECTORY_MODE);
	else
		r = save->fd = openat(save->directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
	return r < 0 ? err_sys(err, errno, "make '%s'", name) : 0;
}

static int put_header(struct save *save, const char *name, uint64_t size, bool directory, struct error *err)
{
	char block[TAR_BLOCK];
	if (save->directory >= 0)
		return make_file(save, name, directory, err);
	tar_header(name, size, directory, block);
	return put(save, block, sizeof block, err);
}

static int put_text(struct save *save, const char *name, const char *text, struct error *err)
{
	size_t len = strlen(text);
	int r = put_header(save, name, len, false, err);
	if (r >= 0)
		r = put(save, text, len, err);
	return r < 0 ? r : put_zeros(save, tar_padding(len), err);
}

/* --- blobs --- */

static int copy(struct save *save, int blob, uint64_t size, struct error *err)
{
	for (uint64_t left = size; left > 0;) {
		ssize_t n = fd_read_full(blob, save->buf, (size_t)MIN(left, (uint64_t)COPY_SIZE));
		if (n <= 0)
			return err_sys(err, n < 0 ? (int)-n : EIO, "read a blob of the store");
		hash_update(save->hash, save->buf, (size_t)n);
		int r = put(save, save->buf, (size_t)n, err);
		if (r < 0)
			return r;
		left -= (uint64_t)n;
	}
	return put_zeros(save, tar_padding(size), err);
}

static int put_blob(struct save *save, const char *digest, struct error *err)
{
	char name[TAR_NAME_MAX], got[DIGEST_TEXT_LENGTH + 1];
	struct stat st;
	if (strv_contains(save->written, digest))
		return 0;
	_cleanup_close_ int blob = blob_open(save->store, digest, err);
	if (blob < 0)
		return blob;
	if (fstat(blob, &st) < 0)
		return err_sys(err, errno, "look at blob '%s'", digest);
	snprintf(name, sizeof name, "blobs/sha256/%s", digest_hex(digest));
	int r = put_header(save, name, (uint64_t)st.st_size, false, err);
	if (r >= 0)
		r = copy(save, blob, (uint64_t)st.st_size, err);
	if (r >= 0)
		r = hash_finish(save->hash, got, err);
	if (r < 0)
		return r;
	if (!streq(got, digest)) {
		(void)err_set(err, ERR_IMG_DIGEST, "blob '%s' in the store is damaged", digest);
		return err_cause(err, "what is there has the digest %s", got);
	}
	strv_append(&save->written, digest);
	return 0;
}

static int put_image(struct save *save, const char *digest, const struct manifest *image, struct error *err)
{
	int r = put_blob(save, digest, err);
	if (r >= 0)
		r = put_blob(save, image->config.digest, err);
	for (size_t i = 0; r >= 0 && i < image->n_layers; i++)
		r = put_blob(save, image->layers[i].digest, err);
	return r;
}

/* --- documents --- */

static int add_entry(struct save *save, const char *digest, size_t size, const struct manifest *image, const char *name,
		     struct error *err)
{
	_cleanup_reference_ struct image_reference reference = { 0 };
	int r = name ? reference_parse(name, &reference, err) : 0;
	if (r < 0)
		return r;
	struct json_object *entry = json_object_new_object();
	json_add_string(entry, "mediaType", image->media_type);
	json_add_string(entry, "digest", digest);
	json_add_i64(entry, "size", (int64_t)size);
	if (name) {
		struct json_object *annotations = json_add_object(entry, "annotations");
		json_add_string(annotations, ANNOTATION_IMAGE_NAME, name);
		json_add_string(annotations, ANNOTATION_REF_NAME, reference.tag);
	}
	json_object_array_add(save->manifests, entry);
	return 0;
}

static void append_path(struct json_object *array, const char *digest)
{
	_cleanup_free_ char *path = mem_printf("blobs/sha256/%s", digest_hex(digest));
	json_append_string(array, path);
}

/* In manifest.json; the names are as people write them. */
static int add_archived(struct save *save, const struct manifest *image, char *const *names, struct error *err)
{
	struct json_object *entry = json_object_new_object();
	json_object_array_add(save->archive, entry);
	_cleanup_free_ char *config = mem_printf("blobs/sha256/%s", digest_hex(image->config.digest));
	json_add_string(entry, "Config", config);
	struct json_object *tags = json_add_array(entry, "RepoTags");
	for (; names && *names; names++) {
		_cleanup_reference_ struct image_reference reference = { 0 };
		int r = reference_parse(*names, &reference, err);
		if (r < 0)
			return r;
		_cleanup_free_ char *name = reference_familiar(&reference);
		json_append_string(tags, name);
	}
	struct json_object *layers = json_add_array(entry, "Layers");
	for (size_t i = 0; i < image->n_layers; i++)
		append_path(layers, image->layers[i].digest);
	return 0;
}

static int read_image(struct save *save, const struct save_image *image, struct manifest *ret, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r = blob_read(save->store, image->manifest, MANIFEST_SIZE_MAX, &text, &len, err);
	if (r >= 0)
		r = manifest_parse(text, len, NULL, ret, err);
	if (r < 0)
		return r;
	if (ret->is_index)
		return err_set(err, ERR_IMG_MANIFEST, "%s is an index and no image", image->manifest);
	if (!image->names)
		r = add_entry(save, image->manifest, len, ret, NULL, err);
	for (char **name = image->names; r >= 0 && name && *name; name++)
		r = add_entry(save, image->manifest, len, ret, *name, err);
	return r < 0 ? r : add_archived(save, ret, image->names, err);
}

static void make_index(struct save *save)
{
	save->index = json_object_new_object();
	json_add_i64(save->index, "schemaVersion", 2);
	json_add_string(save->index, "mediaType", MEDIA_OCI_INDEX);
	save->manifests = json_add_array(save->index, "manifests");
	save->archive = json_object_new_array();
}

/* --- all of it --- */

static int put_documents(struct save *save, struct error *err)
{
	int r = put_text(save, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}", err);
	if (r >= 0)
		r = put_text(save, "index.json", json_text(save->index), err);
	if (r >= 0)
		r = put_text(save, "manifest.json", json_text(save->archive), err);
	if (r >= 0)
		r = put_header(save, "blobs/", 0, true, err);
	return r < 0 ? r : put_header(save, "blobs/sha256/", 0, true, err);
}

static int save_all(struct save *save, const struct save_options *options, struct error *err)
{
	int r = hash_new(&save->hash, err);
	make_index(save);
	for (size_t i = 0; r >= 0 && i < options->n_images; i++)
		r = read_image(save, &options->images[i], &save->images[save->n_images++], err);
	if (r >= 0)
		r = put_documents(save, err);
	for (size_t i = 0; r >= 0 && i < options->n_images; i++)
		r = put_image(save, options->images[i].manifest, &save->images[i], err);
	return r < 0 ? r : put_zeros(save, UINT64_C(2) * TAR_BLOCK, err);
}

static void save_done(struct save *save)
{
	if (save->directory >= 0)
		fd_close(save->fd);
	for (size_t i = 0; i < save->n_images; i++)
		manifest_done(&save->images[i]);
	free(save->images);
	free(save->buf);
	strv_free(save->written);
	json_object_put(save->index);
	json_object_put(save->archive);
	hash_free(save->hash);
}

int save_images(struct store *store, const struct transfer *transfer, const struct save_options *options,
		struct error *err)
{
	struct stat st;
	if (fstat(options->fd, &st) < 0)
		return err_sys(err, errno, "write the archive");
	bool is_directory = S_ISDIR(st.st_mode);
	struct save save = {
		.store = store,
		.transfer = transfer,
		.fd = is_directory ? -1 : options->fd,
		.directory = is_directory ? options->fd : -1,
		.images = mem_alloc((options->n_images + 1) * sizeof *save.images),
		.buf = mem_alloc(COPY_SIZE),
	};
	int r = save_all(&save, options, err);
	save_done(&save);
	return r;
}
