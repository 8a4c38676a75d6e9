/* SPDX-License-Identifier: Apache-2.0 */
#include "network/slirp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/process.h"
#include "base/str.h"
#include "base/util.h"
#include "network/cidr.h"
#include "network/tool.h"

static const char WHAT[] = "connect the container";

/* --- options --- */

static int check_bool(const char *text, struct error *err)
{
	bool ignored;
	return parse_bool(text, &ignored, err);
}

/* As slirp4netns has it: 68 is the least that IPv4 allows. */
static int check_mtu(const char *text, struct error *err)
{
	enum { LEAST = 68, MOST = 65521 };
	uint64_t mtu;
	int r = parse_u64(text, MOST, &mtu, err);
	return r >= 0 && mtu < LEAST ? err_set(err, ERR_INVALID, "\"%s\" is less than %d", text, LEAST) : r;
}

static int check_address(const char *text, struct error *err)
{
	struct cidr address;
	return cidr_parse_address(text, &address, err);
}

/* Where published ports are listened for is not for it to choose: a relay does that. */
static int check_handler(const char *text, struct error *err)
{
	return streq(text, "rootlesskit") ? 0 : err_set(err, ERR_UNSUPPORTED, "ports are published by a relay only");
}

/* What podman calls them and has as their default, and what they are for the program. */
static const struct option {
	const char *name;
	int (*check)(const char *text, struct error *err);
	const char *by_default;
	const char *flag;    /* with the value behind it, or NULL */
	const char *if_true; /* or these two; NULL: nothing */
	const char *if_not;
} OPTIONS[] = {
	{ "allow_host_loopback", check_bool, "false", NULL, NULL, "--disable-host-loopback" },
	{ "enable_ipv6", check_bool, "true", NULL, "--enable-ipv6", NULL },
	{ "mtu", check_mtu, "65520", "--mtu=", NULL, NULL },
	{ "outbound_addr", check_address, NULL, "--outbound-addr=", NULL, NULL },
	{ "outbound_addr6", check_address, NULL, "--outbound-addr6=", NULL, NULL },
	{ "port_handler", check_handler, NULL, NULL, NULL, NULL },
};

/* The last one counts. */
static const char *value_of(char *const *words, const struct option *option)
{
	const char *value = option->by_default;
	for (; words && *words; words++) {
		const char *after = str_after(*words, option->name);
		if (after && *after == '=')
			value = after + 1;
	}
	return value;
}

static int check_word(const char *word, struct error *err)
{
	size_t len = strcspn(word, "=");
	for (size_t i = 0; i < ARRAY_SIZE(OPTIONS); i++) {
		if (strlen(OPTIONS[i].name) != len || strncmp(word, OPTIONS[i].name, len) != 0)
			continue;
		int r = word[len] ? OPTIONS[i].check(word + len + 1, err)
				  : err_set(err, ERR_INVALID, "a value is missing");
		return r < 0 ? err_wrap(err, "network " SLIRP ", option %s", OPTIONS[i].name) : 0;
	}
	return err_set(err, ERR_INVALID, "network " SLIRP ": unknown option \"%.*s\"", (int)len, word);
}

int slirp_check_options(const char *options, struct error *err)
{
	_cleanup_strv_ char **words = options ? strv_split(options, ',') : NULL;
	int r = 0;
	for (char **word = words; r >= 0 && word && *word; word++)
		r = check_word(*word, err);
	return r;
}

static void add_option(const struct option *option, char *const *words, char ***argv)
{
	const char *value = value_of(words, option);
	bool yes = false;
	if (value && option->flag)
		strv_take(argv, mem_printf("%s%s", option->flag, value));
	if (option->check == check_bool)
		(void)parse_bool(value, &yes, NULL);
	const char *flag = yes ? option->if_true : option->if_not;
	if (flag)
		strv_append(argv, flag);
}

/* --- starting it --- */

enum { READY_FD = PASS_FD_FIRST, EXIT_FD, NETNS_FD };

static char **make_command(const struct slirp *slirp)
{
	_cleanup_strv_ char **words = slirp->options ? strv_split(slirp->options, ',') : NULL;
	static const char *const fixed[] = {
		SLIRP, "--configure", "--ready-fd=3", "--exit-fd=4", "--netns-type=path", "--enable-sandbox",
	};
	static_assert(READY_FD == 3 && EXIT_FD == 4 && NETNS_FD == 5, "as they are named");
	char **argv = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		strv_append(&argv, fixed[i]);
	for (size_t i = 0; i < ARRAY_SIZE(OPTIONS); i++)
		add_option(&OPTIONS[i], words, &argv);
	strv_append(&argv, "/proc/self/fd/5");
	strv_append(&argv, "eth0");
	return argv;
}

/* Nobody's child, so that nobody has to wait for it. */
static int spawn(const struct slirp *slirp, const char *program, int ready, int exit_fd, int complaints,
		 struct error *err)
{
	_cleanup_strv_ char **argv = make_command(slirp);
	const int pass_fds[] = { ready, exit_fd, slirp->netns };
	const struct process_spawn spawn = {
		.path = program,
		.argv = argv,
		.stdio = { -1, complaints, complaints },
		.pass_fds = pass_fds,
		.n_pass_fds = ARRAY_SIZE(pass_fds),
		.new_session = true,
		.directory = "/",
	};
	int status;
	pid_t ignored, pid = fork();
	if (pid < 0)
		return err_sys(err, errno, "%s", WHAT);
	if (pid == 0) {
		fd_cloexec_from(STDERR_FILENO + 1);
		_exit(process_spawn(&spawn, &ignored, NULL) < 0);
	}
	int r = process_wait(pid, &status, err);
	return r < 0 || status == 0 ? r : err_set(err, ERR_SYSTEM, "%s: cannot execute '%s'", WHAT, program);
}

int slirp_start(const struct slirp *slirp, struct error *err)
{
	int ready[2], until[2];
	char byte;
	const char *program = tool_find(SLIRP);
	if (!program)
		return tool_missing(SLIRP, SLIRP, WHAT, err);
	_cleanup_close_ int complaints = tool_file("", err);
	if (complaints < 0)
		return complaints;
	if (pipe2(ready, O_CLOEXEC) < 0)
		return err_sys(err, errno, "%s: make a pipe", WHAT);
	_cleanup_close_ int ready_ours = ready[0], ready_theirs = ready[1];
	if (pipe2(until, O_CLOEXEC) < 0)
		return err_sys(err, errno, "%s: make a pipe", WHAT);
	_cleanup_close_ int until_theirs = until[0], until_ours = until[1];
	int r = spawn(slirp, program, ready_theirs, until_theirs, complaints, err);
	fd_close(TAKE_FD(ready_theirs));
	if (r < 0)
		return r;
	return fd_read_full(ready_ours, &byte, 1) == 1 ? TAKE_FD(until_ours)
						       : tool_failed(SLIRP, WHAT, complaints, err);
}
