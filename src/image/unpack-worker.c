/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Worker processes. Three things connect a worker with us:
 *  - a SOCK_SEQPACKET socket: a job with its two fds goes there, an answer comes back;
 *  - a page of shared memory, in which we say how much of the blob there is. So saying it can neither block nor be lost;
 *  - an eventfd, which wakes a worker that waits for more of it.
 * What comes from a worker is as little to be trusted as the bytes that it parses.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/util.h"
#include "image/confined.h"
#include "image/digest.h"
#include "image/hash.h"
#include "image/unpack-sandbox.h"
#include "image/unpack.h"
#include "storage/space.h"

/* Written by us, read by the worker. */
struct feed {
	_Atomic uint64_t available;
	_Atomic bool complete;
};

struct job {
	enum layer_compression compression;
	struct unpack_limits limits;
	bool is_stream;
	uint8_t beginning[UNPACK_BEGINNING_MAX]; /* of a stream: what was read of it already */
	size_t beginning_len;
};

struct answer {
	struct error err; /* its code is ERR_NONE if all went well */
	struct unpack_result result;
};

enum { JOB_BLOB, JOB_DIR, JOB_FDS };

struct unpack_worker {
	pid_t pid; /* 0 once it is collected */
	int sock;
	int wake;
	int dir; /* of the current job, or -1 if there is none */
	struct unpack_limits limits;
	struct feed *feed;
};

/* --- In the worker --- */

enum { SOCK_FD = CONFINED_FD_FIRST, WAKE_FD };

struct reading {
	int blob;
	uint64_t offset;
	const struct feed *feed;
};

/* Sleep until there may be more of the blob. Without anybody to feed us, there is nothing left to do. */
static void wait_for_feed(void)
{
	struct pollfd fds[] = { { .fd = WAKE_FD, .events = POLLIN }, { .fd = SOCK_FD } };
	if (RETRY_ON_EINTR(poll(fds, ARRAY_SIZE(fds), -1)) < 0 || fds[1].revents)
		_exit(EXIT_FAILURE);
	uint64_t count;
	(void)!read(WAKE_FD, &count, sizeof count);
}

static ssize_t read_blob(void *context, void *buf, size_t size)
{
	struct reading *reading = context;
	for (;;) {
		/* In this order: what is complete has its final length. */
		bool complete = atomic_load(&reading->feed->complete);
		uint64_t available = atomic_load(&reading->feed->available);
		if (reading->offset < available) {
			size_t want = (size_t)MIN((uint64_t)size, available - reading->offset);
			ssize_t n = RETRY_ON_EINTR(pread(reading->blob, buf, want, (off_t)reading->offset));
			if (n <= 0)
				return n < 0 ? -errno : -ENODATA; /* it was said to be longer */
			reading->offset += (uint64_t)n;
			return n;
		}
		if (complete)
			return 0;
		wait_for_feed();
	}
}

/* A pipe, or a file from where it stands: whoever has it at the other end says when it ends. */
struct stream {
	int fd;
	const struct job *job;
	size_t at; /* in the beginning */
};

static ssize_t read_stream(void *context, void *buf, size_t size)
{
	struct stream *stream = context;
	size_t left = stream->job->beginning_len - stream->at;
	if (left > 0) {
		size_t n = MIN(left, size);
		memcpy(buf, stream->job->beginning + stream->at, n);
		stream->at += n;
		return (ssize_t)n;
	}
	struct pollfd fds[] = { { .fd = stream->fd, .events = POLLIN }, { .fd = SOCK_FD } };
	if (RETRY_ON_EINTR(poll(fds, ARRAY_SIZE(fds), -1)) < 0)
		return -errno;
	if (fds[1].revents)
		_exit(EXIT_FAILURE);
	ssize_t n = RETRY_ON_EINTR(read(stream->fd, buf, size));
	return n < 0 ? -errno : n;
}

static void work(const struct job *job, const int fds[static JOB_FDS], const struct feed *feed, struct answer *answer)
{
	struct reading reading = { .blob = fds[JOB_BLOB], .feed = feed };
	struct stream stream = { .fd = fds[JOB_BLOB], .job = job };
	unpack_archive(job->is_stream ? read_stream : read_blob, job->is_stream ? (void *)&stream : &reading,
		       job->compression, fds[JOB_DIR], &job->limits, &answer->result, &answer->err);
	for (size_t i = 0; i < JOB_FDS; i++)
		fd_close(fds[i]);
}

static _Noreturn void serve(const struct feed *feed, const struct error *setup_error)
{
	for (;;) {
		struct job job;
		int fds[JOB_FDS];
		size_t n_fds;
		ssize_t len = fd_receive(SOCK_FD, &job, sizeof job, fds, ARRAY_SIZE(fds), &n_fds);
		if (len != sizeof job || n_fds != ARRAY_SIZE(fds) || job.beginning_len > sizeof job.beginning)
			_exit(len == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
		struct answer *answer = NEW(struct answer);
		if (setup_error->code != ERR_NONE)
			answer->err = *setup_error;
		else
			work(&job, fds, feed, answer);
		if (fd_send(SOCK_FD, answer, sizeof *answer, NULL, 0) < 0)
			_exit(EXIT_FAILURE);
		free(answer);
	}
}

static int set_up(struct error *err)
{
	struct hash *hash = NULL; /* OpenSSL loads its files while there are files */
	int r = hash_new(&hash, err);
	hash_free(hash);
	return r < 0 ? r : sandbox_enter(SANDBOX_UNPACK, err);
}

static _Noreturn void worker_main(const struct feed *feed)
{
	struct error setup_error = { 0 };
	(void)set_up(&setup_error);
	serve(feed, &setup_error);
}

/* --- In us --- */

static int connect_worker(struct unpack_worker *worker, int *ret_sock, struct error *err)
{
	int pair[2];
	worker->feed = mmap(NULL, sizeof *worker->feed, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	worker->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (worker->feed == MAP_FAILED || worker->wake < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, errno, "connect to an unpacker");
	worker->sock = pair[0];
	*ret_sock = pair[1];
	return 0;
}

int unpack_worker_start(struct unpack_worker **ret, struct error *err)
{
	_cleanup_unpack_worker_ struct unpack_worker *worker = NEW(struct unpack_worker);
	worker->sock = worker->wake = worker->dir = -1;
	worker->feed = MAP_FAILED;
	_cleanup_close_ int sock = -1;
	int r = unpack_limits_read(&worker->limits, err);
	if (r >= 0)
		r = connect_worker(worker, &sock, err);
	if (r < 0)
		return r;
	const int fds[] = { sock, worker->wake };
	pid_t pid = confined_fork(fds, ARRAY_SIZE(fds), "an unpacker", err);
	if (pid < 0)
		return pid;
	if (pid == 0)
		worker_main(worker->feed);
	worker->pid = pid;
	*ret = TAKE_PTR(worker);
	return 0;
}

void unpack_worker_free(struct unpack_worker *worker)
{
	if (!worker)
		return;
	if (worker->pid > 0)
		confined_end(worker->pid);
	fd_close(worker->sock);
	fd_close(worker->wake);
	fd_close(worker->dir);
	if (worker->feed != MAP_FAILED)
		munmap(worker->feed, sizeof *worker->feed);
	free(worker);
}

int unpack_worker_fd(const struct unpack_worker *worker)
{
	return worker->sock;
}

static void set_feed(struct unpack_worker *worker, uint64_t available, bool complete)
{
	atomic_store(&worker->feed->available, available);
	atomic_store(&worker->feed->complete, complete);
}

static int give_job(struct unpack_worker *worker, const struct job *job, int archive, int dir, struct error *err)
{
	if (worker->dir >= 0 || worker->pid == 0)
		return err_set(err, ERR_INTERNAL, "the unpacker is not free");
	_cleanup_close_ int copy = fcntl(dir, F_DUPFD_CLOEXEC, 0), confined = sandbox_confine(dir);
	if (copy < 0 || confined < 0)
		return err_sys(err, copy < 0 ? errno : -confined, "prepare the layer's directory");
	const int fds[JOB_FDS] = { [JOB_BLOB] = archive, [JOB_DIR] = confined };
	int r = fd_send(worker->sock, job, sizeof *job, fds, ARRAY_SIZE(fds));
	/* If it has died meanwhile, unpack_worker_finish() says of what. */
	if (r < 0 && r != -EPIPE && r != -ECONNRESET)
		return err_sys(err, -r, "give work to an unpacker");
	worker->dir = TAKE_FD(copy);
	return 0;
}

int unpack_worker_begin(struct unpack_worker *worker, int blob, uint64_t available, int dir,
			enum layer_compression compression, const struct unpack_limits *limits, struct error *err)
{
	set_feed(worker, available, false);
	const struct job job = { .compression = compression, .limits = limits ? *limits : worker->limits };
	return give_job(worker, &job, blob, dir, err);
}

int unpack_worker_begin_stream(struct unpack_worker *worker, int fd, const void *beginning, size_t beginning_len,
			       int dir, enum layer_compression compression, const struct unpack_limits *limits,
			       struct error *err)
{
	struct job job = {
		.compression = compression, .limits = *limits, .is_stream = true, .beginning_len = beginning_len
	};
	memcpy(job.beginning, beginning, beginning_len);
	return give_job(worker, &job, fd, dir, err);
}

int unpack_worker_feed(struct unpack_worker *worker, uint64_t available, bool complete, struct error *err)
{
	set_feed(worker, available, complete);
	const uint64_t one = 1;
	/* The counter is not blocking; when it is full, the worker has been woken often enough. */
	if (write(worker->wake, &one, sizeof one) < 0 && errno != EAGAIN)
		return err_sys(err, errno, "wake an unpacker");
	return 0;
}

static int explain_death(struct unpack_worker *worker, struct error *err)
{
	confined_explain(worker->pid, "unpacked the layer", err);
	worker->pid = 0;
	return err_stage(err, STAGE_UNPACK);
}

/* The worker has no /proc, and so cannot say which file system is full. */
static void name_place(const struct unpack_worker *worker, struct error *err)
{
	char place[256], cause[sizeof err->cause];
	if ((err->code != ERR_NOSPC && err->code != ERR_NOINODE) || !*space_place(worker->dir, place, sizeof place))
		return;
	memcpy(cause, err->cause, sizeof cause);
	err->cause[0] = '\0';
	err_cause(err, "%s: %.500s", place, cause);
}

static int accept_answer(const struct unpack_worker *worker, struct answer *answer, struct unpack_result *ret,
			 struct error *err)
{
	if (answer->err.code != ERR_NONE) {
		int r = err_check_received(&answer->err);
		if (err) {
			*err = answer->err;
			name_place(worker, err);
		}
		return r;
	}
	answer->result.diff_id[sizeof answer->result.diff_id - 1] = '\0';
	if (!digest_is_valid(answer->result.diff_id))
		return err_set(err, ERR_INTERNAL, "the process that unpacked the layer gave a senseless answer");
	*ret = answer->result;
	return 0;
}

int unpack_worker_finish(struct unpack_worker *worker, struct unpack_result *ret, struct error *err)
{
	if (worker->dir < 0)
		return err_set(err, ERR_INTERNAL, "the unpacker has no job to finish");
	_cleanup_free_ struct answer *answer = NEW(struct answer);
	ssize_t len = fd_receive(worker->sock, answer, sizeof *answer, NULL, 0, NULL);
	int r = len == sizeof *answer ? accept_answer(worker, answer, ret, err) : explain_death(worker, err);
	fd_close(TAKE_FD(worker->dir));
	return r;
}
