/* SPDX-License-Identifier: Apache-2.0 */
/* What -v, --mount and --tmpfs take, and the form in which the database keeps it. */
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/mount-flag.h"
#include "cli/mount-options.h"
#include "engine/mount-request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
	if (!condition)
		abort();
}

/* What goes into the database comes out of it; JSON has no bytes that are not UTF-8. */
static void check_kept(const struct mount_request *mount)
{
	_cleanup_json_ struct json_object *first = json_object_new_object();
	_cleanup_json_ struct json_object *second = json_object_new_object();
	_cleanup_json_document_ struct json_document document = { 0 };
	struct mount_request *again = NULL;
	size_t count = 0;
	struct error err = { 0 };
	mount_requests_to_json(mount, 1, first);
	const char *text = json_text(first);
	check(json_parse(text, strlen(text), "x", ERR_DB, &document, &err) >= 0);
	struct json_node root = json_root(&document);
	check(mount_requests_from_json(&root, &again, &count, &err) >= 0 && count == 1);
	mount_requests_to_json(again, 1, second);
	check(streq(json_text(second), text));
	mount_requests_free(again, count);
}

static void try_parser(int (*parse)(const char *text, struct mount_request *ret, struct error *err), const char *text)
{
	_cleanup_mount_request_ struct mount_request mount = { 0 };
	struct error err = { 0 };
	int r = parse(text, &mount, &err);
	if (r < 0) {
		check(err.code == -r && *err.message && !mount.source && !mount.target && !mount.options);
		return;
	}
	check(mount.target[0] == '/' && mount.target[1]);
	check(mount.kind != MOUNT_BIND || mount.source[0] == '/');
	if (str_is_utf8(text, strlen(text)))
		check_kept(&mount);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = mem_strndup((const char *)data, size);
	try_parser(mount_parse_flag, text);
	try_parser(mount_parse_volume, text);
	try_parser(mount_parse_tmpfs, text);
	return 0;
}
