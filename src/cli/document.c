/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/document.h"

#include "base/cleanup.h"
#include "cli/json-output.h"
#include "cli/print.h"
#include "cli/template.h"

/* What is in the document is known, what is not is unknown; of its objects these are maps. */
static const struct template_member MEMBERS[] = {
	{ "", "Runtimes", NULL, TYPE_MAP },
	{ "Components", "Details", NULL, TYPE_MAP },
	{ 0 },
};

int document_print(struct json_object *document, const char *what, const char *format, struct error *err)
{
	_cleanup_template_ struct template *template = NULL;
	_cleanup_str_ struct str text = { 0 };
	const struct template_data data = { .root = document, .what = what, .members = MEMBERS };
	if (str_is_empty(format))
		return 0;
	if (streq(format, "json")) {
		json_print_line(document);
		return 1;
	}
	int r = template_parse(format, &template, err);
	if (r >= 0)
		r = template_execute(template, &data, &text, err);
	if (r < 0)
		return r;
	str_append_char(&text, '\n');
	print_text(str_text(&text));
	return 1;
}
