/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates. Whatever the text is, parsing ends with a tree or a complaint, and executing it, on what is known and on bare
 * JSON, with a text of bounded length or a complaint. Whatever that text is, it can be put into columns.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/inspect-template.h"
#include "cli/table.h"
#include "cli/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RESULT_MAX = 256 << 20, ALIGNED_MAX = 64 << 10 };

static const char DOCUMENT[] =
	"{\"Id\":\"c1\",\"State\":{\"Pid\":42,\"Running\":true,\"Health\":null},\"Name\":\"/web\",\"Load\":1.5,"
	"\"Config\":{\"Env\":[\"A=b\",\"C=\"],\"Labels\":{\"a\":\"1\",\"b\":\"\\u00e4\"},\"Cmd\":null},"
	"\"Mounts\":[{\"Type\":\"bind\",\"RW\":true}]}";

static void check(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = mem_strndup((const char *)data, size);
	_cleanup_template_ struct template *template = NULL;
	_cleanup_str_ struct str out = { 0 };
	struct error err = { 0 };
	int r = template_parse(text, &template, &err);
	check(r >= 0 || (r == -ERR_TEMPLATE && str_starts_with(err.message, "template parsing error: ")));
	if (r < 0)
		return 0;
	_cleanup_json_ struct json_object *document = json_tokener_parse(DOCUMENT);
	r = inspect_execute(template, document, &out, &err);
	check(r >= 0 ||
	      (r == -ERR_INVALID && str_starts_with(err.message, "template parsing error: ") && out.len == 0));
	check(out.len <= RESULT_MAX);
	if (r >= 0 && out.len < ALIGNED_MAX)
		free(table_align(str_text(&out)));
	return 0;
}
