/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who reads an archive that somebody copies into a container: a process that has nothing but the archive and a pipe, on
 * which it says what is in it (entry-stream.h). See SANDBOX_PARSE in unpack-sandbox.h.
 */
#pragma once

#include <sys/types.h>

#include "base/error.h"

struct copy_parser {
	pid_t pid; /* 0 once it is collected */
	int fd;	   /* the pipe */
};
#define COPY_PARSER_NONE \
	{                \
		.fd = -1 \
	}

/*
 * Start it on @archive, a file or a pipe, plain or compressed, which stays the caller's. To be called without threads. The
 * archive is read to its end, also behind that of its entries, so that whoever writes it can end, and checksums count.
 */
int copy_parser_start(struct copy_parser *parser, int archive, struct error *err);

/* The pipe has ended before its end: why. */
int copy_parser_explain(struct copy_parser *parser, struct error *err);

/* At any time. */
void copy_parser_done(struct copy_parser *parser);
#define _cleanup_copy_parser_ _cleanup_(copy_parser_done)
