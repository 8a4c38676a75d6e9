/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timeline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"

enum { SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL };

struct timeline {
	atomic_size_t count; /* of steps that were begun, also of those that found no room */
	struct timeline_step steps[TIMELINE_STEPS_MAX];
};

struct timeline *timeline_current;
static int memory = -1;
static char process[TIMELINE_WHO_MAX];

void timeline_as(const char *who)
{
	str_copy(process, sizeof process, who);
}

static int map(int fd)
{
	void *at = mmap(NULL, sizeof(struct timeline), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	timeline_current = at;
	return 0;
}

int timeline_begin(const char *who, struct error *err)
{
	_cleanup_close_ int fd = memfd_create("coffer-timeline", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || ftruncate(fd, sizeof(struct timeline)) < 0 || fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return err_sys(err, errno, "make the memory of a timeline");
	int r = map(fd);
	if (r < 0)
		return err_sys(err, -r, "map the memory of a timeline");
	memory = TAKE_FD(fd);
	timeline_as(who);
	return 0;
}

int timeline_fd(void)
{
	return memory;
}

/* Its size cannot change any more, so nobody can make us fault. */
void timeline_join(int fd, const char *who)
{
	_cleanup_close_ int given = fd;
	if (fcntl(given, F_GET_SEALS) != SEALS || lseek(given, 0, SEEK_END) != sizeof(struct timeline))
		return;
	timeline_as(who);
	(void)map(given);
}

void timeline_note(const char *fmt, ...)
{
	size_t at = atomic_fetch_add(&timeline_current->count, 1);
	if (at >= TIMELINE_STEPS_MAX)
		return;
	struct timeline_step *step = &timeline_current->steps[at];
	va_list args;
	va_start(args, fmt);
	vsnprintf(step->text, sizeof step->text, fmt, args);
	va_end(args);
	str_copy(step->who, sizeof step->who, process);
	atomic_thread_fence(memory_order_release);
	step->time_ns = time_now_ns();
}

void timeline_end(void)
{
	if (!timeline_current)
		return;
	(void)munmap(timeline_current, sizeof *timeline_current);
	timeline_current = NULL;
	fd_close(TAKE_FD(memory));
}

static int compare_times(const void *a, const void *b)
{
	const struct timeline_step *one = a, *other = b;
	return (one->time_ns > other->time_ns) - (one->time_ns < other->time_ns);
}

/* Others may write still: it is copied first, and what they have not finished has no time. */
size_t timeline_take(struct timeline_step ret[static TIMELINE_STEPS_MAX])
{
	size_t count = 0;
	for (size_t i = 0; timeline_current && i < TIMELINE_STEPS_MAX; i++) {
		ret[count] = timeline_current->steps[i];
		ret[count].who[TIMELINE_WHO_MAX - 1] = ret[count].text[TIMELINE_TEXT_MAX - 1] = '\0';
		count += ret[count].time_ns != 0;
	}
	qsort(ret, count, sizeof *ret, compare_times);
	timeline_end();
	return count;
}
