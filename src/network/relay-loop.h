/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a relay: sockets that wait for something, and what happens then. */
#pragma once

#include <stdint.h>
#include <sys/socket.h>

#include "network/relay.h"

struct relay_loop;

/* Something that is waited for; the first member of what it belongs to. */
struct relay_source {
	int fd;
	uint32_t events; /* that it is registered with; 0: not at all, for the kernel always tells of hang-ups */
	void (*ready)(struct relay_loop *loop, struct relay_source *source, uint32_t events);
};

/* Wait for @events from now on. */
void relay_watch(struct relay_loop *loop, struct relay_source *source, uint32_t events);

/* Close it. What it belongs to is freed when nothing can speak of it any more. */
void relay_unwatch(struct relay_loop *loop, struct relay_source *source);
void relay_free_later(struct relay_loop *loop, void *object);

/* What waits for us is left waiting until something is closed: to be woken for it would not make it come in. */
void relay_wait_for_files(struct relay_loop *loop);

/* Milliseconds that only go forward. */
int64_t relay_now_ms(void);

/* What a rule's socket listens with, and leads to. */
struct relay_listener {
	struct relay_source source;
	struct sockaddr_storage target;
	socklen_t target_len;
	struct relay_session *sessions; /* udp: the last one used first */
	unsigned n_sessions;
};

void relay_tcp_ready(struct relay_loop *loop, struct relay_source *source, uint32_t events);
void relay_udp_ready(struct relay_loop *loop, struct relay_source *source, uint32_t events);

/* Forget those that have been silent for long. Returns whether one is left. */
bool relay_udp_sweep(struct relay_loop *loop, struct relay_listener *listener, int64_t now_ms);
