/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stop-options.h"

#include <inttypes.h>

#include "base/parse.h"
#include "cli/report.h"

int stop_parse_signal(const char *text, void *options, struct error *err)
{
	return parse_signal(text, &((struct stop_options *)options)->sig, err);
}

int parse_stop_timeout(const char *text, int64_t *ret, struct error *err)
{
	return parse_i64(text, -1, INT32_MAX, ret, err);
}

int stop_parse_timeout(const char *text, void *data, struct error *err)
{
	struct stop_options *options = data;
	int r = parse_stop_timeout(text, &options->timeout_s, err);
	if (r >= 0)
		options->has_timeout = true;
	return r;
}

void stop_report(const char *name, const struct stop_result *result)
{
	const char *why = ": its first process has no handler for it, and so the kernel drops it (see --init of run)";
	if (result->killed && result->timeout_s > 0)
		report_notice("\"%s\" did not end within %" PRId64 " s of SIG%s, and was killed%s", name,
			      result->timeout_s, signal_name(result->sig), result->has_handler ? "" : why);
}
