/* SPDX-License-Identifier: Apache-2.0 */
#include "observe/protocols.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"

/* The words behind "PROTOCOL: " of the first line at *@lines that begins so, which moves behind it. strv_free(). */
static char **next_words(char ***lines, const char *protocol)
{
	for (; *lines && **lines; (*lines)++) {
		const char *rest = str_after(**lines, protocol);
		if (!rest || !str_starts_with(rest, ": "))
			continue;
		(*lines)++;
		return strv_split(rest + 2, ' ');
	}
	return NULL;
}

static bool number_at(char *const *values, size_t i, uint64_t *ret)
{
	return i < strv_count(values) && parse_u64(values[i], UINT64_MAX, ret, NULL) >= 0;
}

static size_t index_of(char *const *words, const char *word)
{
	size_t i = 0;
	while (words[i] && !streq(words[i], word))
		i++;
	return i;
}

bool protocol_counter(const char *table, const char *protocol, const char *name, uint64_t *ret)
{
	_cleanup_strv_ char **lines = strv_split(table, '\n');
	char **at = lines;
	_cleanup_strv_ char **names = next_words(&at, protocol);
	_cleanup_strv_ char **values = next_words(&at, protocol);
	size_t i = names ? index_of(names, name) : 0;
	return names && names[i] && number_at(values, i, ret);
}

bool socket_counter(const char *table, const char *protocol, const char *name, uint64_t *ret)
{
	_cleanup_strv_ char **lines = strv_split(table, '\n');
	char **at = lines;
	_cleanup_strv_ char **words = next_words(&at, protocol);
	size_t i = words ? index_of(words, name) : 0;
	return words && words[i] && number_at(words, i + 1, ret);
}

/* Columns stand apart by one blank or several. free() it; NULL: there are not so many. */
static char *column(const char *line, size_t i)
{
	const char *at = line + strspn(line, " ");
	for (; i > 0 && *at; i--) {
		at += strcspn(at, " ");
		at += strspn(at, " ");
	}
	return *at ? mem_strndup(at, strcspn(at, " ")) : NULL;
}

static size_t find_column(const char *header, const char *name, bool *ret_found)
{
	size_t i = 0;
	for (char *word; (word = column(header, i)); i++) {
		*ret_found = streq(word, name);
		free(word);
		if (*ret_found)
			return i;
	}
	return i;
}

bool conntrack_counter(const char *table, const char *name, uint64_t *ret)
{
	_cleanup_strv_ char **lines = strv_split(table, '\n');
	bool found = false;
	uint64_t sum = 0;
	if (!lines || !*lines)
		return false;
	size_t i = find_column(*lines, name, &found);
	for (char **line = lines + 1; found && *line; line++) {
		_cleanup_free_ char *word = column(*line, i);
		sum += word ? strtoull(word, NULL, 16) : 0;
	}
	*ret = found ? sum : *ret;
	return found;
}
