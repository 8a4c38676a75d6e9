/* SPDX-License-Identifier: Apache-2.0 */
#include "network/shape.h"

#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/netlink.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"
#include "network/link.h"

enum {
	BITS = 8,
	RATE_MIN = 1000,      /* bytes a second */
	BURST_MIN = 64 << 10, /* bytes: a packet that the network card has yet to take apart */
	BURST_PER_S = 100,    /* what may go at once: that part of a second's */
	WAITING_PER_S = 20,   /* what may wait */
};

int shape_parse_rate(const char *text, uint64_t *ret, struct error *err)
{
	static const struct {
		const char *suffix;
		uint64_t bits;
	} units[] = { { "gbit", 1000000000 }, { "mbit", 1000000 }, { "kbit", 1000 }, { "bit", 1 }, { "", 1 } };
	char digits[24];
	uint64_t number;
	size_t len = strspn(text, "0123456789");
	str_copy(digits, sizeof digits, text);
	if (len > 0 && len < sizeof digits) {
		digits[len] = '\0';
		for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
			if (!streq(text + len, units[i].suffix) ||
			    parse_u64(digits, UINT64_MAX / units[i].bits, &number, NULL) < 0 ||
			    number * units[i].bits < RATE_MIN * BITS)
				continue;
			*ret = number * units[i].bits / BITS;
			return 0;
		}
	}
	return err_set(err, ERR_INVALID, "invalid rate \"%s\": it is like 10mbit, and at least 8kbit", text);
}

static void put_options(struct netlink_batch *batch, uint64_t rate)
{
	uint64_t burst = MAX(rate / BURST_PER_S, (uint64_t)BURST_MIN);
	uint64_t waiting = burst + MAX(rate / WAITING_PER_S, (uint64_t)BURST_MIN);
	const struct tc_tbf_qopt parameters = {
		/* Of what layer sizes are, so that the kernel needs no table of them. */
		.rate = { .rate = (uint32_t)MIN(rate, (uint64_t)UINT32_MAX), .linklayer = TC_LINKLAYER_ETHERNET },
		.limit = (uint32_t)MIN(waiting, (uint64_t)UINT32_MAX),
	};
	size_t options = netlink_nest(batch, TCA_OPTIONS);
	netlink_put(batch, TCA_TBF_PARMS, &parameters, sizeof parameters);
	netlink_put_u32(batch, TCA_TBF_BURST, (uint32_t)MIN(burst, (uint64_t)UINT32_MAX));
	if (rate > UINT32_MAX)
		netlink_put(batch, TCA_TBF_RATE64, &rate, sizeof rate);
	netlink_nest_end(batch, options);
}

int shape_link(int rtnl, const char *name, uint64_t bytes_per_s, struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = { 0 };
	struct error why = { 0 };
	int index = link_find(rtnl, name, err);
	if (index < 0)
		return index;
	const struct tcmsg head = { .tcm_ifindex = index, .tcm_parent = TC_H_ROOT };
	netlink_begin(&batch, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof head,
		      "limit what the network interface \"%s\" sends", name);
	netlink_put_string(&batch, TCA_KIND, "tbf");
	put_options(&batch, bytes_per_s);
	int r = netlink_commit(rtnl, &batch, &why);
	if (r < 0 && why.sys_errno == ENOENT) {
		err_set(err, ERR_UNSUPPORTED, "this kernel cannot limit the rate of a network interface");
		return err_hint(err, "modprobe sch_tbf");
	}
	if (r < 0 && err)
		*err = why;
	return r;
}
