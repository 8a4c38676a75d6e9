/* SPDX-License-Identifier: Apache-2.0 */
#include "network/dns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"
#include "network/tool.h"

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
			   "%s",
			   place, dns->upstream ? "resolv-file=" INSIDE "/resolv.conf\n" : "no-resolv\nlocal=/#/\n");
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

/* In a child: see D2. Returns the exit status of dnsmasq, which goes on in the background when all is ready. */
static int run_apart(const char *program, const struct dns *dns, int complaints)
{
	_cleanup_free_ char *name = title(dns->directory);
	char *argv[] = { name, (char *)"--conf-file=" INSIDE "/dnsmasq.conf", NULL };
	const struct process_spawn spawn = {
		.path = program,
		.argv = argv,
		.stdio = { -1, complaints, complaints },
		.new_session = true,
		.directory = "/",
	};
	pid_t pid;
	int status;
	if (dns->netns >= 0 && setns(dns->netns, CLONE_NEWNET) < 0)
		return dprintf(complaints, "cannot enter the network namespace\n"), EXIT_FAILURE;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(dns->directory, INSIDE, NULL, MS_BIND, NULL) < 0)
		return dprintf(complaints, "cannot give it a mount namespace of its own\n"), EXIT_FAILURE;
	if (process_spawn(&spawn, &pid, NULL) < 0 || process_wait(pid, &status, NULL) < 0)
		return dprintf(complaints, "cannot execute it\n"), EXIT_FAILURE;
	return process_exit_code(status);
}

static int start(const struct dns *dns, struct error *err)
{
	static const char what[] = "start the name server";
	const char *program = tool_find(DNSMASQ);
	int status;
	if (!program)
		return tool_missing(DNSMASQ, "dnsmasq-base", what, err);
	_cleanup_close_ int complaints = tool_file("", err);
	if (complaints < 0)
		return complaints;
	pid_t child = fork();
	if (child < 0)
		return err_sys(err, errno, what);
	if (child == 0)
		_exit(run_apart(program, dns, complaints));
	int r = process_wait(child, &status, err);
	if (r < 0)
		return r;
	return process_exit_code(status) == 0 ? 0 : tool_failed(DNSMASQ, what, complaints, err);
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
