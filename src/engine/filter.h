/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The KEY=VALUE of --filter. What the keys are is each list's own: container-filter.h, image-filter.h.
 * Source: docs.docker.com/engine/cli/filter.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Take @text apart: *ret_key is the place of its key in the NULL-terminated @keys, *ret_value what stands behind the "=",
 * without the spaces around it; free() it. Errors: ERR_USAGE.
 */
int filter_parse(const char *text, const char *const *keys, size_t *ret_key, char **ret_value, struct error *err);

/* "invalid filter 'KEY=VALUE': it is ...": -ERR_USAGE. */
int filter_refuse(const char *key, const char *value, const char *expected, struct error *err);

/*
 * Several conditions together: of one key, any has to be met, and of a key that counts singly each; zero-initialised is
 * before the first. There are at most 32 keys.
 */
struct filter_verdict {
	uint32_t asked, met; /* keys */
	bool refused;
};

static inline void filter_count(struct filter_verdict *verdict, unsigned key, bool singly, bool is_met)
{
	verdict->asked |= UINT32_C(1) << key;
	verdict->met |= is_met ? UINT32_C(1) << key : 0;
	verdict->refused |= singly && !is_met;
}

static inline bool filter_passes(const struct filter_verdict *verdict)
{
	return !verdict->refused && verdict->asked == verdict->met;
}

/* Whether one of @labels ("key=value") is what @wanted ("key" or "key=value") asks for. */
bool filter_has_label(char *const *labels, const char *wanted);
