/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network-driver.h"

#include <linux/if_link.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"
#include "engine/network-user.h"

enum { MTU_MIN = 68, MTU_MAX = 65535 };

enum {
	OF_BRIDGE = 1,
	OF_MACVLAN = 2,
	OF_IPVLAN = 4,
	OF_PARENT = OF_MACVLAN | OF_IPVLAN,
	OF_ALL = OF_BRIDGE | OF_PARENT
};

static const struct {
	const char *name;
	unsigned bit;
} DRIVERS[] = { { "bridge", OF_BRIDGE }, { "macvlan", OF_MACVLAN }, { "ipvlan", OF_IPVLAN } };

static unsigned driver_bit(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(DRIVERS); i++)
		if (streq(DRIVERS[i].name, name))
			return DRIVERS[i].bit;
	return 0;
}

int network_driver_check(const char *driver, struct error *err)
{
	if (driver_bit(driver) != OF_BRIDGE && driver_bit(driver) != 0 && network_is_of_user())
		return err_set(err, ERR_UNSUPPORTED, "networks of the driver \"%s\" need root", driver);
	if (driver_bit(driver))
		return 0;
	err_set(err, ERR_INVALID, "network driver \"%s\" is not available", driver);
	return err_cause(err, "there are bridge, macvlan and ipvlan, and --network none, host and cni:NAME");
}

bool network_is_bridge(const struct network_record *record)
{
	return streq(record->driver, "bridge");
}

const char *network_parent(const struct network_record *record)
{
	return record->parent ? record->parent : record->bridge;
}

/* --- words --- */

struct word {
	const char *text;
	unsigned value;
};

static int take_word(const struct word *words, size_t count, const char *what, const char *text, unsigned *ret,
		     struct error *err)
{
	_cleanup_str_ struct str known = { 0 };
	for (size_t i = 0; i < count; i++) {
		if (streq(words[i].text, text)) {
			*ret = words[i].value;
			return 0;
		}
		str_appendf(&known, "%s%s", i ? ", " : "", words[i].text);
	}
	return err_set(err, ERR_INVALID, "unknown %s \"%s\": there are %s", what, text, str_text(&known));
}

static int take_flag(const char *name, const char *text, bool *ret, struct error *err)
{
	return parse_bool(text, ret, NULL) < 0
		       ? err_set(err, ERR_INVALID, "invalid network option \"%s=%s\": it is true or false", name, text)
		       : 0;
}

static int take_interface(const char *text, char **ret, struct error *err)
{
	if (!*text || strlen(text) >= IFNAMSIZ || strpbrk(text, "/ \t:"))
		return err_set(err, ERR_INVALID, "invalid name for a network interface: \"%s\"", text);
	free(*ret);
	*ret = mem_strdup(text);
	return 0;
}

/* --- one option each --- */

static int take_mtu(struct network_record *record, const char *value, struct error *err)
{
	uint64_t mtu;
	if (streq(value, "0"))
		return 0; /* the kernel's choice, as with Docker */
	if (parse_u64(value, MTU_MAX, &mtu, NULL) < 0 || mtu < MTU_MIN)
		return err_set(err, ERR_INVALID, "invalid MTU \"%s\": it is %d to %d", value, MTU_MIN, MTU_MAX);
	record->mtu = (unsigned)mtu;
	return 0;
}

static int take_bridge(struct network_record *record, const char *value, struct error *err)
{
	return take_interface(value, &record->bridge, err);
}

/* Who is not root of the host's network has his bridges where nobody routes to. */
static int take_gateway_mode(const char *value, enum network_gateway *ret, struct error *err)
{
	static const struct word words[] = {
		{ "nat", GATEWAY_NAT },
		{ "routed", GATEWAY_ROUTED },
		{ "nat-unprotected", GATEWAY_NAT_UNPROTECTED },
	};
	unsigned mode = GATEWAY_NAT;
	if (streq(value, "isolated"))
		return err_set(err, ERR_UNSUPPORTED,
			       "gateway mode \"isolated\": a bridge always has its gateway's address; --internal lets "
			       "nothing in or out");
	int r = take_word(words, ARRAY_SIZE(words), "gateway mode", value, &mode, err);
	if (r >= 0 && mode != GATEWAY_NAT && network_is_of_user())
		return err_set(err, ERR_UNSUPPORTED,
			       "gateway mode \"%s\" needs root: nobody routes to bridges of users", value);
	if (r >= 0)
		*ret = mode;
	return r;
}

static int take_gateway_mode4(struct network_record *record, const char *value, struct error *err)
{
	return take_gateway_mode(value, &record->gateway_mode, err);
}

static int take_gateway_mode6(struct network_record *record, const char *value, struct error *err)
{
	return take_gateway_mode(value, &record->gateway_mode6, err);
}

static int take_masquerade(struct network_record *record, const char *value, struct error *err)
{
	bool masquerade;
	int r = take_flag("enable_ip_masquerade", value, &masquerade, err);
	if (r >= 0 && !masquerade)
		record->unmasked = true;
	return r;
}

static int take_icc(struct network_record *record, const char *value, struct error *err)
{
	bool talk;
	int r = take_flag("enable_icc", value, &talk, err);
	if (r >= 0)
		record->apart = !talk;
	return r;
}

static int take_binding(struct network_record *record, const char *value, struct error *err)
{
	struct cidr binding;
	if (cidr_parse_address(value, &binding, NULL) < 0 || binding.family != AF_INET)
		return err_set(err, ERR_INVALID, "invalid IPv4 address for published ports: \"%s\"", value);
	record->binding = binding;
	return 0;
}

static int take_spoof(struct network_record *record, const char *value, struct error *err)
{
	static const struct word words[] = { { "allow", SPOOF_ALLOW }, { "deny", SPOOF_DENY } };
	unsigned spoof = 0;
	int r = take_word(words, ARRAY_SIZE(words), "word for forged addresses", value, &spoof, err);
	if (r >= 0)
		record->spoof = spoof;
	return r;
}

static int take_prefix(struct network_record *record, const char *value, struct error *err)
{
	/* A number follows. */
	if (strlen(value) + 3 >= IFNAMSIZ)
		return err_set(err, ERR_INVALID, "invalid name for a network interface: \"%s\"", value);
	return take_interface(value, &record->prefix, err);
}

/* Podman's. Here no network reaches another one anyway. */
static int take_isolate(struct network_record *record, const char *value, struct error *err)
{
	static const struct word words[] = {
		{ "true", true }, { "1", true }, { "strict", true }, { "false", false }, { "0", false }
	};
	unsigned isolated = false;
	int r = take_word(words, ARRAY_SIZE(words), "word for isolate", value, &isolated, err);
	if (r < 0 || isolated)
		return r;
	err_set(err, ERR_UNSUPPORTED, "network option \"isolate=%s\": networks are always isolated from each other",
		value);
	return err_hint(err, "coffer network connect %s CONTAINER", record->name);
}

static int take_parent(struct network_record *record, const char *value, struct error *err)
{
	if (streq(value, "lo"))
		return err_set(err, ERR_INVALID, "the loopback interface cannot be the parent of a %s network",
			       record->driver);
	return take_interface(value, &record->parent, err);
}

static int take_macvlan_mode(struct network_record *record, const char *value, struct error *err)
{
	static const struct word words[] = {
		{ "bridge", MACVLAN_MODE_BRIDGE },
		{ "private", MACVLAN_MODE_PRIVATE },
		{ "vepa", MACVLAN_MODE_VEPA },
		{ "passthru", MACVLAN_MODE_PASSTHRU },
	};
	return take_word(words, ARRAY_SIZE(words), "mode of a macvlan network", value, &record->mode, err);
}

static int take_ipvlan_mode(struct network_record *record, const char *value, struct error *err)
{
	static const struct word words[] = {
		{ "l2", IPVLAN_MODE_L2 },
		{ "l3", IPVLAN_MODE_L3 },
		{ "l3s", IPVLAN_MODE_L3S },
	};
	return take_word(words, ARRAY_SIZE(words), "mode of an ipvlan network", value, &record->mode, err);
}

static int take_mode(struct network_record *record, const char *value, struct error *err)
{
	return streq(record->driver, "ipvlan") ? take_ipvlan_mode(record, value, err)
					       : take_macvlan_mode(record, value, err);
}

static int take_ipvlan_flag(struct network_record *record, const char *value, struct error *err)
{
	static const struct word words[] = {
		{ "bridge", 0 },
		{ "private", IPVLAN_F_PRIVATE },
		{ "vepa", IPVLAN_F_VEPA },
	};
	return take_word(words, ARRAY_SIZE(words), "flag of an ipvlan network", value, &record->flags, err);
}

/* --- all of them --- */

#define BRIDGE "com.docker.network.bridge."
#define DRIVER "com.docker.network.driver."

static const struct known {
	const char *name, *other; /* Docker's, and a second one */
	unsigned drivers;
	int (*take)(struct network_record *record, const char *value, struct error *err);
	const char *reason; /* for which it is refused */
} KNOWN[] = {
	{ DRIVER "mtu", "mtu", OF_ALL, take_mtu, NULL },
	{ BRIDGE "name", "bridge.name", OF_BRIDGE, take_bridge, NULL },
	{ BRIDGE "enable_icc", NULL, OF_BRIDGE, take_icc, NULL },
	{ BRIDGE "enable_ip_masquerade", NULL, OF_BRIDGE, take_masquerade, NULL },
	{ BRIDGE "gateway_mode_ipv4", "gateway_mode_ipv4", OF_BRIDGE, take_gateway_mode4, NULL },
	{ BRIDGE "gateway_mode_ipv6", "gateway_mode_ipv6", OF_BRIDGE, take_gateway_mode6, NULL },
	{ BRIDGE "host_binding_ipv4", NULL, OF_BRIDGE, take_binding, NULL },
	{ "com.docker.network.container_iface_prefix", NULL, OF_ALL, take_prefix, NULL },
	{ "com.coffer.spoof", NULL, OF_BRIDGE, take_spoof, NULL },
	{ "isolate", NULL, OF_BRIDGE, take_isolate, NULL },
	{ "parent", NULL, OF_PARENT, take_parent, NULL },
	{ "macvlan_mode", NULL, OF_MACVLAN, take_macvlan_mode, NULL },
	{ "ipvlan_mode", NULL, OF_IPVLAN, take_ipvlan_mode, NULL },
	{ "ipvlan_flag", NULL, OF_IPVLAN, take_ipvlan_flag, NULL },
	{ "mode", NULL, OF_PARENT, take_mode, NULL },
	{ BRIDGE "default_bridge", NULL, OF_BRIDGE, NULL, "the default network is called " NETWORK_DEFAULT_NAME },
	{ BRIDGE "inhibit_ipv4", NULL, OF_BRIDGE, NULL, "a bridge always has its gateway's address" },
	{ BRIDGE "trusted_host_interfaces", NULL, OF_BRIDGE, NULL, "what is published is reached from all interfaces" },
	{ "com.docker.network.host_ipv4", NULL, OF_BRIDGE, NULL,
	  "the kernel chooses the host's address for each packet" },
	{ "com.docker.network.host_ipv6", NULL, OF_BRIDGE, NULL,
	  "the kernel chooses the host's address for each packet" },
	{ "vlan", NULL, OF_BRIDGE, NULL, "a VLAN is the parent of a macvlan network: -d macvlan -o parent=eth0.7" },
	{ "vrf", NULL, OF_BRIDGE, NULL, "bridges are in no VRF" },
	{ "metric", NULL, OF_ALL, NULL, "which network leads out is said by gw-priority of the container" },
	{ "no_default_route", NULL, OF_ALL, NULL, "that is --internal, or gw-priority of the container" },
};

static const struct known *find_known(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(KNOWN); i++)
		if (streq(KNOWN[i].name, name) || (KNOWN[i].other && streq(KNOWN[i].other, name)))
			return &KNOWN[i];
	return NULL;
}

static int unknown(const char *option, const char *name, struct error *err)
{
	const char *names[ARRAY_SIZE(KNOWN) + 1] = { 0 };
	for (size_t i = 0; i < ARRAY_SIZE(KNOWN); i++)
		names[i] = KNOWN[i].name;
	const char *nearest = str_nearest(name, names);
	err_set(err, ERR_INVALID, "unknown network option \"%s\"", option);
	return nearest ? err_hint(err, "--opt %s=VALUE", nearest) : -ERR_INVALID;
}

static int take_option(struct network_record *record, const char *option, struct error *err)
{
	const char *equals = strchr(option, '=');
	_cleanup_free_ char *name = equals ? mem_strndup(option, (size_t)(equals - option)) : mem_strdup(option);
	const struct known *known = find_known(name);
	if (!known)
		return unknown(option, name, err);
	if (!(known->drivers & driver_bit(record->driver)))
		return err_set(err, ERR_INVALID, "network option \"%s\": not one of the driver %s", name,
			       record->driver);
	if (!known->take)
		return err_set(err, ERR_UNSUPPORTED, "network option \"%s\": %s", name, known->reason);
	return known->take(record, equals ? equals + 1 : "", err);
}

int network_driver_take_options(struct network_record *record, char *const *options, struct error *err)
{
	int r = 0;
	if (streq(record->driver, "macvlan"))
		record->mode = MACVLAN_MODE_BRIDGE;
	for (char *const *option = options; r >= 0 && option && *option; option++)
		r = take_option(record, *option, err);
	return r < 0 ? r : 0;
}
