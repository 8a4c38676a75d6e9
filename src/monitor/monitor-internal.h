/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the monitor share. Each file owns one part of struct monitor and is the only one that changes it:
 *
 *	monitor-loop.c    watches: what is waited for, and who handles it
 *	monitor-io.c      streams and input: the container's end
 *	monitor-peer.c    peers and delivery: the other end
 *	monitor-stop.c    stop: who wants its end
 *	monitor-restart.c restart: when it is started again
 *	monitor-health.c  health
 *	monitor-recorder.c the flight recorder
 *	monitor-relay.c   published ports that a process has to carry
 *	monitor-images.c  images that are mounted into it
 *	monitor-join.c    namespaces of other containers
 *	monitor-notify.c  notify: what the container says to a service manager
 *	monitor-end.c     the end, good or bad
 *	monitor-exec.c    other programs in the container, each in a process and a struct monitor of its own
 *	monitor.c         all else
 *
 * Output flows in units of one delivery: bytes that were read once and are sent to every peer. As long as a peer has not
 * taken it, or the log has not, nothing more is read from the container; the pipes fill up, and the container waits. Input flows in units of
 * one packet: as long as the container has not taken it, the next STDIN packet stays in its peer's socket.
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/random.h"
#include "monitor/container-log.h"
#include "monitor/health.h"
#include "monitor/monitor.h"
#include "monitor/protocol.h"
#include "monitor/recorder-counters.h"
#include "runtime/cgroup-stats.h"
#include "runtime/container.h"

enum { MONITOR_PEERS_MAX = 16 };

struct monitor;

/* --- monitor-loop.c --- */

/* A file that the loop may wait for. It lies where its owner is, and does not move. */
struct watch {
	int fd;		 /* -1: none */
	uint32_t events; /* waited for now; 0: not in the loop at all, for epoll reports a hang-up even unasked */
	void (*ready)(struct monitor *monitor, struct watch *watch, uint32_t events);
};

int loop_open(struct monitor *monitor, struct error *err);
void watch_set(struct monitor *monitor, struct watch *watch, uint32_t events);
void watch_close(struct monitor *monitor, struct watch *watch);

/* What happens at a time of its own. A timer that is set again forgets when it was due before. */
enum timer { TIMER_STOP, TIMER_RESTART, TIMER_HEALTH, TIMER_PROBE, TIMER_SAMPLE, TIMER_COUNT };
void timer_set(struct monitor *monitor, enum timer timer, int64_t delay_ms);
void timer_clear(struct monitor *monitor, enum timer timer);

/* Wait at most @timeout_ms (-1: for ever) for one event and handle it. Returns false if there was none. */
bool loop_once(struct monitor *monitor, int timeout_ms);

/* Collect the children that have ended; the container's first process sets monitor->ended. */
void reap(struct monitor *monitor);

/* --- monitor-io.c --- */

struct stream {
	struct watch watch; /* first: a watch is its stream */
	enum packet_type type;
	enum log_stream log;
	/*
	 * A terminal that nobody has open answers EIO, and says that it has been hung up, all the time. Somebody can open
	 * it again (getty and systemd do), of which we hear by what he writes.
	 */
	bool unused;
};

struct input {
	struct watch watch; /* waited for while there is something in data */
	size_t at, len;	    /* of data: not yet written */
	bool ending;	    /* close it when data is empty */
	bool terminal;	    /* has no end of file */
	char data[MONITOR_PACKET_MAX];
};

/* The container's 0, 1 and 2, to be given to container_create(); ours go to the monitor. */
struct stdio_ends {
	int fds[3];
};
void stdio_ends_done(struct stdio_ends *ends);
#define _cleanup_stdio_ends_ _cleanup_(stdio_ends_done)

int io_open_pipes(struct monitor *monitor, struct stdio_ends *ret, struct error *err);
int io_open_terminal(struct monitor *monitor, int *console, struct error *err);

/* Output that was read, and is on its way to peers, but that the log has not taken yet: a part of the delivery. */
struct unlogged {
	enum log_stream stream;
	size_t at, len;
	int64_t time_ns;
};

int io_open_log(struct monitor *monitor, struct error *err);

/* Read from the container, unless somebody has to take first what was read before. */
void io_flow(struct monitor *monitor);

/* Deliver all that the container has written; nobody of it is alive any more. */
void io_drain(struct monitor *monitor);
void io_close(struct monitor *monitor);

/* As before the first run: no streams, no input. */
void io_reset(struct monitor *monitor);

/* Whether a STDIN packet can be taken now. */
bool input_is_free(const struct monitor *monitor);
void input_write(struct monitor *monitor, const void *data, size_t len);
void input_end(struct monitor *monitor);
void input_resize(struct monitor *monitor, const struct packet_size *size);

/* --- monitor-relay.c --- */

/* Sockets that were listened on before the container was made. */
struct relaying {
	struct watch sockets[MONITOR_RELAY_MAX];
	size_t count;
	pid_t pid; /* of the process that has them, 0 while nobody has come */
};

/* Take what the plan speaks of; nobody is let in before relay_begin(). */
void relay_take(struct monitor *monitor);
void relay_begin(struct monitor *monitor);

/* Whether it was that process: the next one who comes gets another, unless it has failed. */
bool relay_reaped(struct monitor *monitor, pid_t pid, int wait_status);

/* The run is over: whoever comes, waits. */
void relay_pause(struct monitor *monitor);

/* Nobody listens when this returns. */
void relay_end(struct monitor *monitor);

/* --- monitor-peer.c --- */

struct peer {
	struct watch watch; /* first: a watch is its peer */
	bool owner;
	bool owed;   /* has not taken the current delivery */
	bool mute;   /* gets no output */
	bool parked; /* its next packet is STDIN, for which there is no room */
};

struct delivery {
	enum packet_type type;
	size_t len;
	bool pending;	     /* some peer is owed */
	bool owner_has_it;   /* somebody who has promised to clean up has taken it */
	int64_t deadline_ns; /* when those are dropped (M3) */
	char data[MONITOR_PACKET_MAX];
};

void peers_init(struct monitor *monitor);
int peers_listen(struct monitor *monitor, struct error *err);

/* Take over a connection. Peers of other users, and those for whom there is no place, are closed at once. */
void peer_add(struct monitor *monitor, int fd);
size_t peers_count(const struct monitor *monitor);

/* Send the delivery's first @len bytes to all as a packet of @type; without waiting, except for the previous one. */
void deliver(struct monitor *monitor, enum packet_type type, size_t len);
void deliver_copy(struct monitor *monitor, enum packet_type type, const void *data, size_t len);

/* Wait until the current delivery has arrived, or whoever did not take it is gone. */
void delivery_finish(struct monitor *monitor);

/* Milliseconds until somebody has to be dropped, or -1; and drop them, if it is time. */
int delivery_timeout_ms(const struct monitor *monitor);
void delivery_expire(struct monitor *monitor);

/* Let peers go on whose input had no room. */
void peers_unpark(struct monitor *monitor);

/* Handle what peers have said by now. */
void peers_hear(struct monitor *monitor);
void peers_close(struct monitor *monitor);

/* All who are connected now, when all has been heard that they have managed to say; others may come. */
void peers_disconnect(struct monitor *monitor);

/* --- monitor-stop.c --- */

/* How somebody wants it to end. */
struct stop {
	bool asked;   /* by a person or the machine: whatever its restart policy says, it stays ended (M5) */
	bool by_stop; /* by somebody who stops or restarts it */
	char machine[96]; /* who sent us SIGTERM, in words */
};

/* Send it a signal that somebody asked for. */
void stop_signal(struct monitor *monitor, int sig);

/* As PACKET_STOP has it. */
void stop_ask(struct monitor *monitor, const struct packet_stop *wish);

/* It has become unhealthy, and plan.health says what is to be done. */
void stop_unhealthy(struct monitor *monitor);

/* Our own SIGTERM, which process @by has sent: the machine stops, and the container gets its stop signal. */
void stop_with_machine(struct monitor *monitor, pid_t by);

/* TIMER_STOP. */
void stop_kill(struct monitor *monitor);

/* --- monitor-images.c --- */

void image_plans_to_json(const struct monitor_plan *plan, struct json_object *object);
int image_plans_from_json(const struct json_node *root, struct monitor_plan *plan, struct error *err);

/* Detached mounts, for as long as the container is made. */
struct image_mounts {
	int *fds;
	size_t count;
};
void image_mounts_done(struct image_mounts *mounts);
#define _cleanup_image_mounts_ _cleanup_(image_mounts_done)

/* Open what plan.images says, and put it into the spec, where it is valid as long as @mounts is. */
int image_mounts_open(struct monitor *monitor, const int *user_namespace, struct image_mounts *mounts,
		      struct error *err);

/* --- monitor-join.c --- */

/* What is held of other containers while ours is made; -1: nothing. */
struct joined {
	int fds[NAMESPACE_COUNT];
	int memory; /* their /dev/shm, a detached mount */
};
#define JOINED_NONE ((struct joined){ .fds = { -1, -1, -1, -1, -1, -1, -1, -1 }, .memory = -1 })
static_assert(NAMESPACE_COUNT == 8, "JOINED_NONE has a -1 for each");
void joined_done(struct joined *joined);
#define _cleanup_joined_ _cleanup_(joined_done)

/* The fd of the user namespace whose ids are on disk, as *ret and @ret; NULL if they are those of ours. */
const int *user_namespace_of(const struct monitor *monitor, const struct joined *joined, int *ret);

/* Open what plan.joins says, and put it into the spec, where it is valid as long as @joined is. Errors: ERR_STATE. */
int join_containers(struct monitor *monitor, struct joined *joined, struct error *err);

/* --- monitor-restart.c --- */

struct restart {
	int pause_ms; /* the last one; 0: none yet */
	bool due;     /* it is over */
	bool forced;  /* whatever the policy says */
};

/* After a run whose end status has: whether there is to be another one. Counts it, if so. */
bool restart_decide(struct monitor *monitor);

/* The pause before it. Returns false if somebody has asked for the end meanwhile, or for no more runs. */
bool restart_wait(struct monitor *monitor);

/* TIMER_RESTART. */
void restart_now(struct monitor *monitor);

/* --- monitor-health.c --- */

struct health {
	struct health_record record;
	struct probe *probe; /* shared with the process that runs it; NULL: nothing was probed yet */
	pid_t pid;	     /* of that process; 0: none now */
	int64_t since_ns;    /* when the run began, of the monotonic clock */
	int64_t began_ns;    /* when the probe began */
	int64_t began_age_ns; /* ... and how old the run was */
};

/* A run begins and ends. */
void health_begin(struct monitor *monitor);
void health_end(struct monitor *monitor);

/* TIMER_HEALTH, TIMER_PROBE. */
void health_probe(struct monitor *monitor);
void health_overdue(struct monitor *monitor);

/* Whether this child was the probe's. */
bool health_reaped(struct monitor *monitor, pid_t pid);
void health_free(struct monitor *monitor);

/* --- monitor-recorder.c --- */

struct record_lines {
	int fd; /* -1: not made yet */
	unsigned count;
};

struct recorder {
	struct cgroup *cgroup; /* NULL: nothing is recorded */
	struct json_object *start; /* what start.json is going to be, until it is written */
	int ring, kernel_log;
	uint64_t samples;
	struct record_lines signals, oom_lines;
	struct cgroup_oom_watch oom;
	struct watch oom_watch;
	struct oom_counts before;
	struct cgroup_oom memory; /* as last read ... */
	bool oom_is_told;	  /* the journal knows of one */
	struct oom_kill killed;	  /* the last that the kernel's log has of it */
	uint64_t host_kills;	  /* for memory on this machine, not long ago */
	bool memory_is_lost;	  /* ... for systemd has removed the cgroup before we could look once more */
	int sent; /* the last signal that we sent, and why; and why SIGKILL */
	const char *sent_by, *kill_sent_by;
};

void recorder_init(struct monitor *monitor);

/* Before the program runs; and before the cgroup goes, which is also when the cause of death is found. */
void recorder_begin(struct monitor *monitor, const struct container *container);
void recorder_end(struct monitor *monitor, const struct error *failure, uint64_t oom_kills);

/* There is no such container after all. */
void recorder_forget(struct monitor *monitor);

/* Put on record what the counters were at the beginning: what nobody has to wait for, right after the start. */
void recorder_write_start(struct monitor *monitor);

/* A signal was sent. @why lives for ever. */
void recorder_signal(struct monitor *monitor, int sig, const char *why);

/* What only the cgroup knows of its memory: now, or as long as it was there. */
struct cgroup_oom recorder_read_memory(struct monitor *monitor);

/* TIMER_SAMPLE. */
void recorder_sample(struct monitor *monitor);

/* --- monitor-alarm.c: running against limits --- */

enum { ALARM_COUNTERS = 2, ALARM_PRESSURES = 3, ALARM_SAMPLES = 6 };

struct alarm_counter {
	struct watch watch; /* first: a watch is its counter */
	uint64_t told;	    /* up to here */
	int64_t told_ns;    /* when, of the monotonic clock */
};

struct alarm_pressure {
	struct watch watch; /* first: a watch is its trigger */
	int64_t told_ns;
};

struct alarm_periods {
	uint64_t all, throttled;
};

struct alarms {
	struct alarm_counter counters[ALARM_COUNTERS];
	struct alarm_pressure pressures[ALARM_PRESSURES]; /* as the plan has them */
	struct alarm_periods periods[ALARM_SAMPLES];	  /* of the last minute */
	size_t samples;
	bool throttled;
};

void alarms_init(struct monitor *monitor);

/*
 * While the recorder has the cgroup open: before the program runs, and before the cgroup goes. Errors: ERR_UNSUPPORTED, if
 * pressure cannot be watched and has to be.
 */
int alarms_begin(struct monitor *monitor, struct error *err);
void alarms_end(struct monitor *monitor);

/* Whenever the recorder takes a sample. */
struct recorder_sample;
void alarms_sample(struct monitor *monitor, const struct recorder_sample *sample);

/* --- monitor-event.c: what goes into the journal of events --- */

void event_started(struct monitor *monitor);
void event_restart_failed(struct monitor *monitor, const struct error *why);
void event_killed(struct monitor *monitor, int sig);
void event_died(struct monitor *monitor);
void event_stopped(struct monitor *monitor);
void event_exec_started(struct monitor *exec, const char *words);
void event_exec_detached(struct monitor *exec);
void event_exec_died(struct monitor *exec);
void event_oom(struct monitor *monitor);
void event_alarm(struct monitor *monitor, const char *action, char *const *attributes);
void event_health(struct monitor *monitor, const char *state);
/* --- monitor-exec.c --- */

/* Have a process of its own serve @connection, which has said EXEC; our copy of it stays open. */
void exec_begin(struct monitor *monitor, int connection);

/* --- monitor-notify.c --- */

/* Before the container is made, if plan.notify says so. */
int notify_open(struct monitor *monitor, struct error *err);

/* --- monitor-end.c --- */

/*
 * After the first process's end, or after @failure to get so far: clear away all of this run, record it, and tell the
 * peers. Returns whether there is to be another one; if not, it remains to monitor_finish().
 */
bool monitor_end(struct monitor *monitor, const struct error *failure);

/* Nobody has asked for another run after all. */
void monitor_cancel(struct monitor *monitor);

/* What is left to do when peers have been told: by an owner, or by the cleanup command. */
void monitor_finish(struct monitor *monitor);

/* --- monitor.c --- */

struct monitor *monitor_new(const struct monitor_options *options);

/* The compiled seccomp filters, or -1; the caller closes it. */
int monitor_open_cache(const struct monitor_plan *plan);

struct monitor {
	const struct monitor_options *options;
	struct monitor_plan plan;
	struct spec *spec; /* until the program runs */
	struct container *container;
	struct container_init init;
	struct monitor_status status;

	int epoll;
	int64_t timers[TIMER_COUNT]; /* when each is due, of the monotonic clock; 0: not set */
	struct watch signals;
	struct watch listener;
	struct watch notify;

	bool start_asked; /* PACKET_START has come, or is not waited for */
	bool owned;	  /* an owner knows of the end, and sees to the rest */
	struct stop stop;
	struct restart restart;
	struct health health;
	struct recorder recorder;
	struct alarms alarms;
	struct relaying relaying;
	int records; /* the directory of what is kept of it (plan.records_path) */
	bool ended; /* the first process; status says how */

	struct container_log *log;
	struct watch log_watch; /* for a driver that makes us wait */
	struct unlogged unlogged;
	struct stream streams[2];
	struct input input;
	const struct peer *input_once; /* who ends the input when it disconnects (plan.stdin_once) */

	char exec_id[ID_HEX_LENGTH + 1]; /* of a program of exec, for the journal */
	struct monitor *exec_of; /* of a program of exec: the container's; else NULL */
	bool ends_with_peers;	 /* ... which is killed when nobody is connected any more */

	struct peer peers[MONITOR_PEERS_MAX];
	struct delivery delivery;
	char packet[MONITOR_PACKET_MAX];
};
