/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One probe, in a process of its own: it joins the container, which can take a while and memory, and neither is the
 * monitor's. It has the program for its child, and tells the monitor what came of it in memory that both share. If it is
 * killed, the monitor kills the program's group.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/process.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "monitor/health-probe.h"

#define PROCESS_NAME "coffer-health"

struct probe *probe_new(void)
{
	struct probe *probe = mmap(NULL, sizeof *probe, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return probe == MAP_FAILED ? NULL : probe;
}

void probe_free(struct probe *probe)
{
	if (probe)
		(void)munmap(probe, sizeof *probe);
}

void probe_kill(struct probe *probe, pid_t pid)
{
	(void)kill(pid, SIGKILL);
	if (probe->program > 0)
		(void)kill(-probe->program, SIGKILL);
}

/* --- Output --- */

/* The first bytes of it; the rest is read and forgotten, so that nobody waits for a full pipe. */
struct output {
	char text[HEALTH_OUTPUT_MAX + 1];
	size_t len;
	bool truncated;
};

/* Returns false at its end. */
static bool take_output(struct output *output, int fd)
{
	char block[4096];
	ssize_t n = RETRY_ON_EINTR(read(fd, block, sizeof block));
	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	size_t taken = MIN((size_t)n, HEALTH_OUTPUT_MAX - output->len);
	memcpy(output->text + output->len, block, taken);
	output->len += taken;
	output->truncated |= taken < (size_t)n;
	return true;
}

/* What is in the pipe now. A daemon that it has started may hold the pipe open, and is not waited for. */
static void take_rest(struct output *output, int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	for (int i = 0; i < 64 && poll(&wait, 1, 0) > 0 && take_output(output, fd); i++)
		;
}

/* JSON is UTF-8: what is not becomes '?'. */
static void put_output(struct probe *probe, const char *before, const struct output *output)
{
	size_t at = str_copy(probe->output, sizeof probe->output, before);
	for (size_t i = 0; i < output->len;) {
		size_t n = str_utf8_length(output->text + i, output->len - i);
		bool is_text = n > 0 && output->text[i] != '\0';
		n = MAX(n, (size_t)1);
		if (at + n + sizeof "..." > sizeof probe->output)
			break;
		memcpy(probe->output + at, is_text ? output->text + i : "?", n);
		at += n;
		i += n;
	}
	str_copy(probe->output + at, sizeof probe->output - at, output->truncated ? "..." : "");
}

/* --- The program --- */

static int start_program(struct container *container, char **args, int output, struct container_init *ret,
			 struct error *err)
{
	_cleanup_spec_ struct spec *spec = NULL;
	_cleanup_close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int r = null < 0 ? err_sys(err, errno, "open '/dev/null'") : container_load_spec(container, &spec, err);
	if (r < 0)
		return r;
	struct spec_process process = *spec->process;
	process.args = args;
	process.terminal = false;
	const struct container_exec_options options = {
		.process = &process,
		.spec = spec,
		.cache_dir = -1,
		.stdio = { null, output, output },
	};
	return container_exec(container, &options, ret, err);
}

/* Returns false if it has not ended in time. */
static bool await_program(int pidfd, int fd, int64_t deadline_ns, struct output *output)
{
	struct pollfd waits[] = { { .fd = pidfd, .events = POLLIN }, { .fd = fd, .events = POLLIN } };
	for (;;) {
		int64_t left = deadline_ns - time_monotonic_ns();
		if (left <= 0)
			return false;
		int n = poll(waits, ARRAY_SIZE(waits), (int)MIN(left / NSEC_PER_MSEC + 1, (int64_t)60000));
		if (n > 0 && waits[1].revents && !take_output(output, fd))
			waits[1].fd = -1;
		if (n > 0 && waits[0].revents)
			return true;
	}
}

/* It leads a process group, whose number is not given away before it is collected. */
static int end_program(pid_t pid)
{
	siginfo_t info;
	int status = 0;
	(void)kill(-pid, SIGKILL);
	(void)RETRY_ON_EINTR(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
	(void)kill(-pid, SIGKILL); /* whom it has forked in the meantime */
	(void)process_wait(pid, &status, NULL);
	return process_exit_code(status);
}

static void probe_program(struct probe *probe, const struct container_init *init, int fd, int64_t timeout_ns,
			  int64_t began_ns)
{
	struct output output = { .len = 0 };
	char before[64] = "", duration[TIME_TEXT_MAX];
	bool ended = await_program(init->pidfd, fd, began_ns + timeout_ns, &output);
	int exit_code = end_program(init->pid);
	take_rest(&output, fd);
	if (!ended)
		snprintf(before, sizeof before,
			 "Health check exceeded timeout (%s): ", time_format_go_duration(timeout_ns, duration));
	probe->exit_code = ended ? exit_code : -1;
	put_output(probe, before, &output);
}

static int run(struct probe *probe, struct container *container, const struct health_plan *plan, struct error *err)
{
	struct container_init init = { .pidfd = -1, .console = -1, .sync = -1 };
	int64_t began_ns = time_monotonic_ns();
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	(void)fd_set_nonblocking(ends[0], true);
	int r = start_program(container, plan->args, ends[1], &init, err);
	fd_close(ends[1]);
	if (r < 0)
		return r;
	probe->program = init.pid;
	probe_program(probe, &init, ends[0], plan->timeout_ns, began_ns);
	probe->program = 0;
	return 0;
}

/* The monitor's files are not ours: somebody may wait for the end of one. */
_Noreturn static void live(struct probe *probe, struct container *container, const struct health_plan *plan)
{
	struct error err = { 0 };
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_NAME, PROCESS_NAME, 0, 0, 0);
	fd_close_from(STDERR_FILENO + 1);
	log_set_fd(-1); /* what it says, it says by its result */
	int r = run(probe, container, plan, &err);
	probe->skipped = r == -ERR_STATE; /* it is paused */
	if (r < 0)
		str_copy(probe->output, sizeof probe->output, err.message);
	probe->done = true;
	_exit(0);
}

pid_t probe_start(struct probe *probe, struct container *container, const struct health_plan *plan)
{
	*probe = (struct probe){ .exit_code = -1 };
	pid_t pid = fork();
	if (pid == 0)
		live(probe, container, plan);
	return pid < 0 ? -errno : pid;
}
