/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container's monitor and the commands around it say to each other.
 *
 * A container that runs, or is about to, has a directory RUNROOT/containers/ID (mode 0700):
 *
 *	config.json    the OCI spec that it runs with
 *	monitor.json   what the monitor must know beside it (struct monitor_plan)
 *	lock           flock()ed by the monitor until the end is recorded; at first by the command that starts it, whose
 *	               open file the monitor inherits, so that there is no moment without a holder. Unlocked = all dead.
 *	status.json    written by the monitor: who runs, and in the end how it ended (struct monitor_status)
 *	attach         the unix socket (SOCK_SEQPACKET) on which the monitor listens
 *	log            the monitor's own log
 *	notify/        has the socket on which the container says that it is ready (monitor_plan.notify)
 *
 * A connection, also the one that the starting command makes as a socket pair and passes as fd 3, carries packets of one
 * type byte and a payload. Every peer's user id is checked; a packet that makes no sense ends the connection.
 *
 * Invariants:
 *  M1  status.json says "exited" only after every process of the container is gone, its cgroup and mounts with it.
 *  M2  Output that the container wrote before its end is delivered to the log and to attached peers before PACKET_EXIT.
 *  M3  A peer that does not read cannot stop the container for longer than MONITOR_PEER_STALL_MS; it is dropped then. The
 *      owner's pace is the container's, as with a pipe: `coffer run ... | less` loses nothing.
 *  M4  While status.json says "restarting", nothing of the container exists but what it wrote, and the lock is held.
 *  M5  What somebody has asked to end is not started again, however it ends.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/fd.h"
#include "monitor/container-log.h"
#include "monitor/death.h"
#include "monitor/health.h"
#include "runtime/container.h"

#define MONITOR_PROGRAM "coffer-monitor"
#define MONITOR_TRACE "--trace"	       /* behind its other arguments: the memory of a timeline is behind the sockets */
#define HOLDER_PROGRAM "coffer-holder" /* the same file by another name: engine/rootless.h */
#define MONITOR_NETNS_NUMBER 5 /* as a macro, for it stands in paths */
#define MONITOR_USERNS_NUMBER 6
#define MONITOR_SOCKET "attach" /* in the run directory */
#define MONITOR_NOTIFY_DIR "notify"
#define MONITOR_NOTIFY_SOCKET "notify.sock"
#define MONITOR_SHARED_MEMORY "coffer:shm" /* source of a bind mount: the /dev/shm of the container with the IPC namespace */

enum {
	MONITOR_PACKET_MAX = 64 * 1024, /* bytes, with the type */
	MONITOR_PEER_STALL_MS = 10 * 1000,
	MONITOR_CONTROL_FD = 3, /* the starter's connection, in the monitor */
	MONITOR_LOCK_FD = 4,
	MONITOR_NETNS_FD = MONITOR_NETNS_NUMBER, /* the container's network namespace, if it does not make one itself */
	MONITOR_USERNS_FD = MONITOR_USERNS_NUMBER, /* its user namespace, if that is not ours */
	MONITOR_RELAY_FD,			   /* the first of the sockets that plan.relay speaks of */
	MONITOR_RELAY_MAX = FD_PASS_MAX - (MONITOR_RELAY_FD - MONITOR_CONTROL_FD),
};

enum packet_type {
	/* to the monitor */
	PACKET_PLAN = 'P',   /* no payload, and the starter's first: config.json and monitor.json are there */
	PACKET_START = 'S',  /* create only: run the program now */
	PACKET_STDIN = 'i',  /* bytes for standard input; empty: end of file */
	PACKET_RESIZE = 'w', /* struct packet_size: the terminal's window */
	PACKET_SIGNAL =
		'k', /* int32_t: send to the container's first process; the last one (M5) counts between runs, too */
	PACKET_STOP = 'T', /* struct packet_stop: let it end, and stay so */
	PACKET_POLICY =
		'p', /* struct packet_policy: the restart policy from now on; the connection ends when it is taken */
	PACKET_DEAF = 'd',    /* no payload: close the sockets of plan.relay; the connection ends when that is done */
	PACKET_OWNER = 'o',   /* no payload: "I collect the result and clean up"; see monitor_plan.cleanup */
	PACKET_MUTE = 'm',    /* no payload: "no output for me"; who waits for the end need not read along */
	PACKET_EXEC = 'x',    /* no payload, and the first of its connection: run another program, see below */
	PACKET_REQUEST = 'q', /* after EXEC: a part of the request's JSON text; empty: that was all of it */
	PACKET_LEAVE = 'l',   /* after EXEC: no payload: "I go, and the program stays" */
	/* from the monitor */
	PACKET_CREATED = 'C', /* struct packet_created */
	PACKET_STARTED = 'R', /* no payload: the program was executed */
	PACKET_STDOUT = '1',  /* bytes; a terminal's output comes as this, too */
	PACKET_STDERR = '2',
	PACKET_ERROR = 'E', /* JSON text of json_from_error(): create or start failed; the monitor has cleaned up */
	PACKET_EXIT = 'X',  /* JSON text of status.json, "exited" or "restarting"; the last packet */
};

struct packet_size {
	uint16_t rows, columns;
};

/* What somebody was doing when they asked for the end. */
enum stop_reason { STOP_BY_STOP, STOP_BY_RESTART, STOP_BY_SHUTDOWN, STOP_BY_REMOVE, STOP_REASON_COUNT };

/*
 * Send @signal (0: the container's stop signal), and SIGKILL if it has not ended @timeout_ms later (-1: never). Of several
 * requests each sends its signal, and the earliest SIGKILL counts. Whoever asks gets PACKET_EXIT, as every peer does.
 */
struct packet_stop {
	int32_t signal;
	int32_t timeout_ms;
	int32_t reason; /* enum stop_reason */
};

struct packet_policy {
	int32_t restart; /* enum restart_policy */
	int32_t restart_max;
};

struct packet_created {
	int32_t pid;
	uint64_t start_time; /* of process_start_time() */
};

/*
 * A connection that begins with EXEC is given to a process that runs another program in the container (monitor-exec.c).
 * It asks, in REQUESTs, with an object of these members:
 *
 *	process    as in config.json
 *	openStdin  whether the program has a standard input to read from
 *	detach     nobody waits for it: STARTED or ERROR is the last packet
 *
 * and is answered by ERROR, or STARTED and from then on as every peer is, but of this program. When the connection ends,
 * the program is killed, unless LEAVE was said.
 */

/* A connection to the monitor whose run directory @dir is. Returns the socket, or -errno. */
int monitor_connect(int dir);

/* Send one packet of at most MONITOR_PACKET_MAX - 1 bytes. Returns 0 or -errno. */
int packet_send(int sock, enum packet_type type, const void *payload, size_t len);

/*
 * Receive one packet into @buf (of MONITOR_PACKET_MAX bytes). Returns 1 with type, payload pointer (into @buf) and length;
 * 0 at the end of the connection; -errno, which is -EPROTO for an unknown type or a length that the type cannot have.
 * Files that a peer sends along are closed. Which types make sense from this peer is the caller's to know.
 */
int packet_receive(int sock, void *buf, enum packet_type *ret_type, const void **ret_payload, size_t *ret_len);

/* The error that a PACKET_ERROR carries. Returns its negative code. */
int packet_error(const void *payload, size_t len, struct error *err);

/* The type of the packet that is to be received next, without waiting: 1; 0 at the end; -errno (-EAGAIN: none yet). */
int packet_peek(int sock, enum packet_type *ret_type);

/* --- monitor.json --- */

/* When to start it again. In the order of Docker's words: no, on-failure, always, unless-stopped. */
enum restart_policy { RESTART_NO, RESTART_ON_FAILURE, RESTART_ALWAYS, RESTART_UNLESS_STOPPED };

/* An image's files, to be mounted read-only where config.json has a bind mount. */
struct image_plan {
	char *destination;
	char **lower;  /* topmost first */
	char *subpath; /* only what is there in it, or NULL */
};
void image_plans_free(struct image_plan *plans, size_t count);

struct monitor_plan {
	char *id, *name;
	char *runtime_root; /* where the runtime keeps its state of this container */
	char *cache_dir;    /* compiled seccomp filters */
	char **joins;	    /* "ipc=ID", ...: namespaces of other containers below the same RUNROOT */
	char *pid_file;	    /* is told the first process of every run; or NULL */
	char **lower;	    /* the overlay's lower directories, topmost first; NULL: root.path of config.json is used */
	char *upper, *work; /* NULL: read-only view of lower; without lower, upper is root.path of config.json */
	struct image_plan *images;
	size_t n_images;
	bool map_ids;	    /* what is on disk has ids of the container's user namespace */
	bool fuse;	    /* the layers are stacked by fuse-overlayfs, not by the kernel */
	bool ephemeral;	    /* upper is removed at the end: nothing of it has to reach the disk */
	bool open_stdin;    /* keep standard input open for peers; else it is /dev/null */
	bool stdin_once;    /* it ends with the first peer that wrote to it */
	bool notify;	    /* its program says itself when it is ready */
	struct log_plan log; /* what becomes of its output */
	char **cleanup; /* argv run when the container has ended and no PACKET_OWNER peer is connected; NULL: none */
	int stop_signal;
	char *events_path;	 /* the directory of the journal (monitor/journal.h), or NULL */
	char **event_attributes; /* "key=value" of every event */
	char *records_path; /* the directory of what is kept of the container beyond its end; NULL: the run directory */
	struct health_plan health;
	enum cgroup_manager cgroup_manager;
	char **relay;	 /* rules of network/relay.h, for sockets that listen: whoever comes is relayed there */
	char **pressure; /* "RESOURCE TRIGGER", as accounting/psi.rst has triggers; ALARM_PRESSURES at most */
	enum restart_policy restart;
	int restart_max; /* of RESTART_ON_FAILURE; 0: no limit */
};

int monitor_plan_write(const struct monitor_plan *plan, int dir, struct error *err);
int monitor_plan_read(int dir, struct monitor_plan *ret, struct error *err);
void monitor_plan_done(struct monitor_plan *plan);

/* --- status.json --- */

enum monitor_state {
	MONITOR_STATE_CREATED,
	MONITOR_STATE_RUNNING,
	MONITOR_STATE_EXITED,
	MONITOR_STATE_RESTARTING, /* it has ended, and will be started again */
};

struct monitor_status {
	enum monitor_state state;
	pid_t pid;			   /* of the container's first process, on the host; 0 before */
	uint64_t start_time;		   /* which makes the pid unambiguous */
	int64_t started_at, finished_at;   /* ns since the epoch, 0: not yet */
	int exit_code;			   /* 0-255; 128+n for signal n */
	int signal;			   /* that killed it, or 0 */
	bool oom_killed;		   /* the kernel killed something in the container for memory */
	int64_t memory_limit, memory_peak; /* bytes, -1: not known */
	int restart_count;
	struct death death;   /* why it has ended, as far as that is known */
	uint64_t log_dropped; /* entries that the log has lost */
	bool stopped_by_hand; /* somebody asked for the end: `unless-stopped` keeps it down after a boot */
	bool to_run_again;    /* who asked for the end starts it again at once */
	struct error error;		   /* why create or start failed; code 0: they did not */
};

int monitor_status_write(const struct monitor_status *status, int dir, struct error *err);
int monitor_status_read(int dir, struct monitor_status *ret, struct error *err);

/* JSON text <-> status, for PACKET_EXIT. free() the text. */
char *monitor_status_text(const struct monitor_status *status);
int monitor_status_parse(const char *text, size_t len, struct monitor_status *ret, struct error *err);

/* What the event "die" says of the end, beside whose it was: "exitCode=3", ... strv_free() it. */
char **monitor_status_attributes(const struct monitor_status *status);
