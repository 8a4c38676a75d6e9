/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/await.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "engine/engine-internal.h"
#include "engine/reconcile.h"
#include "engine/record.h"

enum { LOOK_STEP_MS = 20 };

void await_on(struct engine *engine, const char *id, int connection, struct await *ret)
{
	*ret = (struct await){ .engine = engine, .connection = connection };
	str_copy(ret->id, sizeof ret->id, id);
}

void await_begin(struct engine *engine, const char *id, struct await *ret)
{
	await_on(engine, id, monitor_tell(engine, id, PACKET_MUTE, NULL, 0, NULL), ret);
}

void await_done(struct await *await)
{
	fd_close(TAKE_FD(await->connection));
}

static bool has_ended(const struct await *await, const struct monitor_status *status)
{
	return status->state == MONITOR_STATE_EXITED || (status->state == MONITOR_STATE_RESTARTING && !await->for_good);
}

/* 1: ended; 0: nothing of interest was heard, or the connection is gone. */
static int hear(struct await *await, int *ret_exit_code)
{
	_cleanup_free_ void *buf = mem_alloc(MONITOR_PACKET_MAX);
	struct monitor_status status;
	enum packet_type type;
	const void *payload;
	size_t len;
	int r = packet_receive(await->connection, buf, &type, &payload, &len);
	bool told = r > 0 && type == PACKET_EXIT && monitor_status_parse(payload, len, &status, NULL) >= 0;
	if (told && has_ended(await, &status)) {
		*ret_exit_code = status.exit_code;
		return 1;
	}
	if (r <= 0 || told)
		await_done(await);
	return 0;
}

/* 1: ended, 0: it runs. One that is not there any more has ended with nobody knows what. */
static int look(struct await *await, int *ret_exit_code, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	struct monitor_status status = { 0 };
	int r = reconcile_container(await->engine, await->id, err);
	if (r >= 0)
		r = status_of(await->engine, await->id, &status, err);
	if (r < 0 || (r > 0 && !has_ended(await, &status)))
		return r < 0 ? r : 0;
	if (r > 0) {
		*ret_exit_code = status.exit_code;
		return 1;
	}
	r = container_load_row(await->engine, await->id, &row, err);
	if (r == -ERR_NO_CONTAINER)
		err_clear(err);
	else if (r < 0)
		return r;
	*ret_exit_code = row.exit_code;
	return 1;
}

static int left_ms(int64_t deadline)
{
	int64_t left = deadline - time_monotonic_ns();
	return left <= 0 ? 0 : (int)MIN((left + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC, (int64_t)INT32_MAX);
}

int await_end(struct await *await, int timeout_ms, int *ret_exit_code, struct error *err)
{
	int64_t deadline = timeout_ms < 0 ? INT64_MAX : time_monotonic_ns() + timeout_ms * NSEC_PER_MSEC;
	for (;;) {
		int left = timeout_ms < 0 ? -1 : left_ms(deadline);
		struct pollfd wait = { .fd = await->connection, .events = POLLIN };
		bool deaf = await->connection < 0;
		int step = deaf && (left < 0 || left > LOOK_STEP_MS) ? LOOK_STEP_MS : left;
		int r = deaf ? look(await, ret_exit_code, err) : 0;
		if (r != 0)
			return r;
		int n = poll(&wait, deaf ? 0 : 1, step);
		if (n < 0 && errno != EINTR)
			return err_sys(err, errno, "wait for the end of container %.12s", await->id);
		if (n > 0 && hear(await, ret_exit_code) > 0)
			return 1;
		if (n == 0 && left == 0)
			return 0;
	}
}
