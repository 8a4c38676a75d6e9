/* SPDX-License-Identifier: Apache-2.0 */
/* Entries that wait in a buffer of a fixed size, first in, first out. */
#pragma once

#include "monitor/log-driver.h"

struct log_queue {
	char *data;
	size_t size, start, end;
};

void log_queue_init(struct log_queue *queue, size_t size);
void log_queue_done(struct log_queue *queue);

/* Returns whether there was room for a copy. */
bool log_queue_add(struct log_queue *queue, const struct log_entry *entry);

/* The first entry, which lives in the queue; false if there is none. */
bool log_queue_peek(const struct log_queue *queue, struct log_entry *ret);
void log_queue_drop(struct log_queue *queue);
