/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions of `import --change`, one a line, on one image's configuration, which can be read again afterwards. */
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/config-write.h"
#include "image/import-change.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = mem_strndup((const char *)data, size);
	_cleanup_strv_ char **lines = strv_split(text, '\n');
	_cleanup_image_config_ struct image_config config = { 0 }, again = { 0 };
	for (char **line = lines; line && *line; line++) {
		struct error err = { 0 };
		int r = import_change(&config, *line, &err);
		check(r == 0 || (r == -ERR_INVALID && *err.message));
	}
	config.platform = platform_host();
	_cleanup_json_ struct json_object *object = image_config_to_json(&config, "fuzzed");
	const char *written = json_text(object);
	check(!str_is_utf8(text, strlen(text)) || image_config_parse(written, strlen(written), &again, NULL) == 0);
	return 0;
}
