/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/service.h"

#include "base/log.h"
#include "base/service-manager.h"

void service_started(struct cli *cli, const char *id)
{
	struct error failure = { 0 };
	pid_t monitor;
	if (!service_manager_waits())
		return;
	int r = engine_container_monitor(cli->engine, id, &monitor, &failure);
	if (r >= 0)
		r = service_manager_tell("READY=1\n", monitor, &failure);
	if (r < 0)
		log_failure(LOG_LEVEL_WARN, "tell the service manager that the container has started", &failure);
}
