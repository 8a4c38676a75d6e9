/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's log in the journal of systemd, by journalctl(1): its format is stable, and the library that knows the files
 * costs every start of ours more than the program costs who reads a log.
 *
 *	journald_reader_open()    1. starts it
 *	journald_reader_next()    2. entry after entry; 0: none now, so wait for journald_reader_fd(), or at the end if that is -1
 *	journald_reader_finish()  3. of one that follows: the container has ended; then 2. again, for what is left
 *	journald_reader_close()   4.
 *
 * What the container wrote before its end is in the journal before it is read for the last time: journald is asked to
 * write what it has (--sync), and the reading goes on behind the last entry that was seen.
 */
#pragma once

#include "base/error.h"
#include "engine/engine.h"
#include "monitor/log-record.h"

struct journald_reader;

/*
 * Of container @id, as @request says; with @follow what comes, too. Errors: ERR_UNSUPPORTED, if there is no journalctl.
 */
int journald_reader_open(const char *id, const struct log_request *request, bool follow, struct journald_reader **ret,
			 struct error *err);
void journald_reader_close(struct journald_reader *reader);

/* 1 with an entry, which is valid until the next call; 0: see above. */
int journald_reader_next(struct journald_reader *reader, struct log_record *ret, struct error *err);

/* Whether the next entry is there already. */
bool journald_reader_has_entry(const struct journald_reader *reader);
int journald_reader_fd(const struct journald_reader *reader);
int journald_reader_finish(struct journald_reader *reader, struct error *err);
