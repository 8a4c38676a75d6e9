/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A blob to a registry: not at all if it is there, by mounting it from another repository, or by its bytes. A small one
 * goes in one request. A large one is streamed; what broke off goes on from where the registry says that it is, and a
 * registry that finds the body too large gets it in pieces.
 *
 * Source: OCI distribution-spec, "Pushing blobs"; Docker's HTTP API V2, "Resumable Push".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "image/registry.h"

enum upload_result { UPLOAD_SENT, UPLOAD_EXISTS, UPLOAD_MOUNTED };

/* In the caller's memory, until `ended` is called or the registry is freed. */
struct registry_upload {
	const char *digest;
	uint64_t size;
	int fd;		  /* of the blob's file */
	const char *from; /* a repository of the same registry that may have it, or NULL */
	void (*sent)(void *context, uint64_t bytes);
	void (*ended)(void *context, enum upload_result result, const struct http_answer *answer,
		      const struct error *failure);
	void *context; /* of both */

	struct registry *registry; /* the rest is for ourselves */
	char *location;		   /* where the next part goes */
	uint64_t offset;	   /* bytes that the registry has, ... */
	uint64_t best;		   /* ... and the most that it ever had */
	uint64_t piece;		   /* the most that a request may hold */
	uint64_t part;		   /* what the last one held */
	unsigned tries;		   /* without progress */
};

void registry_upload(struct registry *registry, struct registry_upload *upload);
void registry_upload_done(struct registry_upload *upload);
