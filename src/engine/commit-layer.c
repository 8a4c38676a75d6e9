/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/process.h"
#include "engine/changes.h"
#include "engine/commit.h"
#include "engine/engine-internal.h"
#include "engine/event.h"
#include "engine/live.h"
#include "image/copy.h"
#include "runtime/container.h"

struct layer_writer {
	pid_t pid;
	int fd;
	struct error *failure; /* memory that we share with it */
};

/* All that the writer needs: it asks no database, which is not its own. */
struct writing {
	struct engine *engine;
	const struct container_row *row;
	struct container *container; /* to be paused; or NULL */
	struct changes_source files;
	int out;
};

/* Out of a directory that holds everything. */
static int copy_changes(const struct changes_source *files, const struct copy_sink *sink, struct error *err)
{
	_cleanup_changes_ struct changes changes = { 0 };
	int r = changes_find(files, &changes, err);
	if (r < 0)
		return r;
	_cleanup_free_ struct copy_listed *list = mem_alloc((changes.count + 1) * sizeof *list);
	for (size_t i = 0; i < changes.count; i++)
		list[i] = (struct copy_listed){ changes.list[i].path + 1, changes.list[i].kind == 'D' };
	return copy_walk_list(files->dir, list, changes.count, sink, err);
}

static int write_layer(const struct writing *writing, struct error *err)
{
	_cleanup_copy_tar_ struct copy_tar tar = { .fd = writing->out };
	struct copy_ids ids = { .sink = copy_tar_sink(&tar), .maps = id_mapping_maps(&writing->files.ids) };
	const struct copy_sink sink = ids.maps.n_uids > 0 ? copy_ids_sink(&ids) : ids.sink;
	const struct copy_source source = { .fd = writing->files.dir, .as = "", .form = COPY_LAYER };
	int r = writing->files.whole ? copy_changes(&writing->files, &sink, err) : copy_walk(&source, &sink, err);
	return r < 0 ? r : copy_tar_finish(&tar, err);
}

/* Another run may have begun since, which is not the one that was to be paused. */
static bool has_ended(const struct container *container)
{
	char state = 0;
	return process_start_time(container->pid, &state) != container->start_time || state == 'Z' || state == 'X';
}

/* One that has ended meanwhile writes nothing, either. */
static int write_paused(const struct writing *writing, struct error *err)
{
	struct error failure = { 0 };
	if (container_pause(writing->container, &failure) < 0 && has_ended(writing->container))
		return write_layer(writing, err);
	if (failure.code != ERR_NONE) {
		*err = failure;
		return err_wrap(err, "pause it");
	}
	event_container(writing->engine, writing->row, "pause", NULL);
	int r = write_layer(writing, err);
	if (container_resume(writing->container, &failure) < 0 && !has_ended(writing->container))
		log_failure(LOG_LEVEL_ERROR, "resume a container that was paused for its commit", &failure);
	else
		event_container(writing->engine, writing->row, "unpause", NULL);
	return r;
}

/* Signals that are for who waits for the image do not keep the container paused. */
static void run_writer(const struct writing *writing, struct error *failure)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
		(void)signal(ignored[i], SIG_IGN);
	int r = writing->container ? write_paused(writing, failure) : write_layer(writing, failure);
	_exit(r < 0);
}

/* *ret stays NULL for one that does not run, is paused already, or cannot be. */
static int find_running(struct engine *engine, const struct container_row *row, struct container **ret,
			struct error *err)
{
	_cleanup_live_ struct live live = LIVE_NONE;
	_cleanup_container_ struct container *container = NULL;
	int r = live_open(engine, row, &live, err);
	if (r <= 0 || live.paused)
		return r;
	r = live_load(engine, row->id, &container, err);
	if (r == -ERR_NO_CONTAINER) { /* it has just ended */
		err_clear(err);
		return 0;
	}
	if (r < 0)
		return r;
	if (!*container->cgroup_path) {
		log_warn(
			"container \"%s\" is not paused, since it has no cgroup: what it writes meanwhile may be missing",
			row->name);
		return 0;
	}
	r = live_note_pause(&live, err);
	if (r >= 0)
		*ret = TAKE_PTR(container);
	return r;
}

static int start(const struct writing *writing, int in, struct layer_writer *writer, struct error *err)
{
	writer->failure =
		mmap(NULL, sizeof *writer->failure, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (writer->failure == MAP_FAILED)
		return err_sys(err, errno, "share memory with a process");
	writer->pid = fork();
	if (writer->pid < 0)
		return err_sys(err, errno, "start a process that reads the container's files");
	if (writer->pid == 0) {
		fd_close(in);
		run_writer(writing, writer->failure);
	}
	return 0;
}

static void writer_free(struct layer_writer *writer)
{
	fd_close(writer->fd);
	if (writer->failure && writer->failure != MAP_FAILED)
		munmap(writer->failure, sizeof *writer->failure);
	free(writer);
}

int layer_writer_start(struct engine *engine, const struct container_row *row, bool pause, struct layer_writer **ret,
		       struct error *err)
{
	_cleanup_container_ struct container *container = NULL;
	int ends[2];
	int r = pause ? find_running(engine, row, &container, err) : 0;
	if (r < 0)
		return r;
	_cleanup_changes_source_ struct changes_source files = CHANGES_SOURCE_NONE;
	r = changes_open(engine, row, &files, err);
	if (r < 0)
		return r;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	_cleanup_close_ int out = ends[1];
	const struct writing writing = {
		.engine = engine, .row = row, .container = container, .files = files, .out = out
	};
	struct layer_writer *writer = NEW(struct layer_writer);
	writer->fd = ends[0];
	r = start(&writing, ends[0], writer, err);
	if (r < 0)
		writer_free(writer);
	else
		*ret = writer;
	return r;
}

int layer_writer_fd(const struct layer_writer *writer)
{
	return writer->fd;
}

int layer_writer_finish(struct layer_writer *writer, struct error *err)
{
	int status = 0;
	fd_close(TAKE_FD(writer->fd)); /* if nobody reads any more, it is not to wait for that */
	int r = process_wait(writer->pid, &status, err);
	if (r >= 0 && WIFSIGNALED(status))
		r = err_set(err, ERR_INTERNAL, "the process that reads the container's files was killed by signal %d",
			    WTERMSIG(status));
	else if (r >= 0 && process_exit_code(status) != 0) {
		r = err_check_received(writer->failure);
		if (err)
			*err = *writer->failure;
	}
	writer_free(writer);
	return r < 0 ? r : 0;
}
