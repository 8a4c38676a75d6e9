/* SPDX-License-Identifier: Apache-2.0 */
#include "network/pasta.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "network/tool.h"

#define NETNS_FILE "netns"
#define PID_FILE "pasta.pid"
#define LOG_FILE "pasta.log"
#define TUN "/dev/net/tun"

static const char WHAT[] = "connect the container";

/* --- its command line --- */

static void add_ports(char ***argv, const char *flag, char *const *ports)
{
	if (!ports || !*ports) {
		strv_append(argv, flag);
		strv_append(argv, "none");
	}
	for (; ports && *ports; ports++) {
		strv_append(argv, flag);
		strv_append(argv, *ports);
	}
}

/* "eth0" whatever the host's interface is called; nothing of the namespace's loopback interface for the host's (-T, -U). */
static char **make_command(const struct pasta *pasta, const char *netns)
{
	static const char *const fixed[] = {
		PASTA, "--config-net", "--quiet", "--no-map-gw", "--ns-ifname", "eth0", "-T", "none", "-U", "none",
	};
	char **argv = NULL;
	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		strv_append(&argv, fixed[i]);
	add_ports(&argv, "-t", pasta->tcp);
	add_ports(&argv, "-u", pasta->udp);
	strv_append(&argv, "--log-file");
	strv_take(&argv, path_join(pasta->directory, LOG_FILE));
	strv_append(&argv, "--pid");
	strv_take(&argv, path_join(pasta->directory, PID_FILE));
	strv_append(&argv, "--netns");
	strv_append(&argv, netns);
	return argv;
}

/* --- starting it --- */

/* It opens the device itself; what it would say of that names neither cause nor remedy. */
static int check_tun(struct error *err)
{
	_cleanup_close_ int tun = open(TUN, O_RDWR | O_CLOEXEC);
	if (tun >= 0)
		return 0;
	if (errno == EACCES || errno == EPERM) {
		err_sys_code(err, ERR_PERMISSION, errno, "%s: open '%s'", WHAT, TUN);
		return err_hint(err, "chmod 666 " TUN ", as root; or --network none");
	}
	err_sys_code(err, ERR_UNSUPPORTED, errno, "%s: open '%s'", WHAT, TUN);
	return err_hint(err, "modprobe tun, as root; or --network none");
}

/* See P2. */
static int start(const struct pasta *pasta, const char *program, const char *netns, struct error *err)
{
	_cleanup_strv_ char **argv = make_command(pasta, netns);
	struct fd_path source = fd_path(pasta->netns);
	const struct tool_start start = {
		.name = PASTA,
		.program = program,
		.what = WHAT,
		.argv = argv,
		.netns = -1,
		.source = source.text,
		.place = netns,
	};
	return tool_start(&start, err);
}

int pasta_start(const struct pasta *pasta, struct error *err)
{
	_cleanup_free_ char *netns = path_join(pasta->directory, NETNS_FILE);
	const char *program = tool_find(PASTA);
	if (!program)
		return tool_missing(PASTA, "passt", WHAT, err);
	int r = check_tun(err);
	if (r >= 0)
		r = tool_make_place(netns, WHAT, err);
	return r < 0 ? r : start(pasta, program, netns, err);
}

bool pasta_is_running(const char *directory)
{
	return tool_is_running(directory, PID_FILE, NETNS_FILE);
}

void pasta_stop(const char *directory)
{
	tool_stop(directory, PID_FILE, NETNS_FILE);
}
