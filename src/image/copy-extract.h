/* SPDX-License-Identifier: Apache-2.0 */
/* A tar archive as a source of files (image/copy.h), into a directory. */
#pragma once

#include "image/copy.h"
#include "image/transfer.h"

struct extract_options {
	int fd;	    /* the archive, plain or compressed: a file or a pipe; the caller's */
	int root;   /* links in the archive and on the way end in it; the caller's */
	struct id_maps
		maps; /* of ids of the archive, which are a container's, to those of the files; empty: they are the same */
	char *path; /* of the directory in it to which everything goes */
};

/*
 * Owners are the archive's. Names that lead out of the directory are refused; nothing outside of the root is reached,
 * whatever the archive says and whoever has the root in hand. Errors: ERR_IMG_LAYER for an archive that is malformed.
 */
int copy_extract(const struct transfer *transfer, const struct extract_options *options, uint64_t *ret_size,
		 struct error *err);
