/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/mem.h"
#include "programs/quadlet/translate.h"

static const struct key KEYS[] = {
	{ "ContainersConfModule", KEY_NEVER, "coffer has no modules of a configuration" },
	{ "DNS", KEY_NEVER, "a network has no name servers of its own; give the container DNS=" },
	{ "DisableDNS", KEY_NEVER, "names cannot be switched off for a network" },
	{ "Driver", KEY_VALUE, "--driver" },
	{ "Gateway", KEY_LINES, "--gateway" },
	{ "IPAMDriver", KEY_VALUE, "--ipam-driver" },
	{ "IPRange", KEY_LINES, "--ip-range" },
	{ "IPv6", KEY_BOOL, "--ipv6" },
	{ "Internal", KEY_BOOL, "--internal" },
	{ "Label", KEY_WORDS, "--label" },
	{ "NetworkName", KEY_OWN, NULL },
	{ "Options", KEY_WORDS, "--opt" },
	{ "PodmanArgs", KEY_PASS, NULL },
	{ "ServiceName", KEY_OWN, NULL },
	{ "Subnet", KEY_LINES, "--subnet" },
	{ 0 },
};

int quadlet_translate_network(const struct quadlet *quadlet, struct quadlet_file *file, struct error *err)
{
	_cleanup_str_ struct str command = { 0 };
	_cleanup_free_ char *network = quadlet_object_name(file);
	struct unit_file *unit = &file->unit;
	str_appendf(&command, "%s network create --ignore", quadlet->coffer);
	int r = keys_translate(unit, "Network", KEYS, &command, err);
	if (r < 0)
		return r;
	unit_words_append(&command, network);
	quadlet_make_once(unit, &command);
	return 0;
}
