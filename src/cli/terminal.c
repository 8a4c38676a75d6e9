/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/util.h"

/* What signal handlers and atexit() have to reach. `fd` is -1 while no terminal is raw. */
static struct {
	volatile sig_atomic_t fd;
	struct termios before, raw;
} saved = { .fd = -1 };

/* Signals whose default is to end us; those that are forwarded to the container are blocked and do not get here. */
static const int DEADLY[] = { SIGHUP,  SIGINT,	SIGQUIT, SIGILL,  SIGTRAP, SIGABRT, SIGBUS,  SIGFPE, SIGUSR1,
			      SIGSEGV, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGXCPU, SIGXFSZ, SIGSYS };

bool terminal_size(int fd, struct terminal_size *ret)
{
	struct winsize size;
	if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_col == 0)
		return false;
	*ret = (struct terminal_size){ .rows = size.ws_row, .columns = size.ws_col };
	return true;
}

void terminal_restore(void)
{
	int fd = saved.fd;
	if (fd < 0)
		return;
	saved.fd = -1;
	/* In the background this would stop us; with SIGTTOU blocked it does not. */
	sigset_t ttou, mask;
	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	sigprocmask(SIG_BLOCK, &ttou, &mask);
	(void)tcsetattr(fd, TCSADRAIN, &saved.before);
	sigprocmask(SIG_SETMASK, &mask, NULL);
}

/* The disposition was reset as we came here, so the same signal now does what it is for. */
static void restore_and_die(int sig)
{
	terminal_restore();
	(void)raise(sig);
}

static void guard_against_signals(void)
{
	struct sigaction restore = { .sa_handler = restore_and_die, .sa_flags = (int)SA_RESETHAND | SA_NODEFER };
	for (size_t i = 0; i < ARRAY_SIZE(DEADLY); i++) {
		struct sigaction before;
		if (sigaction(DEADLY[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
			(void)sigaction(DEADLY[i], &restore, NULL);
	}
}

static int read_modes(int fd, struct error *err)
{
	if (tcgetattr(fd, &saved.before) < 0)
		return err_sys_code(err, ERR_TTY, errno, "read the modes of the terminal");
	saved.raw = saved.before;
	return 0;
}

static int set_modes(int fd, struct error *err)
{
	static bool registered;
	if (!registered && atexit(terminal_restore) == 0)
		registered = true;
	guard_against_signals();
	saved.fd = fd;
	if (tcsetattr(fd, TCSADRAIN, &saved.raw) < 0) {
		saved.fd = -1;
		return err_sys_code(err, ERR_TTY, errno, "set the modes of the terminal");
	}
	return 0;
}

int terminal_make_raw(int fd, struct error *err)
{
	int r = read_modes(fd, err);
	if (r < 0)
		return r;
	cfmakeraw(&saved.raw);
	saved.raw.c_cc[VMIN] = 1;
	saved.raw.c_cc[VTIME] = 0;
	return set_modes(fd, err);
}

int terminal_hide_input(int fd, struct error *err)
{
	int r = read_modes(fd, err);
	if (r < 0)
		return r;
	saved.raw.c_lflag &= ~(tcflag_t)ECHO;
	return set_modes(fd, err);
}

void terminal_raw_again(void)
{
	if (saved.fd >= 0)
		(void)tcsetattr(saved.fd, TCSADRAIN, &saved.raw);
}
