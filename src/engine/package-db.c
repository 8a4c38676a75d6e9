/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/package-db.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

void package_list_done(struct package_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->packages[i].name);
		free(list->packages[i].version);
		free(list->packages[i].architecture);
	}
	free(list->packages);
	*list = (struct package_list){ 0 };
}

static const struct {
	const char *name, *version, *architecture, *status;
} KEYS[] = {
	[PACKAGE_DEB] = { "Package:", "Version:", "Architecture:", "Status:" },
	[PACKAGE_APK] = { "P:", "V:", "A:", NULL },
};

/* A piece of the text. */
struct span {
	const char *start;
	size_t len;
};

/* What stands behind @key on the line, without the spaces around it. */
static bool take_value(const char *line, size_t len, const char *key, struct span *ret)
{
	size_t key_len = key ? strlen(key) : 0;
	if (key_len == 0 || len < key_len || memcmp(line, key, key_len) != 0)
		return false;
	const char *start = line + key_len, *end = line + len;
	while (start < end && (*start == ' ' || *start == '\t'))
		start++;
	while (end > start && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	*ret = (struct span){ start, (size_t)(end - start) };
	return true;
}

struct paragraph {
	struct span name, version, architecture, status;
};

static void take_line(enum package_kind kind, const char *line, size_t len, struct paragraph *paragraph)
{
	if (!take_value(line, len, KEYS[kind].name, &paragraph->name) &&
	    !take_value(line, len, KEYS[kind].version, &paragraph->version) &&
	    !take_value(line, len, KEYS[kind].architecture, &paragraph->architecture))
		(void)take_value(line, len, KEYS[kind].status, &paragraph->status);
}

/* "install ok installed": the last word says what there is. A paragraph that does not say so is of what is there. */
static bool is_installed(const struct span *status)
{
	static const char word[] = " installed";
	size_t len = strlen(word);
	return status->len == 0 || (status->len > len && memcmp(status->start + status->len - len, word, len) == 0);
}

static char *copy(const struct span *span)
{
	return span->start ? mem_strndup(span->start, span->len) : mem_strdup("");
}

static void end_paragraph(enum package_kind kind, struct paragraph *paragraph, struct package_list *list)
{
	if (paragraph->name.len > 0 && is_installed(&paragraph->status))
		*ARRAY_APPEND(list->packages, list->count) =
			(struct package){ .kind = kind,
					  .name = copy(&paragraph->name),
					  .version = copy(&paragraph->version),
					  .architecture = copy(&paragraph->architecture) };
	*paragraph = (struct paragraph){ 0 };
}

void package_db_parse(enum package_kind kind, const char *text, struct package_list *list)
{
	struct paragraph paragraph = { 0 };
	while (*text) {
		size_t len = strcspn(text, "\n");
		if (len == 0)
			end_paragraph(kind, &paragraph, list);
		else
			take_line(kind, text, len, &paragraph);
		text += len + (text[len] == '\n');
	}
	end_paragraph(kind, &paragraph, list);
}
