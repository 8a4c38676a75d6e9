/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/service.h"

#include <time.h>

#include "base/log.h"
#include "base/service-manager.h"
#include "base/str.h"
#include "base/time.h"

/* Its health is a file that its monitor writes. */
static int wait_until_healthy(struct cli *cli, const struct container_record *record, struct error *err)
{
	const struct timespec pause = { .tv_nsec = 100 * NSEC_PER_MSEC };
	for (;;) {
		_cleanup_record_ struct container_record *now = NULL;
		int r = engine_container_find(cli->engine, record->id, &now, err);
		if (r < 0)
			return err_wrap(err, "container \"%s\" ended before it was healthy", record->name);
		if (now->health == HEALTH_IS_HEALTHY)
			return 0;
		if (now->state == STATE_EXITED)
			return err_set(err, ERR_STATE, "container \"%s\" ended before it was healthy", record->name);
		(void)nanosleep(&pause, NULL);
	}
}

/* @ready: NULL if its program says so itself, to its monitor. */
static void tell(struct cli *cli, const char *id, const char *ready)
{
	struct error failure = { 0 };
	pid_t monitor;
	int r = engine_container_monitor(cli->engine, id, &monitor, &failure);
	if (r >= 0)
		r = service_manager_tell(ready, monitor, &failure);
	if (r < 0)
		log_failure(LOG_LEVEL_WARN, "tell the service manager that the container has started", &failure);
}

int service_started(struct cli *cli, const struct container_record *record, struct error *err)
{
	if (!service_manager_waits() || streq_null(record->sdnotify, "ignore"))
		return 0;
	int r = streq_null(record->sdnotify, "healthy") ? wait_until_healthy(cli, record, err) : 0;
	if (r >= 0)
		tell(cli, record->id, streq_null(record->sdnotify, "container") ? NULL : "READY=1\n");
	return r;
}
