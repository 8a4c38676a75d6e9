/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits of disks: the device's path and a number, with a colon between them.
 * Source: docs.docker.com/engine/containers/run, "Block IO bandwidth (Blkio) constraint"; config-linux.md, "Block IO".
 */
#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/limits-internal.h"

enum { WEIGHT_MIN = 10, WEIGHT_MAX = 1000 };

static const struct disk_limit {
	const char *flag;
	size_t words;	      /* where in a container_spec its list is */
	const char *key;      /* in the specification's blockIO */
	const char *shown_as; /* in HostConfig */
	enum { WEIGHT, BYTES, OPERATIONS } kind;
} LIMITS[] = {
	{ "--blkio-weight-device", offsetof(struct container_spec, blkio_weight_device), "weightDevice",
	  "BlkioWeightDevice", WEIGHT },
	{ "--device-read-bps", offsetof(struct container_spec, device_read_bps), "throttleReadBpsDevice",
	  "BlkioDeviceReadBps", BYTES },
	{ "--device-write-bps", offsetof(struct container_spec, device_write_bps), "throttleWriteBpsDevice",
	  "BlkioDeviceWriteBps", BYTES },
	{ "--device-read-iops", offsetof(struct container_spec, device_read_iops), "throttleReadIOPSDevice",
	  "BlkioDeviceReadIOps", OPERATIONS },
	{ "--device-write-iops", offsetof(struct container_spec, device_write_iops), "throttleWriteIOPSDevice",
	  "BlkioDeviceWriteIOps", OPERATIONS },
};

static char *const *words_of(const struct container_spec *spec, const struct disk_limit *limit)
{
	return *(char **const *)((const char *)spec + limit->words);
}

static const char *number_key(const struct disk_limit *limit)
{
	return limit->kind == WEIGHT ? "weight" : "rate";
}

/* --- PATH:NUMBER --- */

/* The last colon, for there are devices with colons in their names. */
static int parse_words(const struct disk_limit *limit, const char *text, char **ret_path, uint64_t *ret,
		       struct error *err)
{
	const char *colon = strrchr(text, ':');
	if (!colon || colon == text || !colon[1])
		return err_set(err, ERR_INVALID, "it is PATH:%s", limit->kind == WEIGHT ? "WEIGHT" : "RATE");
	int r = limit->kind == BYTES ? parse_size(colon + 1, ret, err) : parse_u64(colon + 1, UINT32_MAX, ret, err);
	if (r < 0)
		return r;
	if (limit->kind == WEIGHT && (*ret < WEIGHT_MIN || *ret > WEIGHT_MAX))
		return err_set(err, ERR_INVALID, "the weight is out of range: %d to %d", WEIGHT_MIN, WEIGHT_MAX);
	if (limit->kind != WEIGHT && *ret == 0)
		return err_set(err, ERR_INVALID, "the rate has to be more than 0");
	*ret_path = mem_strndup(text, (size_t)(colon - text));
	return 0;
}

static int find_disk(const char *path, dev_t *ret, struct error *err)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return err_sys_code(err, ERR_DEV, errno, "examine device '%s'", path);
	if (!S_ISBLK(st.st_mode))
		return err_set(err, ERR_DEV, "'%s' is not a block device", path);
	*ret = st.st_rdev;
	return 0;
}

static int add_words(const struct disk_limit *limit, const char *text, struct json_object *array, struct error *err)
{
	_cleanup_free_ char *path = NULL;
	uint64_t number;
	dev_t disk = 0;
	int r = parse_words(limit, text, &path, &number, err);
	if (r >= 0)
		r = find_disk(path, &disk, err);
	if (r < 0)
		return err_wrap(err, "%s %s", limit->flag, text);
	struct json_object *element = json_object_new_object();
	json_add_i64(element, "major", major(disk));
	json_add_i64(element, "minor", minor(disk));
	json_add_u64(element, number_key(limit), number);
	json_object_array_add(array, element);
	return 0;
}

/* --- All of them --- */

int limits_add_block(const struct container_spec *spec, struct json_object *resources, struct error *err)
{
	_cleanup_json_ struct json_object *section = json_object_new_object();
	if (spec->blkio_weight)
		json_add_u64(section, "weight", spec->blkio_weight);
	for (size_t i = 0; i < ARRAY_SIZE(LIMITS); i++) {
		char *const *words = words_of(spec, &LIMITS[i]);
		struct json_object *array = words && *words ? json_add_array(section, LIMITS[i].key) : NULL;
		for (; words && *words; words++) {
			int r = add_words(&LIMITS[i], *words, array, err);
			if (r < 0)
				return r;
		}
	}
	if (json_object_object_length(section) > 0)
		json_object_object_add(resources, "blockIO", TAKE_PTR(section));
	return 0;
}

int limits_check_block(const struct container_spec *spec, struct error *err)
{
	_cleanup_json_ struct json_object *scratch = json_object_new_object();
	if (spec->blkio_weight && (spec->blkio_weight < WEIGHT_MIN || spec->blkio_weight > WEIGHT_MAX))
		return err_set(err, ERR_INVALID, "--blkio-weight %" PRIu64 ": Range of blkio weight is from %d to %d",
			       spec->blkio_weight, WEIGHT_MIN, WEIGHT_MAX);
	return limits_add_block(spec, scratch, err);
}

void limits_describe_block(const struct container_spec *spec, struct json_object *host)
{
	json_add_u64(host, "BlkioWeight", spec->blkio_weight);
	for (size_t i = 0; i < ARRAY_SIZE(LIMITS); i++) {
		struct json_object *array = json_add_array(host, LIMITS[i].shown_as);
		for (char *const *words = words_of(spec, &LIMITS[i]); words && *words; words++) {
			_cleanup_free_ char *path = NULL;
			uint64_t number;
			if (parse_words(&LIMITS[i], *words, &path, &number, NULL) < 0)
				continue;
			struct json_object *element = json_object_new_object();
			json_add_string(element, "Path", path);
			json_add_u64(element, LIMITS[i].kind == WEIGHT ? "Weight" : "Rate", number);
			json_object_array_add(array, element);
		}
	}
}
