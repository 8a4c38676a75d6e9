/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/pressure-notify.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/time.h"

enum { WISHES_MAX = 3 }; /* one for each resource */

/* The kernel's bounds; without CAP_SYS_RESOURCE it takes multiples of two seconds only. */
static const int64_t WINDOW_MIN_NS = NSEC_PER_SEC / 2, WINDOW_MAX_NS = 10 * NSEC_PER_SEC,
		     WINDOW_DEFAULT_NS = 2 * NSEC_PER_SEC, STALL_DEFAULT_NS = 300 * NSEC_PER_MSEC;

static int parse_times(const char *text, int64_t *ret_stall, int64_t *ret_window, struct error *err)
{
	const char *slash = strchr(text, '/');
	if (!slash)
		return err_set(err, ERR_INVALID, "times are STALL/WINDOW, such as 300ms/2s");
	_cleanup_free_ char *stall = mem_strndup(text, (size_t)(slash - text));
	int r = parse_duration(stall, ret_stall, err);
	if (r >= 0)
		r = parse_duration(slash + 1, ret_window, err);
	if (r < 0)
		return r;
	if (*ret_window < WINDOW_MIN_NS || *ret_window > WINDOW_MAX_NS)
		return err_set(err, ERR_INVALID, "the window is out of range: 500ms to 10s");
	if (*ret_stall == 0 || *ret_stall > *ret_window)
		return err_set(err, ERR_INVALID, "the stall has to be more than 0, and at most the window");
	return 0;
}

static int parse_wish(const char *wish, char **ret, struct error *err)
{
	static const char *const resources[] = { "cpu", "memory", "io", NULL }, *const kinds[] = { "some", "full",
												   NULL };
	_cleanup_strv_ char **words = strv_split(wish, ':');
	size_t count = strv_count(words);
	int64_t stall = STALL_DEFAULT_NS, window = WINDOW_DEFAULT_NS;
	const char *kind = count > 1 ? words[1] : kinds[0];
	if (count == 0 || count > 3 || !strv_contains((char *const *)resources, words[0]))
		return err_set(err, ERR_INVALID, "it is cpu, memory or io, and :some or :full, and :STALL/WINDOW");
	if (!strv_contains((char *const *)kinds, kind))
		return err_set(err, ERR_INVALID, "\"%s\" is neither some nor full", kind);
	int r = count == 3 ? parse_times(words[2], &stall, &window, err) : 0;
	if (r < 0)
		return r;
	*ret = mem_printf("%s %s %" PRId64 " %" PRId64, words[0], kind, stall / 1000, window / 1000);
	return 0;
}

int pressure_notify_plan(char *const *wishes, char ***ret, struct error *err)
{
	_cleanup_strv_ char **plans = NULL;
	if (strv_count(wishes) > WISHES_MAX)
		return err_set(err, ERR_INVALID, "--pressure-notify: at most %d", WISHES_MAX);
	for (; wishes && *wishes; wishes++) {
		char *plan = NULL;
		int r = parse_wish(*wishes, &plan, err);
		if (r < 0)
			return err_wrap(err, "--pressure-notify %s", *wishes);
		strv_take(&plans, plan);
	}
	*ret = TAKE_PTR(plans);
	return 0;
}
