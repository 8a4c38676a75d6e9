/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/seccomp-listener.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"
#include "runtime/init.h"
#include "runtime/state.h"

/* --- in the process --- */

/* Closes nothing: its descriptors are those of the process. */
_Noreturn static void run_helper(int numbers, pid_t process, int sync)
{
	int listener;
	/* It holds the pipe's other end as well, and so would never see that the process is gone. */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != process)
		_exit(1);
	if (RETRY_ON_EINTR(read(numbers, &listener, sizeof listener)) != sizeof listener || listener < 0)
		_exit(1);
	_exit(init_send(sync, INIT_LISTENER, NULL, listener) < 0);
}

static pid_t make_helper(int numbers, int sync)
{
	pid_t process = getpid(), helper = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (helper == 0)
		run_helper(numbers, process, sync);
	return helper;
}

int seccomp_listener_install(const struct seccomp_filter *filter, int sync, struct error *err)
{
	int pair[2], status;
	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	_cleanup_close_ int numbers = pair[0], to_helper = pair[1];
	pid_t helper = make_helper(numbers, sync);
	if (helper < 0)
		return err_sys(err, errno, "make a process");
	int listener = -1, r = seccomp_install(filter, &listener, err);
	bool told = write(to_helper, &listener, sizeof listener) == sizeof listener;
	if (RETRY_ON_EINTR(waitpid(helper, &status, 0)) != helper)
		status = -1;
	fd_close(listener);
	if (r == 0 && (!told || status != 0))
		return err_set(err, ERR_CANCELLED, "who should have the seccomp listener is gone");
	return r;
}

/* --- in the creator --- */

static struct json_object *process_state(const struct spec_seccomp *profile, const struct container *container,
					 enum container_status status, pid_t pid)
{
	struct json_object *object = json_object_new_object();
	json_add_string(object, "ociVersion", container->oci_version);
	json_append_string(json_add_array(object, "fds"), "seccompFd");
	json_add_i64(object, "pid", pid);
	json_add_string(object, "metadata", profile->listener_metadata);
	json_object_object_add(object, "state", state_object(container, status));
	return object;
}

int seccomp_listener_deliver(const struct spec_seccomp *profile, const struct container *container,
			     enum container_status status, pid_t pid, int sync, struct error *err)
{
	int fd = -1, r = init_receive(sync, INIT_LISTENER, &fd, err);
	_cleanup_close_ int listener = fd;
	if (r < 0)
		return r;
	const char *path = profile->listener_path;
	_cleanup_close_ int agent = fd_connect_unix(path);
	if (agent < 0)
		return err_sys_code(err, ERR_SEC_SECCOMP, -agent, "connect to the seccomp agent at '%s'", path);
	_cleanup_json_ struct json_object *state = process_state(profile, container, status, pid);
	const char *text = json_text(state);
	r = fd_send(agent, text, strlen(text), &listener, 1);
	return r < 0 ? err_sys_code(err, ERR_SEC_SECCOMP, -r, "send the listener to the seccomp agent at '%s'", path) :
		       0;
}
