/* SPDX-License-Identifier: Apache-2.0 */
#include "network/dns.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"
#include "network/tool.h"
#include "runtime/user-namespace.h"

#define INSIDE "/run" /* where it sees its directory */
#define PID_FILE "pid"
#define DNSMASQ "dnsmasq"

enum {
	DIRECTORY_MODE = 0755,
	FILE_MODE = 0644,
};

/* --- finding it --- */

/* What its process is called: as no other program's, for the directory is named. free() it. */
static char *title(const char *directory)
{
	return mem_printf("dnsmasq of %s", directory);
}

/* Returns a pidfd, or -ESRCH. */
static int find(const char *directory)
{
	_cleanup_free_ char *path = path_join(directory, PID_FILE);
	_cleanup_free_ char *name = title(directory);
	return tool_find_process(path, name);
}

/* --- its files --- */

static int write_file(int dir, const char *name, const char *text, struct error *err)
{
	return file_write_atomic(dir, name, text, strlen(text), FILE_MODE, FILE_EXACT_MODE, err);
}

/* In a user namespace of one id there is no other user that it could run as, nor may it say which groups it has. */
static bool has_users(void)
{
	return user_namespace_last_uid() > 0 && user_namespace_last_gid() > 0;
}

/*
 * A name without a dot is never asked of others (domain-needed): who has only an IPv4 address has no IPv6 one, which is
 * another answer than "there is no such name".
 */
static int write_config(int dir, const struct dns *dns, struct error *err)
{
	_cleanup_free_ char *place =
		dns->bridge ? mem_printf("interface=%s\nexcept-interface=lo\nbind-dynamic\n", dns->bridge)
			    : mem_strdup("listen-address=" DNS_ADDRESS "\nbind-interfaces\n");
	_cleanup_free_ char *text =
		mem_printf("pid-file=" INSIDE "/" PID_FILE "\n"
			   "%s"
			   "no-hosts\n"
			   "addn-hosts=" INSIDE "/hosts\n"
			   "servers-file=" INSIDE "/dotted\n"
			   "domain-needed\n"
			   "no-poll\n"
			   "strict-order\n"
			   "%s%s",
			   place, has_users() ? "" : "user=root\ngroup=\n",
			   dns->upstream ? "resolv-file=" INSIDE "/resolv.conf\n" : "no-resolv\nlocal=/#/\n");
	return write_file(dir, "dnsmasq.conf", text, err);
}

static int write_files(const struct dns *dns, struct error *err)
{
	if (mkdir(dns->directory, DIRECTORY_MODE) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make directory '%s'", dns->directory);
	_cleanup_close_ int dir = open(dns->directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 || fchmod(dir, DIRECTORY_MODE) < 0)
		return err_sys(err, errno, "open directory '%s'", dns->directory);
	int r = write_file(dir, "hosts", dns->hosts, err);
	if (r >= 0)
		r = write_file(dir, "dotted", dns->dotted, err);
	if (r >= 0 && dns->upstream)
		r = write_file(dir, "resolv.conf", dns->upstream, err);
	return r < 0 ? r : write_config(dir, dns, err);
}

/* --- starting it --- */

/* See D2. */
static int start(const struct dns *dns, struct error *err)
{
	static const char what[] = "start the name server";
	const char *program = tool_find(DNSMASQ);
	_cleanup_free_ char *name = title(dns->directory);
	char *argv[] = { name, (char *)"--conf-file=" INSIDE "/dnsmasq.conf", NULL };
	if (!program)
		return tool_missing(DNSMASQ, "dnsmasq-base", what, err);
	const struct tool_start start = {
		.name = DNSMASQ,
		.program = program,
		.what = what,
		.argv = argv,
		.netns = dns->netns,
		.source = dns->directory,
		.place = INSIDE,
	};
	return tool_start(&start, err);
}

bool dns_is_running(const char *directory)
{
	_cleanup_close_ int pidfd = find(directory);
	return pidfd >= 0;
}

int dns_serve(const struct dns *dns, struct error *err)
{
	int r = write_files(dns, err);
	if (r < 0)
		return r;
	_cleanup_close_ int pidfd = find(dns->directory);
	if (pidfd >= 0 && process_signal(pidfd, SIGHUP) == 0)
		return 0;
	return start(dns, err);
}

/* --- ending it --- */

int dns_stop(const char *directory, struct error *err)
{
	_cleanup_close_ int pidfd = find(directory);
	if (pidfd >= 0)
		tool_end_process(pidfd);
	int r = path_remove_tree(AT_FDCWD, directory);
	return r < 0 ? err_sys(err, -r, "remove '%s'", directory) : 0;
}
