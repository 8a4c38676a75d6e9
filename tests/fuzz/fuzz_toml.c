/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration files in TOML. What is accepted must be a document that can be written as JSON, and read again. */
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/toml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_json_document_ struct json_document document = { 0 }, again = { 0 };
	struct error err = { 0 };
	int r = toml_parse((const char *)data, size, "fuzz", ERR_INVALID, &document, &err);
	if (r < 0) {
		check(r == -ERR_INVALID && err.message[0] && !document.root);
		return 0;
	}
	const char *text = json_text(document.root);
	check(json_parse(text, strlen(text), "again", ERR_INVALID, &again, NULL) == 0);
	check(json_object_equal(document.root, again.root));
	return 0;
}
