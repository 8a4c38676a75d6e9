/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-foreign.h"

#include "base/log.h"
#include "base/mem.h"
#include "engine/network-driver.h"
#include "engine/network-user.h"

void foreign_note(struct walk *walk, const struct firewall_drop *drop)
{
	char *source = mem_strdup("nfnetlink NFT_MSG_GETCHAIN");
	if (drop->remedy)
		walk_add(walk, "filter", TRACE_NOTE, source,
			 "chain %s is %s's, and drops what its rules do not accept; none of them names the bridge: %s",
			 drop->chain, drop->owner, drop->remedy);
	else
		walk_add(walk, "filter", TRACE_NOTE, source, "chain %s is %s's, and drops what its rules do not accept",
			 drop->chain, drop->owner);
}

void foreign_warn(const struct network_record *network)
{
	_cleanup_firewall_drop_ struct firewall_drop drop = { 0 };
	if (network->internal || !network_is_bridge(network) || network_is_of_user() ||
	    firewall_find_drop(FIREWALL_FORWARD, network->bridge, &drop, NULL) <= 0 || drop.named)
		return;
	log_warn(
		"the network \"%s\" may lead nowhere: the chain %s is %s's, and drops what its rules do not accept; to have "
		"it accept: %s",
		network->name, drop.chain, drop.owner, drop.remedy);
}
