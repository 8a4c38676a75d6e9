/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-event.h"

#include "base/mem.h"
#include "base/str.h"
#include "engine/event.h"

void network_event(struct engine *engine, const struct network_record *network, const char *action,
		   const char *container)
{
	_cleanup_strv_ char **attributes = NULL;
	if (container)
		strv_take(&attributes, mem_printf("container=%s", container));
	strv_take(&attributes, mem_printf("name=%s", network->name));
	strv_take(&attributes, mem_printf("type=%s", network->driver));
	event_record(engine,
		     &(const struct journal_event){
			     .type = "network", .action = action, .actor = network->id, .attributes = attributes });
}
