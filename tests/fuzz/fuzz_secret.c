/* SPDX-License-Identifier: Apache-2.0 */
/* What --secret takes, and what a container gets of it. */
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/mount-request.h"
#include "engine/secret-request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = mem_strndup((const char *)data, size);
	_cleanup_json_ struct json_object *document = json_object_new_object();
	struct mount_request *mounts = NULL;
	size_t count = 0;
	const struct container_spec spec = { .secrets = (char *[]){ text, NULL } };
	secret_requests_mount(&spec, "/run", &mounts, &count);
	check(count <= 2);
	for (size_t i = 0; i < count; i++) {
		_cleanup_strv_ char **parts = strv_split(mounts[i].target, '/');
		check(mounts[i].target[0] == '/' && mounts[i].target[1]);
		check(!strv_contains(parts, "..") && !strv_contains(parts, "."));
	}
	secret_requests_describe(&spec, document);
	check(json_text(document) != NULL);
	mount_requests_free(mounts, count);
	return 0;
}
