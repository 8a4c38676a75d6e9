/* SPDX-License-Identifier: Apache-2.0 */
#include "programs/runtime/select.h"

#include <regex.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/str.h"
#include "runtime/container.h"

static int compile(const char *text, regex_t *ret, struct error *err)
{
	char reason[128];
	int r = regcomp(ret, text, REG_EXTENDED | REG_NOSUB);
	if (r == 0)
		return 0;
	regerror(r, ret, reason, sizeof reason);
	return err_set(err, ERR_USAGE, "\"%s\" is not a regular expression: %s", text, reason);
}

int select_and_act(const struct runtime_globals *globals, const char *id, bool regex, select_fn act, void *target,
		   struct error *err)
{
	_cleanup_strv_ char **ids = NULL;
	regex_t pattern;
	if (!regex)
		return act(globals, id, target, err);
	int first = 0, r = compile(id, &pattern, err);
	if (r < 0)
		return r;
	r = container_list(globals->root, &ids, err);
	for (char **at = ids; r == 0 && *at; at++) {
		struct error why = { 0 };
		if (regexec(&pattern, *at, 0, NULL, 0) != 0 || act(globals, *at, target, &why) == 0)
			continue;
		log_failure(LOG_LEVEL_WARN, *at, &why);
		if (first == 0 && err)
			*err = why;
		first = first ? first : -why.code;
	}
	regfree(&pattern);
	return r < 0 ? r : first;
}
