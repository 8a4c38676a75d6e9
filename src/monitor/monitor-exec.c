/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another program in the container. A process that is forked for it is its parent, and to its client what the monitor is
 * to a container's peers; so it has a struct monitor of its own.
 *
 *	client                      this process
 *	EXEC, REQUEST ...       ->
 *	                            container_exec()
 *	                        <-  STARTED, or ERROR
 *	STDIN, RESIZE, SIGNAL   ->
 *	                        <-  STDOUT, STDERR, EXIT
 *
 * Invariants:
 *  X1  The program does not outlive its client, unless that has said so: a connection that ends kills it.
 *  X2  Whatever its client does, it is collected at once: a zombie whose parent is outside of the pid namespace would
 *      keep the container from ending. If this process is killed, the program is, too, and the monitor collects both.
 *  X3  Nothing of the monitor is held here: no lock, no stream, no peer. So neither waits for the other.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "monitor/monitor-internal.h"

#define PROCESS_NAME "coffer-exec"

/* --- What is asked for --- */

struct request {
	struct spec_process *process;
	bool open_stdin, detach;
};

static int receive_request(int sock, struct str *text, struct error *err)
{
	_cleanup_free_ void *buf = mem_alloc(MONITOR_PACKET_MAX);
	for (;;) {
		enum packet_type type;
		const void *payload;
		size_t len;
		int r = packet_receive(sock, buf, &type, &payload, &len);
		if (r <= 0)
			return err_sys(err, r < 0 ? -r : ECONNRESET, "hear what is to be run");
		if (type != PACKET_REQUEST || text->len + len > SPEC_SIZE_MAX)
			return err_set(err, ERR_INTERNAL, "what is to be run makes no sense");
		if (len == 0)
			return 0;
		str_append_len(text, payload, len);
	}
}

static int parse_request(const struct str *text, struct request *ret, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	struct json_node process;
	int r = json_parse(str_text(text), text->len, "what is to be run", ERR_INTERNAL, &document, err);
	if (r < 0)
		return r;
	struct json_node root = json_root(&document);
	if ((r = json_as_object(&root, err)) < 0 ||
	    (r = json_get_bool(&root, "openStdin", &ret->open_stdin, err)) < 0 ||
	    (r = json_get_bool(&root, "detach", &ret->detach, err)) < 0 ||
	    (r = json_need_object(&root, "process", &process, err)) < 0 ||
	    (r = spec_process_from_json(&process, &ret->process, err)) < 0)
		return r;
	if (!ret->process->args || !ret->process->args[0] || !ret->process->cwd || ret->process->cwd[0] != '/')
		return json_error(&process, err, "\"args\" and an absolute \"cwd\" are required");
	return 0;
}

/* --- The program --- */

static int start(struct monitor *exec, const struct spec_process *process, struct error *err)
{
	_cleanup_stdio_ends_ struct stdio_ends ends = { .fds = { -1, -1, -1 } };
	_cleanup_spec_ struct spec *spec = NULL;
	int r = container_load_spec(exec->exec_of->container, &spec, err);
	if (r < 0 || (!process->terminal && (r = io_open_pipes(exec, &ends, err)) < 0))
		return r;
	_cleanup_close_ int cache = monitor_open_cache(&exec->exec_of->plan);
	const struct container_exec_options options = {
		.process = process,
		.spec = spec,
		.cache_dir = cache,
		.stdio = { ends.fds[0], ends.fds[1], ends.fds[2] },
		.die_with_parent = true,
	};
	r = container_exec(exec->exec_of->container, &options, &exec->init, err);
	return r < 0 || !process->terminal ? r : io_open_terminal(exec, &exec->init.console, err);
}

/* It leads a process group, whose number is not given away as long as it has not been collected. */
static void kill_program(const struct monitor *exec)
{
	if (exec->init.pid > 0 && !exec->ended)
		(void)kill(-exec->init.pid, SIGKILL);
}

static void serve(struct monitor *exec)
{
	while (!exec->ended) {
		if (exec->ends_with_peers && peers_count(exec) == 0)
			kill_program(exec);
		(void)loop_once(exec, -1);
	}
	io_drain(exec);
}

static void tell_end(struct monitor *exec)
{
	exec->status.state = MONITOR_STATE_EXITED;
	event_exec_died(exec);
	_cleanup_free_ char *text = monitor_status_text(&exec->status);
	deliver_copy(exec, PACKET_EXIT, text, strlen(text));
	delivery_finish(exec);
}

/* --- Its life --- */

/* As the owner, the client sets the pace of its program's output. */
static int connect_client(struct monitor *exec, int sock, struct error *err)
{
	int r = loop_open(exec, err);
	if (r < 0)
		return r;
	peer_add(exec, sock);
	if (peers_count(exec) == 0)
		return err_set(err, ERR_PERMISSION, "who asked for the program is another user");
	exec->peers[0].owner = true;
	return 0;
}

static int begin(struct monitor *exec, int sock, struct request *request, struct error *err)
{
	_cleanup_str_ struct str text = { 0 };
	int r = receive_request(sock, &text, err);
	if (r < 0 || (r = parse_request(&text, request, err)) < 0)
		return r;
	exec->plan.open_stdin = request->open_stdin;
	return start(exec, request->process, err);
}

static void tell_failure(int sock, const struct error *failure)
{
	_cleanup_json_ struct json_object *object = json_from_error(failure);
	const char *text = json_text(object);
	(void)packet_send(sock, PACKET_ERROR, text, strlen(text));
}

static void record_start(struct monitor *exec, const struct spec_process *process)
{
	_cleanup_free_ char *words = strv_join(process->args, " ");
	random_id(exec->exec_id);
	event_exec_started(exec, words);
}

static int run(struct monitor *exec, int sock, struct error *err)
{
	struct request request = { 0 };
	int r = begin(exec, sock, &request, err);
	if (r >= 0)
		record_start(exec, request.process);
	if (r >= 0)
		r = connect_client(exec, sock, err);
	spec_process_free(request.process);
	if (r < 0)
		return r;
	exec->status.state = MONITOR_STATE_RUNNING;
	exec->status.started_at = time_now_ns();
	exec->status.pid = exec->init.pid;
	exec->ends_with_peers = !request.detach;
	deliver_copy(exec, PACKET_STARTED, NULL, 0);
	io_flow(exec);
	if (request.detach)
		peers_close(exec);
	serve(exec);
	tell_end(exec);
	return 0;
}

/* What is the monitor's goes with its fds; its memory is a copy, in which its container can be looked up. */
_Noreturn static void live(struct monitor *container, int sock)
{
	static const struct monitor_options options = { .dir = -1, .control = -1, .lock = -1 };
	struct error err = { 0 };
	fd_close_from_except(STDERR_FILENO + 1, &sock, 1);
	log_set_fd(STDERR_FILENO);
	prctl(PR_SET_NAME, PROCESS_NAME, 0, 0, 0);
	(void)fd_set_nonblocking(sock, false);
	struct monitor *exec = monitor_new(&options);
	exec->exec_of = container;
	exec->plan.stop_signal = SIGTERM;
	if (run(exec, sock, &err) < 0) {
		kill_program(exec);
		tell_failure(sock, &err);
	}
	_exit(0);
}

void exec_begin(struct monitor *monitor, int connection)
{
	struct error err = { 0 };
	pid_t pid = fork();
	if (pid == 0)
		live(monitor, connection);
	if (pid > 0)
		return;
	(void)err_sys(&err, errno, "make a process for another program");
	tell_failure(connection, &err);
}
