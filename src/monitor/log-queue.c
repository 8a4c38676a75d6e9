/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/log-queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Entries lie one behind the other, each with its text behind it; their text pointers mean nothing. */
static size_t entry_size(const struct log_entry *entry)
{
	return sizeof *entry + entry->len;
}

void log_queue_init(struct log_queue *queue, size_t size)
{
	*queue = (struct log_queue){ .data = size > 0 ? mem_alloc(size) : NULL, .size = size };
}

void log_queue_done(struct log_queue *queue)
{
	free(queue->data);
	*queue = (struct log_queue){ 0 };
}

static void move_to_front(struct log_queue *queue)
{
	memmove(queue->data, queue->data + queue->start, queue->end - queue->start);
	queue->end -= queue->start;
	queue->start = 0;
}

bool log_queue_add(struct log_queue *queue, const struct log_entry *entry)
{
	size_t needed = entry_size(entry);
	if (queue->size - (queue->end - queue->start) < needed)
		return false;
	if (queue->size - queue->end < needed)
		move_to_front(queue);
	memcpy(queue->data + queue->end, entry, sizeof *entry);
	memcpy(queue->data + queue->end + sizeof *entry, entry->text, entry->len);
	queue->end += needed;
	return true;
}

bool log_queue_peek(const struct log_queue *queue, struct log_entry *ret)
{
	if (queue->start == queue->end)
		return false;
	memcpy(ret, queue->data + queue->start, sizeof *ret);
	ret->text = queue->data + queue->start + sizeof *ret;
	return true;
}

void log_queue_drop(struct log_queue *queue)
{
	struct log_entry entry;
	if (!log_queue_peek(queue, &entry))
		return;
	queue->start += entry_size(&entry);
	if (queue->start == queue->end)
		queue->start = queue->end = 0;
}
