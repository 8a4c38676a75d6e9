/* SPDX-License-Identifier: Apache-2.0 */
/* Running coffer-transfer, which speaks with registries and reads archives (image/transfer-protocol.h). */
#pragma once

#include <json-c/json.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "engine/engine.h"

/* What a load brought. */
struct transfer_image {
	char *manifest, *config;
	char *index;  /* or NULL */
	char **names; /* in full */
};

struct transfer_result {
	char *manifest, *config, *digest; /* all of them, if images came; else NULL */
	char *index;			  /* or NULL */
	uint64_t size;			  /* bytes */
	char *user, *stored;		  /* of a login; or NULL */
	bool plain, removed;		  /* of a login, a logout */
	char **tags;			  /* of a repository */
	struct json_object *found;	  /* an array of what was found, as in the events; or NULL */
	struct transfer_image *images;	  /* of a load */
	size_t n_images;
};
void transfer_result_done(struct transfer_result *result);
#define _cleanup_transfer_result_ _cleanup_(transfer_result_done)

/*
 * Run one request to its end. @fd, if it is not -1, becomes the helper's TRANSFER_ARCHIVE_FD. @progress may be NULL.
 * Errors: the helper's; ERR_INTERNAL if it dies or talks nonsense.
 */
int transfer_run(struct engine *engine, struct json_object *request, int fd, const struct transfer_progress *progress,
		 struct transfer_result *ret, struct error *err);

/* The same with several, from TRANSFER_ARCHIVE_FD up. */
int transfer_run_with(struct engine *engine, struct json_object *request, const int *fds, size_t n_fds,
		      const struct transfer_progress *progress, struct transfer_result *ret, struct error *err);
